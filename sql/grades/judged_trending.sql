-- What was trending on the graded night by each window, ranks 1 to 20, for the users whom that night did not know and who
-- took something since: hit says whether the user took the item. algorithm: the window in days. They had nothing, so what
-- counts is the same in all tasks: one of them is enough.
with judged_users as (
    select distinct task, user_key
    from grades.relevant
    where is_cold_user and task = (select min(task) from this.tasks)
)

select
    users.task,
    lists.window_days::varchar as algorithm,
    users.user_key,
    lists.rank,
    lists.item_key,
    relevant.item_key is not null as hit
from judged_users as users
cross join graded.recommendations.trending_by_window as lists
cross join this.profile as profile
left join grades.relevant as relevant
    on
        relevant.task = users.task
        and relevant.user_key = users.user_key
        and relevant.item_key = lists.item_key
where lists.scope = 'all' and lists.rank <= least(profile.list_length, 20)
order by users.task, algorithm, users.user_key, lists.rank
