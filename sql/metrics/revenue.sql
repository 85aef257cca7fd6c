-- Revenue at 10: what the users paid, since the graded night, for the items of their first 10 ranks: mean over known
-- users, in the source's currency (revenue@k: Jannach and Jugovac, ACM TMIS 2019). None where no event has a value.
with taken as (
    select events.user_key, events.item_key, exact_sum(events.value) as value
    from clean.interactions as events
    cross join this.night as night
    where
        events.weight > 0
        and events.value is not null
        and events.event_ts >= night.graded_cutoff
        and events.event_ts < night.cutoff
    group by events.user_key, events.item_key
),

paid as (
    select listed.task, listed.algorithm, exact_sum(taken.value) as value
    from made.listed as listed
    inner join taken on taken.user_key = listed.user_key and taken.item_key = listed.item_key
    where listed.hit
    group by listed.task, listed.algorithm
),

graded as (
    select task, count(*) as n_users
    from grades.users
    where not is_cold_user
    group by task
),

lists as (
    select distinct task, algorithm
    from made.listed
)

select lists.task, lists.algorithm, 10 as k, coalesce(paid.value, 0) / graded.n_users as value
from lists
inner join graded on graded.task = lists.task
left join paid on paid.task = lists.task and paid.algorithm = lists.algorithm
where exists (select 1 from taken)
order by lists.task, lists.algorithm, k
