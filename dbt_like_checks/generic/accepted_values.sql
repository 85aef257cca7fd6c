-- The column holds nothing but the accepted values; nulls are left to not_null.
select
    {column_name},
    count(*) as n_rows
from {model}
where {column_name} is not null and not list_contains($values, {column_name})
group by {column_name}
