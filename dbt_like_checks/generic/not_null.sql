-- The column has a value in every row.
select *
from {model}
where {column_name} is null
