-- table: clean.retractions
-- config: {tags: [leakage]}
-- Of exact duplicates the earliest visible stays: no two rows are equal in all that was delivered, those aside that a
-- corrected file took back (so it stands with the retractions). Looked at from the time of the earliest event on that is
-- new since the night built before.
-- remedy: The failing rows name events that are counted twice, most often because a day came in two files with other
-- ids. Look at both files in the ledger (`recsys why` names them). Mend `event_id` in the source's SQL, or retract one
-- of the files, and build the night again.
with arrived as (
    select min(events.event_ts) as first_event_ts
    from clean.events as events
    cross join this.built as built
    where built.previous_night is null or events.visible_night > built.previous_night
),

replaced as (
    select event_id from clean.retractions where quantity is null
)

select
    events.user_key,
    events.item_key,
    events.event_type,
    events.event_ts,
    events.quantity,
    events.value,
    events.rating,
    events.basket_id,
    events.session_id,
    events.device,
    events.os,
    events.country,
    events.region,
    events.store,
    count(*) as n_rows
from clean.events as events
cross join arrived
anti join replaced on replaced.event_id = events.event_id
where events.event_ts >= arrived.first_event_ts
group by all
having count(*) > 1
