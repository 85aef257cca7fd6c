-- How good the lists of users whom the graded night did not know turned out to be: of one task, newest night first.
select night, graded_night, metric, k, mean, low, high, n_users, cold_user_share, cold_item_share, status
from meta.grades
where task = $task and users = 'unknown' and algorithm = 'published'
order by night desc, metric, k
