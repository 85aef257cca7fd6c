-- config: {severity: warn}
-- rows: (select pattern from this.deliveries where now is not null and arrived_at >= newest - to_days(7 * {weeks}) group by pattern having count(distinct arrived_at::date) > {deliveries})
-- Since a delivery's newest file no more time has passed than is usual: the longest gap but one between its days of
-- the last weeks, times a factor. A delivery with few days, and a profile with a last night, are not looked at.
-- remedy: Look at whoever sends the files, and whether they reach the inbox. If the rhythm has changed, raise `times` of
-- this check in dbt_like_checks/raw.yml.
with arrivals as (
    select
        pattern,
        newest,
        now,
        arrived_at::date as day,
        max(arrived_at) as arrived_at
    from this.deliveries
    where now is not null and arrived_at >= newest - to_days(7 * {weeks})
    group by pattern, newest, now, day
),

gaps as (
    select
        pattern,
        newest,
        now,
        epoch(arrived_at) - epoch(lag(arrived_at) over (partition by pattern order by day)) as seconds
    from arrivals
),

usual as (
    select
        pattern,
        newest,
        now,
        list(seconds order by seconds)[-2] as usual_seconds
    from gaps
    where seconds is not null
    group by pattern, newest, now
    having count(*) >= {deliveries}
)

select
    usual.pattern as delivery,
    usual.newest as last_arrival,
    round((epoch(usual.now) - epoch(usual.newest)) / 86400, 1) as days_ago,
    round(usual.usual_seconds / 86400, 1) as usual_days
from usual
where epoch(usual.now) - epoch(usual.newest) > {times} * usual.usual_seconds
