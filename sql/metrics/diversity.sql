-- Intra-list diversity: share of the pairs of a list's items that lie in different categories, mean over lists (Smyth and
-- McClave, ICCBR 2001; Ziegler et al., WWW 2005). Without items that have no category, and lists of fewer than two.
with categories as (
    select task, algorithm, user_key, category, count(*) as n_items
    from made.listed
    where category is not null
    group by task, algorithm, user_key, category
),

lists as (
    select
        task,
        algorithm,
        user_key,
        sum(n_items::bigint) as n_items,
        sum((n_items * (n_items - 1))::bigint) as n_alike
    from categories
    group by task, algorithm, user_key
)

select task, algorithm, 10 as k, exact_avg(1 - n_alike / (n_items * (n_items - 1))) as value
from lists
where n_items > 1
group by task, algorithm
order by task, algorithm, k
