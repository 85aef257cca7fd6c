-- No two rows have the same values in all of the columns.
-- remedy: The failing rows name what stands twice. Look for a join that doubles rows in the SQL, or the step, that
-- makes the table. Mend it and build the night again.
select
    {combination_of_columns},
    count(*) as n_rows
from {model}
group by {combination_of_columns}
having count(*) > 1
