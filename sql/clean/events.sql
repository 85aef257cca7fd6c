-- Events that became visible with the night, with surrogate keys. Of exact duplicates the earliest visible stays:
-- a row is dropped only if an equal one, not replaced by a corrected file, is visible already.
with arriving as (
    select
        landed.landed_id as event_id,
        users.user_key,
        items.item_key,
        landed.event_type,
        landed.event_ts,
        landed.known_at,
        landed.* exclude (landed_id, user_id, item_id, event_type, event_ts, known_at, visible_night),
        true as is_arriving
    from landed.events as landed
    inner join clean.user_keys as users on users.user_id = landed.user_id
    inner join clean.item_keys as items on items.item_id = landed.item_id
),

earlier as (
    select
        * exclude (night),
        false as is_arriving
    from before.clean.events
    where event_ts >= (select min(event_ts) from arriving)
),

replaced as (
    select event_id from before.clean.retractions where quantity is null
    union
    select event_id from landed.superseded
),

numbered as (
    select
        both_logs.*,
        row_number() over (
            partition by
                user_key, item_key, event_type, event_ts, quantity, value, rating, basket_id, session_id,
                device, os, country, region, store, replaced.event_id is not null
            order by is_arriving, both_logs.event_id
        ) as copy_number
    from (from arriving union all by name from earlier) as both_logs
    left join replaced on replaced.event_id = both_logs.event_id
)

select * exclude (is_arriving, copy_number)
from numbered
where is_arriving and copy_number = 1
order by event_id
