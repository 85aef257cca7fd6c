-- The column holds nothing but the accepted values; nulls are left to not_null.
-- remedy: The failing rows name the values that nobody expected. Look for them in the delivery and in the SQL that
-- makes the column: mend the SQL, or add them to `values` of the check if they are meant. Then build the night again.
select
    {column_name},
    count(*) as n_rows
from {model}
where {column_name} is not null and not list_contains($values, {column_name})
group by {column_name}
