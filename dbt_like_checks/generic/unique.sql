-- No value stands in two rows; nulls are left to not_null.
-- remedy: The failing rows name values that stand twice. Look for a join that doubles rows in the SQL that makes the
-- table, or for a delivery that gives one id to two things. Mend the SQL or the delivery, and build the night again.
select
    {column_name},
    count(*) as n_rows
from {model}
where {column_name} is not null
group by {column_name}
having count(*) > 1
