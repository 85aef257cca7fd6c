-- config: {tags: [leakage]}
-- A count over the last days is null while the log is shorter than these days: less than all of them is no count.
-- remedy: The log is shorter than the days that the column counts over, so a small count says nothing. Look at the
-- column's SQL in sql/features/: it must give null until the log is long enough, as the columns beside it do. Mend it
-- and build the night again.
select model.*, log.length_days
from {model} as model
cross join this.log as log
where {too_early}
