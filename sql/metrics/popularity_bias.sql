-- Popularity bias: how much more popular the listed items are than those the users take, by the mean number of users who
-- had taken the item: lists over profiles, less 1 (delta GAP: Abdollahpouri et al., RMSE at RecSys 2019). 0: as popular.
-- Each user's own mean counts once; users without a profile are left out.
with profiles as (
    select pairs.user_key, sum(items.n_buyers::bigint) / count(*) as popularity
    from graded.features.user_item as pairs
    inner join graded.features.item as items on items.item_key = pairs.item_key
    group by pairs.user_key
),

lists as (
    select task, algorithm, user_key, sum(n_buyers::bigint) / count(*) as popularity
    from made.listed
    group by task, algorithm, user_key
)

select
    lists.task,
    lists.algorithm,
    10 as k,
    exact_avg(lists.popularity) / exact_avg(profiles.popularity) - 1 as value
from lists
inner join profiles on profiles.user_key = lists.user_key
group by lists.task, lists.algorithm
order by lists.task, lists.algorithm, k
