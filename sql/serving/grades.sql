-- Grades of the lists of earlier nights: of one task, list, metric and cut, or (null) of all, newest night first.
select *
from meta.grades
where
    ($task is null or task = $task)
    and ($algorithm is null or algorithm = $algorithm)
    and ($metric is null or metric = $metric)
    and ($k is null or k = $k)
order by night desc, task, users, algorithm, k, metric
limit $limit
