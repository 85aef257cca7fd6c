-- How an item stands among what a user takes of its subcategory: one row per user and item with a subcategory.
-- family_days, family_days_28d: days with anything of the subcategory. family_gap_days: median days between them;
-- family_due: days since the last over it. share_of_days: of those days, the ones with this item; share_of_days_91d: of
-- the last 91 days. lag_days: how much longer ago the item is than the subcategory.
with takes as (
    select
        events.user_key, events.item_key, items.subcategory, events.event_ts::date as day,
        min(events.age_days) as age_days
    from clean.interactions as events
    inner join clean.items as items on items.item_key = events.item_key
    where events.weight > 0 and items.subcategory is not null
    group by events.user_key, events.item_key, items.subcategory, day
),

days as (
    select user_key, subcategory, day, min(age_days) as age_days
    from takes
    group by user_key, subcategory, day
),

gaps as (
    select
        user_key, subcategory, age_days,
        day - lag(day) over (partition by user_key, subcategory order by day) as gap_days
    from days
),

families as (
    select
        user_key,
        subcategory,
        count(*) as n_days,
        count(*) filter (where age_days <= 28) as n_days_28d,
        count(*) filter (where age_days <= 91) as n_days_91d,
        min(age_days) as recency_days,
        median(gap_days) as gap_days
    from gaps
    group by user_key, subcategory
),

pairs as (
    select
        user_key,
        subcategory,
        item_key,
        count(*) as n_days,
        count(*) filter (where age_days <= 91) as n_days_91d,
        min(age_days) as recency_days
    from takes
    group by user_key, subcategory, item_key
)

select
    pairs.user_key,
    pairs.item_key,
    families.n_days as family_days,
    families.n_days_28d as family_days_28d,
    families.gap_days as family_gap_days,
    families.recency_days / families.gap_days as family_due,
    pairs.n_days / families.n_days as share_of_days,
    pairs.n_days_91d / nullif(families.n_days_91d, 0) as share_of_days_91d,
    pairs.recency_days - families.recency_days as lag_days
from pairs
inner join families on families.user_key = pairs.user_key and families.subcategory = pairs.subcategory
order by pairs.user_key, pairs.item_key
