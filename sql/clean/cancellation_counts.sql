-- How many of the cancellations visible by now found their purchases: one row.
-- n_matched: their whole quantity; n_partly: some of it; n_unmatched: none of it.
with taken_back as (
    select
        retracted_by,
        exact_sum(quantity) as quantity
    from clean.retractions
    where quantity is not null
    group by retracted_by
),

replaced as (
    select event_id from clean.retractions where quantity is null
),

cancellations as (
    select
        cancellations.quantity::decimal(38, 12) as quantity,
        coalesce(taken_back.quantity, 0)::decimal(38, 12) as found
    from clean.cancellations as cancellations
    left join taken_back on taken_back.retracted_by = cancellations.cancellation_id
    where cancellations.cancellation_id not in (select event_id from replaced)
)

select
    night.night as counted_night,
    count(cancellations.quantity) as n_cancellations,
    count(*) filter (where found >= quantity) as n_matched,
    count(*) filter (where found > 0 and found < quantity) as n_partly,
    count(*) filter (where found = 0) as n_unmatched,
    coalesce(exact_sum(quantity - found), 0) as unmatched_quantity
from this.night as night
left join cancellations on true
group by night.night
order by counted_night
