-- config: {tags: [leakage]}
-- Every instant lies before the cutoff of the night that first sees the row, and not before 1990; a null fails too.
select *
from {model}
where coalesce({column_name} >= {cutoff} or {column_name} < timestamp '1990-01-01', true)
