-- What counts when this night grades the lists of the graded night: the items each user took from the graded
-- cutoff up to this night's, as visible now. next: all of them; discovery: only what the user had never had, as far as the
-- graded night could see. To take is an event that weighs; to have had is any.
-- first_taken_at, last_taken_at: when the user took it in that time (UTC).
-- is_cold_user, is_cold_item: not yet known on the graded night, so no list of that night could name them.
with taken as (
    select
        events.user_key,
        events.item_key,
        min(events.event_ts) as first_taken_at,
        max(events.event_ts) as last_taken_at
    from clean.interactions as events
    cross join this.night as night
    where events.weight > 0 and events.event_ts >= night.graded_cutoff and events.event_ts < night.cutoff
    group by events.user_key, events.item_key
),

taken_back as (
    select
        retractions.event_id,
        exact_sum(retractions.quantity) as quantity,
        bool_or(retractions.quantity is null) as wholly
    from clean.retractions as retractions
    cross join this.night as night
    where retractions.visible_night <= night.graded_night
    group by retractions.event_id
),

-- What clean.interactions showed to the graded night. An event's visible night is never before the event itself, so
-- these all lie before the graded cutoff.
had as (
    select distinct events.user_key, events.item_key
    from clean.events as events
    semi join this.event_weights as weights on weights.event_type = events.event_type
    cross join this.night as night
    left join taken_back on taken_back.event_id = events.event_id
    where
        events.visible_night <= night.graded_night
        and (
            taken_back.event_id is null
            or (
                not taken_back.wholly
                and events.quantity::decimal(38, 12) > taken_back.quantity::decimal(38, 12)
            )
        )
)

select
    tasks.task,
    taken.user_key,
    taken.item_key,
    taken.first_taken_at,
    taken.last_taken_at,
    users.available_from > night.graded_night as is_cold_user,
    items.available_from > night.graded_night as is_cold_item
from taken
cross join this.tasks as tasks
cross join this.night as night
inner join clean.users as users on users.user_key = taken.user_key
inner join clean.items as items on items.item_key = taken.item_key
left join had on had.user_key = taken.user_key and had.item_key = taken.item_key
where tasks.task <> 'discovery' or had.item_key is null
order by tasks.task, taken.user_key, taken.item_key
