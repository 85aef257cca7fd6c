-- What each user takes by category: one row per user and category; items without a category are left out.
-- n_new_items: items had for the first time in the last 28 days. newest_age_days: days since the user last took one that
-- was new to them.
-- share_of_user: the category's part of all the user's decayed weight, items without a category included.
with categories as (
    select
        pairs.user_key,
        items.category,
        sum(pairs.n_events::integer)::integer as n_events,
        count(*)::integer as n_items,
        count(*) filter (where pairs.first_age_days <= 28)::integer as n_new_items,
        min(pairs.recency_days) as recency_days,
        min(pairs.first_age_days) as newest_age_days,
        exact_sum(pairs.decayed_weight) as decayed_weight
    from features.user_item as pairs
    inner join clean.items as items on items.item_key = pairs.item_key
    where items.category is not null
    group by pairs.user_key, items.category
)

select
    categories.user_key,
    categories.category,
    categories.n_events,
    categories.n_items,
    categories.n_new_items,
    categories.recency_days,
    categories.newest_age_days,
    categories.decayed_weight / nullif(users.decayed_weight, 0) as share_of_user
from categories
inner join features.user as users on users.user_key = categories.user_key
order by categories.user_key, categories.category
