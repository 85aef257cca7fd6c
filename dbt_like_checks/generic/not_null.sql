-- The column has a value in every row.
-- remedy: Look at the failing rows and at the SQL that makes the column: a join that finds nothing, or a cast that
-- fails, leaves a null. Mend the SQL; if values are missing in the delivery, reject such rows in the source's SELECT.
-- Then build the night again.
select *
from {model}
where {column_name} is null
