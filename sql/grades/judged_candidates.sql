-- Each algorithm's candidates of the graded night, and every ranking of them that could be published, ranks 1 to 20, for the users who took something since:
-- hit says whether the user took the item. A known user without rows here was proposed nothing by that algorithm. Users then
-- unknown are judged by what was trending, which they were served, whatever the algorithm: none has a list of its own for
-- them, so no list is better than another for showing something at all.
with judged_users as (
    select task, user_key, bool_or(is_cold_user) as is_cold_user
    from grades.relevant
    group by task, user_key
),

lists as (
    select task, algorithm, user_key, rank, item_key
    from graded.candidates.lists
    union all
    select task, algorithm, user_key, rank, item_key
    from graded.recommendations.rankings
),

own_lists as (
    select lists.task, lists.algorithm, lists.user_key, lists.rank, lists.item_key
    from lists
    semi join judged_users as users
        on users.task = lists.task and users.user_key = lists.user_key and not users.is_cold_user
    where lists.rank <= 20
),

graded_lists as (
    select distinct task, algorithm
    from own_lists
),

judged as (
    select task, algorithm, user_key, rank, item_key
    from own_lists
    union all
    select users.task, graded_lists.algorithm, users.user_key, trending.rank, trending.item_key
    from judged_users as users
    inner join graded_lists on graded_lists.task = users.task
    cross join graded.recommendations.trending as trending
    cross join this.profile as profile
    where
        users.is_cold_user
        and trending.scope = 'all'
        and trending.rank <= least(profile.list_length, 20)
)

select
    judged.task,
    judged.algorithm,
    judged.user_key,
    judged.rank,
    judged.item_key,
    relevant.item_key is not null as hit
from judged
left join grades.relevant as relevant
    on
        relevant.task = judged.task
        and relevant.user_key = judged.user_key
        and relevant.item_key = judged.item_key
order by judged.task, judged.algorithm, judged.user_key, judged.rank
