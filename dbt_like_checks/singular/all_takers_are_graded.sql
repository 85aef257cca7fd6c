-- table: grades.users
-- config: {tags: [leakage]}
-- Everybody who took something since the graded night is graded with all of it, known to that night or not: in next
-- with every item; in discovery at least with those of which that night had seen no event of theirs.
-- remedy: Somebody, or something they took, is missing from the grades, which makes them too good. Look at
-- sql/grades/relevant.sql and sql/grades/users.sql: none may leave out users or items that the graded night did not
-- know. Mend them and build the night again.
with taken as (
    select distinct events.user_key, events.item_key
    from clean.interactions as events
    cross join this.night as night
    where events.weight > 0 and events.event_ts >= night.graded_cutoff and events.event_ts < night.cutoff
),

seen as (
    select distinct events.user_key, events.item_key
    from clean.events as events
    semi join taken on taken.user_key = events.user_key and taken.item_key = events.item_key
    where events.visible_night <= (select graded_night from this.night)
),

takers as (
    select
        tasks.task,
        taken.user_key,
        count(*) as n_taken,
        count(*) filter (where items.available_from > (select graded_night from this.night)) as n_cold_items,
        bool_or(users.available_from > (select graded_night from this.night)) as is_cold_user
    from taken
    cross join this.tasks as tasks
    left join clean.users as users on users.user_key = taken.user_key
    left join clean.items as items on items.item_key = taken.item_key
    left join seen on seen.user_key = taken.user_key and seen.item_key = taken.item_key
    where tasks.task <> 'discovery' or seen.user_key is null
    group by tasks.task, taken.user_key
)

select takers.*, graded.n_relevant, graded.n_cold_items as graded_cold_items, graded.is_cold_user as graded_cold_user
from takers
left join grades.users as graded on graded.task = takers.task and graded.user_key = takers.user_key
where
    graded.user_key is null
    or graded.n_relevant < takers.n_taken
    or (graded.n_relevant > takers.n_taken and takers.task <> 'discovery')
    or graded.n_cold_items <> takers.n_cold_items
    or graded.is_cold_user <> takers.is_cold_user
