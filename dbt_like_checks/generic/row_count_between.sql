-- The table has as many rows as expected; the failing row shows how many it has.
-- remedy: Too few rows: look for files that did not land, were rejected or are not yet visible to the night. Too many:
-- look for a join that doubles rows. Land what is missing or mend the SQL, then build the night again.
select count(*) as n_rows
from {model}
having count(*) < $min_value or count(*) > $max_value
