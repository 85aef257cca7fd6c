-- Users with events by the hour (UTC) that the events are dated, of the eight weeks up to the night: of all events, and of
-- what could have a clock of its own where it is common enough.
with recent as (
    select
        date_trunc('hour', events.event_ts) as hour,
        events.user_key,
        events.event_type,
        events.device,
        events.os,
        events.store
    from clean.events as events
    cross join this.night as night
    where events.event_ts >= night.cutoff - interval 56 day and events.event_ts < night.cutoff
),

by_clock as (
    select 'all' as clock, '' as reading, hour, user_key from recent
    union all
    select 'event_type' as clock, event_type as reading, hour, user_key from recent
    union all
    select 'device' as clock, device as reading, hour, user_key from recent where device is not null
    union all
    select 'os' as clock, os as reading, hour, user_key from recent where os is not null
    union all
    select 'store' as clock, store as reading, hour, user_key from recent where store is not null
),

counts as (
    select clock, reading, hour, count(distinct user_key) as n_users
    from by_clock
    group by clock, reading, hour
)

select clock, reading, hour, n_users
from counts
qualify clock = 'all' or sum(n_users::integer) over (partition by clock, reading) >= 1000
order by clock, reading, hour
