-- table: clean.retractions
-- config: {tags: [leakage]}
-- Of equal rows no more count than one file holds at most: what is delivered again adds nothing. Rows that a corrected
-- file took back are left aside (so it stands with the retractions). Looked at from the time of the earliest event on
-- that is new since the night built before. Files that landed by an earlier version may hold any number.
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
),

equal_rows as (
    select
        events.user_key,
        events.item_key,
        events.event_ts,
        list(events.event_id order by events.event_id) as event_ids,
        count(*) as n_rows
    from clean.events as events
    cross join arrived
    anti join replaced on replaced.event_id = events.event_id
    where events.event_ts >= arrived.first_event_ts
    group by
        events.user_key, events.item_key, events.event_type, events.event_ts, events.quantity, events.value,
        events.rating, events.basket_id, events.session_id, events.device, events.os, events.country, events.region,
        events.store
    having count(*) > 1
),

delivered as (
    select
        event_ids[1] as event_id,
        user_key,
        item_key,
        event_ts,
        n_rows,
        unnest(event_ids) as delivered_id
    from equal_rows
)

-- The first 96 bits of a row's id are its file's.
select
    delivered.event_id,
    delivered.user_key,
    delivered.item_key,
    delivered.event_ts,
    delivered.n_rows,
    max(coalesce(files.most_equal, 1)) as most_of_a_file
from delivered
left join this.delivered_files as files on files.file::uhugeint = delivered.delivered_id::uhugeint >> 32
group by delivered.event_id, delivered.user_key, delivered.item_key, delivered.event_ts, delivered.n_rows
having delivered.n_rows > max(coalesce(files.most_equal, 1))
