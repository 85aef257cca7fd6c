-- No value stands in two rows; nulls are left to not_null.
select
    {column_name},
    count(*) as n_rows
from {model}
where {column_name} is not null
group by {column_name}
having count(*) > 1
