-- Where one item stands in one user's lists of a night, and why.
select
    lists.task,
    lists.rank,
    lists.score,
    lists.raw_score,
    lists.configuration,
    lists.reason_text,
    coalesce(items.title, items.item_id) as title
from recommendations.lists as lists
inner join clean.users as users on users.user_key = lists.user_key
inner join clean.items as items on items.item_key = lists.item_key
where users.user_id = $user_id and items.item_id = $item_id
order by lists.task
