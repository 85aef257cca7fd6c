-- What the scores of one item in one user's lists of a night are made of, where the user is of the night's sample.
select
    contributions.task,
    contributions.explains,
    contributions.base,
    contributions.parts
from recommendations.contributions as contributions
inner join clean.users as users on users.user_key = contributions.user_key
inner join clean.items as items on items.item_key = contributions.item_key
where users.user_id = $user_id and items.item_id = $item_id
order by contributions.task, contributions.explains
