-- Figures of each list beside accuracy, at 10 places, a row a list. diversity: share of the pairs of its items that lie in
-- different categories, null with fewer than two that have one (see sql/metrics/diversity.sql). revenue: what the user paid
-- since for its items (see sql/metrics/revenue.sql), null where no event has a value. items: the first 10 in order.
with categories as (
    select without, task, user_key, category, count(*) as n_items
    from made.policy_lists
    where rank <= 10 and category is not null
    group by without, task, user_key, category
),

pairs as (
    select
        without,
        task,
        user_key,
        sum(n_items::bigint) as n_items,
        sum((n_items * (n_items - 1))::bigint) as n_alike
    from categories
    group by without, task, user_key
),

sold as (
    select count(*) as n
    from made.policy_lists
    where value is not null
),

lists as (
    select without, task, user_key, coalesce(exact_sum(value), 0) as paid, list(item_key order by rank) as items
    from made.policy_lists
    where rank <= 10
    group by without, task, user_key
)

select
    lists.without,
    lists.task,
    lists.user_key,
    case when pairs.n_items > 1 then 1 - pairs.n_alike / (pairs.n_items * (pairs.n_items - 1)) end as diversity,
    case when sold.n > 0 then lists.paid end as revenue,
    lists.items is distinct from published.items as is_changed
from lists
cross join sold
left join pairs
    on pairs.without = lists.without and pairs.task = lists.task and pairs.user_key = lists.user_key
left join lists as published
    on published.without = '' and published.task = lists.task and published.user_key = lists.user_key
