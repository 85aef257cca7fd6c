-- What each algorithm would have shown a user by itself: of one task.
select algorithm, items, scores
from serving.algorithm_lists
where user_id = $user_id and task = $task
order by algorithm
