-- How often rows such as those of one item in one user's lists were taken within the horizon, in the nights graded so far.
select lists.task, confidence.confidence
from recommendations.lists as lists
inner join clean.users as users on users.user_key = lists.user_key
inner join clean.items as items on items.item_key = lists.item_key
inner join recommendations.confidence as confidence
    on
        confidence.task = lists.task
        and confidence.configuration = lists.configuration
        and confidence.rank = lists.rank
        and confidence.score_tenth = ceil(lists.score * 10)::integer
where users.user_id = $user_id and items.item_id = $item_id
order by lists.task
