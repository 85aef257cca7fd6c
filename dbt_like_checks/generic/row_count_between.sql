-- The table has as many rows as expected; the failing row shows how many it has.
select count(*) as n_rows
from {model}
having count(*) < $min_value or count(*) > $max_value
