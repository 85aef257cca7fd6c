-- Each algorithm's list of one task, of users by chance: those of whom the hash of the id is least.
with chosen as (
    select distinct user_id
    from serving.algorithm_lists
    where task = $task
    order by hash(user_id), user_id
    limit $most::integer
)

select lists.user_id, lists.algorithm, lists.items
from serving.algorithm_lists as lists
semi join chosen on chosen.user_id = lists.user_id
where lists.task = $task
order by lists.user_id, lists.algorithm
