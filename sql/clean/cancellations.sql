-- Cancellations that became visible with the night, with ids as delivered: their purchase may still be on its way.
-- Of equal rows as many count as one file holds at most, as in clean.events. What they take back is in clean.retractions.
with delivered as (
    select
        landed_id as cancellation_id,
        user_id,
        item_id,
        event_ts,
        known_at,
        quantity,
        basket_id
    from landed.retractions
),

earlier as (
    select * exclude (night)
    from before.clean.cancellations
    where event_ts >= (select min(event_ts) from delivered)
),

arriving as (
    select delivered.*
    from delivered
    anti join earlier on earlier.cancellation_id = delivered.cancellation_id
),

replaced as (
    select event_id from before.clean.retractions where quantity is null
    union
    select event_id from landed.superseded
),

both_logs as (
    select
        logs.*,
        replaced.event_id is not null as is_replaced
    from (
        select *, true as is_arriving from arriving
        union all by name
        select *, false as is_arriving from earlier
    ) as logs
    left join replaced on replaced.event_id = logs.cancellation_id
),

numbered as (
    select
        *,
        row_number() over (
            partition by
                user_id, item_id, event_ts, quantity, basket_id, is_replaced, cancellation_id::uhugeint >> 32
            order by is_arriving, cancellation_id
        ) as number_in_file,
        count(*) filter (where not is_arriving) over (
            partition by user_id, item_id, event_ts, quantity, basket_id, is_replaced
        ) as n_visible
    from both_logs
)

select numbered.* exclude (is_arriving, is_replaced, number_in_file, n_visible)
from numbered
cross join this.profile as profile
where
    numbered.is_arriving
    and numbered.number_in_file > numbered.n_visible
    and (numbered.number_in_file = 1 or profile.repeated_lines = 'count')
qualify
    row_number() over (
        partition by user_id, item_id, event_ts, quantity, basket_id, is_replaced, number_in_file
        order by cancellation_id
    ) = 1
order by cancellation_id
