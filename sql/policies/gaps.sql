-- How soon users come back to each value of a column of the item table: the quantile ($quantile) of the days between two
-- days on which one user took something of it, over all users (never_again).
with valued as (
    select item_key, to_json(items) ->> $by as value
    from clean.items as items
),

days as (
    select distinct events.user_key, valued.value, events.event_ts::date as day
    from clean.interactions as events
    inner join valued on valued.item_key = events.item_key
    where events.weight > 0 and valued.value is not null
),

intervals as (
    select value, day - lag(day) over (partition by user_key, value order by day) as gap_days
    from days
)

select value, quantile_disc(gap_days, $quantile)::double as gap_days
from intervals
where gap_days is not null
group by value
having count(*) >= $min_intervals
order by value
