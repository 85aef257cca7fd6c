-- What this night's grades rest on, one row. n_late: events from before the graded cutoff that became visible only
-- after the graded night; they are counted here and graded nowhere. n_events, n_users, n_items: the graded window, as visible now. Only events that weigh count.
with sorted as (
    select
        events.user_key,
        events.item_key,
        events.event_ts >= night.graded_cutoff as is_graded,
        events.event_ts < night.graded_cutoff and events.visible_night > night.graded_night as is_late
    from clean.interactions as events
    cross join this.night as night
    where events.weight > 0 and events.event_ts < night.cutoff
),

counts as (
    select
        count(*) filter (where is_late)::integer as n_late,
        count(*) filter (where is_graded)::integer as n_events,
        count(distinct user_key) filter (where is_graded)::integer as n_users,
        count(distinct item_key) filter (where is_graded)::integer as n_items
    from sorted
)

select night.graded_night, counts.n_late, counts.n_events, counts.n_users, counts.n_items
from counts
cross join this.night as night
order by night.graded_night
