-- The newest 200 events of each user that count on this night, by user and newest first.
-- quantity, value: what is left of the event where some of it was cancelled.
with newest as (
    select user_key, max(event_ts, 200) as times
    from clean.interactions
    group by user_key
),

-- Since when they are, and how many of those that are as old as the last of them belong to them.
since as (
    select
        user_key,
        list_min(times) as event_ts,
        len(list_filter(times, lambda t: t = list_min(times))) as n_oldest
    from newest
),

recent as (
    select
        users.user_id,
        events.event_ts,
        items.item_id,
        events.event_type,
        events.quantity,
        events.value,
        events.basket_id,
        case when events.event_ts = since.event_ts then since.n_oldest end as n_oldest
    from clean.interactions as events
    inner join since on since.user_key = events.user_key and events.event_ts >= since.event_ts
    inner join clean.user_keys as users on users.user_key = events.user_key
    inner join clean.item_keys as items on items.item_key = events.item_key
),

oldest as (
    select *
    from recent
    where n_oldest is not null
    qualify
        row_number() over (
            partition by user_id order by item_id, event_type, quantity, value, basket_id
        ) <= n_oldest
)

select
    user_id,
    event_ts,
    item_id,
    event_type,
    quantity,
    value,
    basket_id
from (
    select * from recent where n_oldest is null
    union all
    select * from oldest
)
order by user_id, event_ts desc, item_id, event_type, quantity, value, basket_id
