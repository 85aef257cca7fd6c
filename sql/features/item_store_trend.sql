-- How each item is taken where: one row per item and store with an event of the last 28 days that weighs; none where the
-- source names no stores. Windows end at the cutoff; one that begins before the log is null.
-- events_28d: events of the last 28 days there. buyers_28d: different users of the last 28 days there.
-- store_lift: the item's part of the store's events of the last 28 days over its part of all events with a store:
-- (events there + 1) / (events expected there + 1), so above 1 is taken more there than elsewhere.
with log as (
    select max(age_days) as length_days
    from clean.interactions
    where weight > 0
),

buyers as (
    select
        item_key,
        store,
        user_key,
        count(*) filter (where age_days <= 7) as events_7d,
        count(*) as events_28d
    from clean.interactions
    where weight > 0 and age_days <= 28 and store is not null
    group by item_key, store, user_key
),

counts as (
    select
        item_key,
        store,
        sum(events_7d::integer)::integer as events_7d,
        count(*) filter (where events_7d > 0)::integer as buyers_7d,
        sum(events_28d::integer)::integer as events_28d,
        count(*)::integer as buyers_28d
    from buyers
    group by item_key, store
),

stores as (
    select store, sum(events_28d::integer) as events_28d
    from counts
    group by store
),

items as (
    select item_key, sum(events_28d::integer) as events_28d
    from counts
    group by item_key
),

total as (
    select sum(events_28d::integer) as events_28d
    from counts
)

select
    counts.item_key,
    counts.store,
    case when log.length_days >= 7 then counts.events_7d end as events_7d,
    case when log.length_days >= 7 then counts.buyers_7d end as buyers_7d,
    case when log.length_days >= 28 then counts.events_28d end as events_28d,
    case when log.length_days >= 28 then counts.buyers_28d end as buyers_28d,
    case
        when log.length_days >= 28
            then (counts.events_28d + 1) / (stores.events_28d * items.events_28d / total.events_28d + 1)
    end as store_lift
from counts
cross join log
cross join total
inner join stores on stores.store = counts.store
inner join items on items.item_key = counts.item_key
order by counts.item_key, counts.store
