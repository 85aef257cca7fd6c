-- No two rows have the same values in all of the columns.
select
    {combination_of_columns},
    count(*) as n_rows
from {model}
group by {combination_of_columns}
having count(*) > 1
