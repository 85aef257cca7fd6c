-- Cancellations that became visible with the night, with ids as delivered: their purchase may still be on its way.
-- Of exact duplicates the earliest visible stays, as in clean.events. What they take back is in clean.retractions.
with arriving as (
    select
        landed_id as cancellation_id,
        user_id,
        item_id,
        event_ts,
        known_at,
        quantity,
        basket_id,
        true as is_arriving
    from landed.retractions
),

earlier as (
    select
        * exclude (night),
        false as is_arriving
    from before.clean.cancellations
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
            partition by user_id, item_id, event_ts, quantity, basket_id, replaced.event_id is not null
            order by is_arriving, both_logs.cancellation_id
        ) as copy_number
    from (from arriving union all by name from earlier) as both_logs
    left join replaced on replaced.event_id = both_logs.cancellation_id
)

select * exclude (is_arriving, copy_number)
from numbered
where is_arriving and copy_number = 1
order by cancellation_id
