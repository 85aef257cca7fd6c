-- The newest 200 events of each user that count on this night, by user and newest first.
-- quantity, value: what is left of the event where some of it was cancelled.
-- file, row_number: where the event was delivered. Its id is 96 bits of the file's content, then the row's number; bytes that
-- landed again (they were corrected, then mended back) have the bits of a hash of content and count (landing's file_number).
with numbers as (
    select
        (case when landing = 1 then content else sha256(content || ', landing ' || landing) end)[:24] as number,
        min(file) as file
    from clean.deliveries
    cross join (select unnest(range(1, 10)) as landing)
    group by number
),

files as (
    select (number || '00000000')::uuid::uhugeint >> 32 as number, file
    from numbers
),

newest as (
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
        events.event_id,
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
            partition by user_id order by item_id, event_type, quantity, value, basket_id, event_id
        ) <= n_oldest
)

select
    shown.user_id,
    shown.event_ts,
    shown.item_id,
    shown.event_type,
    shown.quantity,
    shown.value,
    shown.basket_id,
    files.file,
    case when files.file is not null then (shown.event_id::uhugeint & 4294967295::uhugeint)::bigint end as row_number
from (
    select * from recent where n_oldest is null
    union all
    select * from oldest
) as shown
left join files on files.number = shown.event_id::uhugeint >> 32
order by
    shown.user_id,
    shown.event_ts desc,
    shown.item_id,
    shown.event_type,
    shown.quantity,
    shown.value,
    shown.basket_id,
    shown.event_id
