-- What was served after the graded night, ranks 1 to 20, for the users who took something since: hit says whether the
-- user took the item. Users then unknown were served what was trending in the whole shop, whatever the task, and are judged by it.
with judged_users as (
    select task, user_key, bool_or(is_cold_user) as is_cold_user
    from grades.relevant
    group by task, user_key
),

served as (
    select lists.task, lists.user_key, lists.rank, lists.item_key
    from graded.recommendations.lists as lists
    semi join judged_users on judged_users.task = lists.task and judged_users.user_key = lists.user_key
    union all
    select users.task, users.user_key, trending.rank, trending.item_key
    from judged_users as users
    cross join graded.recommendations.trending as trending
    cross join this.profile as profile
    where users.is_cold_user and trending.scope = 'all' and trending.rank <= profile.list_length
)

select
    served.task,
    'published' as algorithm,
    served.user_key,
    served.rank,
    served.item_key,
    relevant.item_key is not null as hit
from served
left join grades.relevant as relevant
    on
        relevant.task = served.task
        and relevant.user_key = served.user_key
        and relevant.item_key = served.item_key
where served.rank <= 20
order by served.task, served.user_key, served.rank
