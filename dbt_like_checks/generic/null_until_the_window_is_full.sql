-- config: {tags: [leakage]}
-- A count over the last days is null while the log is shorter than these days: less than all of them is no count.
select model.*, log.length_days
from {model} as model
cross join (select max(age_days) as length_days from clean.interactions where weight > 0) as log
where {too_early}
