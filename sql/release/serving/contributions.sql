-- What the scores of published rows are made of, for users of a sample: as many as the profile says (release.contributions), by the
-- hash of their id, the same ones every night.
-- explains: what parts add up to, with the base. raw_score: the row's own, where it is a sum. lambdamart, binary: the sum of
-- the trees of that kind, where they order the list; of binary it is the logarithm of the odds.
select
    contributions.task,
    users.user_id,
    contributions.rank,
    items.item_id,
    contributions.explains,
    contributions.base,
    contributions.parts
from recommendations.contributions as contributions
inner join clean.users as users on users.user_key = contributions.user_key
inner join clean.items as items on items.item_key = contributions.item_key
order by contributions.task, users.user_id, contributions.rank, contributions.explains
