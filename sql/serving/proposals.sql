-- What stands behind each place of a user's list of one task: the raw score, and who proposed the item at which rank.
select rank, raw_score, configuration, algorithms
from serving.recommendations
where user_id = $user_id and task = $task
order by rank
