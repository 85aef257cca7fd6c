-- config: {tags: [leakage]}
-- Every instant lies before the cutoff of the night that first sees the row, and not before 1990; a null fails too.
-- remedy: Look at the times of the failing rows as they were delivered: a wrong time zone, unit or day-month order in
-- the source's SQL is usual. Mend that SELECT, land the files again (`recsys land --restate` where nights are sealed),
-- and build the night again.
select *
from {model}
where coalesce({column_name} >= {cutoff} or {column_name} < timestamp '1990-01-01', true)
