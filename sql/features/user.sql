-- How each user behaves: one row per known user; only events that weigh count, and a user without any has n_events 0
-- and nulls.
-- A basket is the source's basket, else its session, else the UTC day. Days count back from the cutoff.
-- repeat_share: of the items in the user's baskets, those the user already had in another basket before.
-- change_7d: (events of the last 7 days + 1) / (events of the 7 before + 1). A window that begins before the log is null.
-- new_share_28d: of the items the user took in the last 28 days, those never had before.
-- takes_per_week: items in baskets a week since the first event, which is taken to be a week ago at least.
-- store: where the user took most, event weights halved every 60 days; of equal ones the first by name.
-- price_level: median of what the user paid for one, over the median paid in that category; 1 is typical.
with log as (
    select max(age_days) as length_days
    from clean.interactions
    where weight > 0
),

baskets as (
    select
        user_key,
        coalesce(basket_id, session_id, event_ts::date::varchar) as basket,
        min(event_ts::date) as day,
        count(*) filter (where age_days <= 7) as events_7d,
        count(*) filter (where age_days > 7 and age_days <= 14) as events_prior_7d,
        exact_sum(value) as value
    from clean.interactions
    where weight > 0
    group by user_key, basket
),

visits as (
    select
        user_key,
        count(*) as n_baskets,
        sum(events_7d::integer)::integer as events_7d,
        sum(events_prior_7d::integer)::integer as events_prior_7d,
        exact_avg(value) as value_per_basket
    from baskets
    group by user_key
),

days as (
    select distinct user_key, day
    from baskets
),

gaps as (
    select user_key, day - lag(day) over (partition by user_key order by day) as gap_days
    from days
),

usual_gaps as (
    select user_key, median(gap_days)::double as usual_gap_days
    from gaps
    where gap_days is not null
    group by user_key
),

collections as (
    select
        pairs.user_key,
        sum(pairs.n_events::integer)::integer as n_events,
        sum(pairs.n_baskets::integer)::integer as n_takes,
        count(*)::integer as n_items,
        count(distinct items.category)::integer as n_categories,
        min(pairs.recency_days) as recency_days,
        max(pairs.first_age_days) as tenure_days,
        count(*) filter (where pairs.recency_days <= 28) as n_items_28d,
        count(*) filter (where pairs.first_age_days <= 28) as n_new_items_28d,
        exact_sum(pairs.decayed_weight) as decayed_weight,
        exact_sum(pairs.decayed_weight_7d) as decayed_weight_7d
    from features.user_item as pairs
    inner join clean.items as items on items.item_key = pairs.item_key
    group by pairs.user_key
),

prices as (
    select events.user_key, items.category, events.value / nullif(events.quantity, 0) as price
    from clean.interactions as events
    inner join clean.items as items on items.item_key = events.item_key
    where events.weight > 0 and items.category is not null
),

category_prices as (
    select category, median(price) as price
    from prices
    where price is not null
    group by category
),

stores as (
    select user_key, store, exact_sum(weight * pow(0.5, age_days / 60)) as decayed_weight
    from clean.interactions
    where weight > 0 and store is not null
    group by user_key, store
),

favourites as (
    select user_key, store, row_number() over (partition by user_key order by decayed_weight desc, store) as place
    from stores
),

price_levels as (
    select prices.user_key, median(prices.price / nullif(category_prices.price, 0)) as price_level
    from prices
    inner join category_prices on category_prices.category = prices.category
    group by prices.user_key
)

select
    users.user_key,
    coalesce(collections.n_events, 0) as n_events,
    coalesce(visits.n_baskets, 0)::integer as n_baskets,
    coalesce(collections.n_items, 0) as n_items,
    coalesce(collections.n_categories, 0) as n_categories,
    collections.recency_days,
    collections.tenure_days,
    usual_gaps.usual_gap_days,
    coalesce(collections.decayed_weight, 0) as decayed_weight,
    coalesce(collections.decayed_weight_7d, 0) as decayed_weight_7d,
    case when log.length_days >= 7 then coalesce(visits.events_7d, 0) end as events_7d,
    case when log.length_days >= 14 then coalesce(visits.events_prior_7d, 0) end as events_prior_7d,
    case
        when log.length_days >= 14
            then (coalesce(visits.events_7d, 0) + 1) / (coalesce(visits.events_prior_7d, 0) + 1)
    end as change_7d,
    1 - collections.n_items / collections.n_takes as repeat_share,
    case
        when log.length_days >= 28 then collections.n_new_items_28d / nullif(collections.n_items_28d, 0)
    end as new_share_28d,
    collections.n_takes / visits.n_baskets as basket_size,
    collections.n_takes / greatest(collections.tenure_days / 7, 1) as takes_per_week,
    visits.value_per_basket,
    price_levels.price_level,
    favourites.store
from clean.users as users
cross join log
left join collections on collections.user_key = users.user_key
left join visits on visits.user_key = users.user_key
left join usual_gaps on usual_gaps.user_key = users.user_key
left join price_levels on price_levels.user_key = users.user_key
left join favourites on favourites.user_key = users.user_key and favourites.place = 1
order by users.user_key
