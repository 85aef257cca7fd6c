-- Which algorithms proposed an item to a user, and how much each counts in the fusion.
select
    lists.task,
    lists.algorithm,
    lists.rank,
    lists.score,
    fusion.weight
from candidates.lists as lists
inner join clean.users as users on users.user_key = lists.user_key
inner join clean.items as items on items.item_key = lists.item_key
inner join recommendations.fusion_weights as fusion
    on fusion.task = lists.task and fusion.algorithm = lists.algorithm
where users.user_id = $user_id and items.item_id = $item_id
order by lists.task, lists.algorithm
