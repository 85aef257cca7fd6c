-- Calibration: divergence of a list's categories from the user's own, mean over lists (Steck, RecSys 2018): the sum over
-- categories of p * ln(p / (0.99 q + 0.01 p)), p the category's part of the user's decayed weight, q of the list's items.
-- 0: in the same proportions; 4.6 at most. Without items that have no category, and users without a profile.
with shares as (
    select user_key, category, share_of_user / sum(share_of_user::decimal(38, 12)) over (partition by user_key) as p
    from graded.features.user_category
    where share_of_user > 0
),

counts as (
    select task, algorithm, user_key, category, count(*) as n_items
    from made.listed
    where category is not null
    group by task, algorithm, user_key, category
),

listed as (
    select
        *,
        n_items / sum(n_items::bigint) over (partition by task, algorithm, user_key) as q
    from counts
),

-- A category that is not listed adds p * ln(1 / 0.01).
lists as (
    select
        listed.task,
        listed.algorithm,
        listed.user_key,
        coalesce(exact_sum(shares.p * ln(shares.p / (0.99 * listed.q + 0.01 * shares.p))), 0)
        + (1 - coalesce(exact_sum(shares.p), 0)) * ln(100) as divergence
    from listed
    left join shares on shares.user_key = listed.user_key and shares.category = listed.category
    group by listed.task, listed.algorithm, listed.user_key
)

select lists.task, lists.algorithm, 10 as k, exact_avg(greatest(lists.divergence, 0)) as value
from lists
semi join shares on shares.user_key = lists.user_key
group by lists.task, lists.algorithm
order by lists.task, lists.algorithm, k
