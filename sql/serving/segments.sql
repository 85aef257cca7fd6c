-- The newest grades of one task by groups of users: of one segment, or (null) of all.
select graded_night, segment, value, algorithm, k, metric, mean, low, high, n_users
from meta.segments
where task = $task and ($segment is null or segment = $segment)
order by segment, value, metric, algorithm
