-- The share of the items known on the newest graded night that the first ten places of any published list showed; the
-- greater one of the tasks first.
select task, graded_night, mean
from meta.grades
where
    metric = 'coverage' and algorithm = 'published' and k = 10
    and night = (select max(night) from meta.grades)
order by mean desc, task
