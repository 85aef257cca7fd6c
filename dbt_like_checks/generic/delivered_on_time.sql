-- config: {severity: warn}
-- rows: (select pattern from this.deliveries cross join this.calendar as calendar where calendar.last_night is null and arrived_at >= newest - to_days(7 * {weeks}) group by pattern having count(distinct arrived_at::date) > {deliveries})
-- Since a delivery's newest file no more time has passed than is usual: the longest gap but one between its days of
-- the last weeks, times a factor. A delivery with few days, and a profile with a last night, are not looked at.
with arrivals as (
    select
        pattern,
        newest,
        arrived_at::date as day,
        max(arrived_at) as arrived_at
    from this.deliveries
    where arrived_at >= newest - to_days(7 * {weeks})
    group by pattern, newest, day
),

gaps as (
    select
        pattern,
        newest,
        epoch(arrived_at) - epoch(lag(arrived_at) over (partition by pattern order by day)) as seconds
    from arrivals
),

usual as (
    select
        pattern,
        newest,
        list(seconds order by seconds)[-2] as usual_seconds
    from gaps
    where seconds is not null
    group by pattern, newest
    having count(*) >= {deliveries}
)

select
    usual.pattern as delivery,
    usual.newest as last_arrival,
    round((epoch(clock.now) - epoch(usual.newest)) / 86400, 1) as days_ago,
    round(usual.usual_seconds / 86400, 1) as usual_days
from usual
cross join this.clock as clock
cross join this.calendar as calendar
where calendar.last_night is null and epoch(clock.now) - epoch(usual.newest) > {times} * usual.usual_seconds
