-- One metric of one task and cut over nights, of every list. Of known users.
select algorithm as line, night, graded_night, algorithm, mean, low, high, n_users, status
from meta.grades
where task = $task and metric = $metric and k = $k::integer and users is distinct from 'unknown'
order by algorithm, night
