-- What the effect of each rule is judged by: for graded users whose lists the graded night kept without rules, too, the first
-- 20 places of the published list (without = '') and of the list without each rule, shown as made.policy_lists.
-- hit: taken since. category: as delivered by the graded night. value: what the user paid for it since, null where it was not
-- taken or events have no value.
with kept as (
    select lists.task, lists.user_key
    from graded.recommendations.policies as lists
    semi join grades.users as users
        on users.task = lists.task and users.user_key = lists.user_key and not users.is_cold_user
    where lists.without = 'all'
),

places as (
    select unnest(range(1, 21))::integer as rank
    from this.night
),

versions as (
    select versions.item_key, versions.category
    from clean.item_versions as versions
    cross join this.night as night
    where versions.visible_night <= night.graded_night
    qualify row_number() over (partition by versions.item_key order by versions.visible_night desc) = 1
),

paid as (
    select events.user_key, events.item_key, exact_sum(events.value) as value
    from clean.interactions as events
    cross join this.night as night
    where
        events.weight > 0
        and events.value is not null
        and events.event_ts >= night.graded_cutoff
        and events.event_ts < night.cutoff
    group by events.user_key, events.item_key
)

select
    lists.without,
    lists.task,
    lists.user_key,
    places.rank,
    lists.items[places.rank] as item_key,
    relevant.item_key is not null as hit,
    versions.category,
    case when relevant.item_key is not null then paid.value end as value
from graded.recommendations.policies as lists
semi join kept on kept.task = lists.task and kept.user_key = lists.user_key
inner join places on places.rank <= len(lists.items)
left join grades.relevant as relevant
    on
        relevant.task = lists.task
        and relevant.user_key = lists.user_key
        and relevant.item_key = lists.items[places.rank]
left join versions on versions.item_key = lists.items[places.rank]
left join paid on paid.user_key = lists.user_key and paid.item_key = lists.items[places.rank]
