-- Events of the types the profile names, less what was retracted. Those of weight 0 say what was had, and no more.
with retracted as (
    select
        event_id,
        exact_sum(quantity) as quantity,
        bool_or(quantity is null) as wholly
    from clean.retractions
    group by event_id
)

select
    events.* replace (
        events.quantity - coalesce(retracted.quantity, 0) as quantity,
        events.value * (1 - coalesce(retracted.quantity / events.quantity, 0)) as value
    ),
    epoch(this_night.cutoff - events.event_ts) / 86400.0 as age_days,
    weights.weight
from clean.events as events
inner join this.event_weights as weights on weights.event_type = events.event_type
cross join this.night as this_night
left join retracted on retracted.event_id = events.event_id
where
    retracted.event_id is null
    or (not retracted.wholly and events.quantity::decimal(38, 12) > retracted.quantity::decimal(38, 12))
