-- Each algorithm's candidates of the graded night, and every ranking of them that could be published, ranks 1 to 20, for the users who took something since:
-- hit says whether the user took the item. A user without rows here was proposed nothing by that algorithm.
with judged_users as (
    select distinct task, user_key
    from grades.relevant
),

lists as (
    select task, algorithm, user_key, rank, item_key
    from graded.candidates.lists
    union all
    select task, algorithm, user_key, rank, item_key
    from graded.recommendations.rankings
)

select
    lists.task,
    lists.algorithm,
    lists.user_key,
    lists.rank,
    lists.item_key,
    relevant.item_key is not null as hit
from lists
semi join judged_users on judged_users.task = lists.task and judged_users.user_key = lists.user_key
left join grades.relevant as relevant
    on
        relevant.task = lists.task
        and relevant.user_key = lists.user_key
        and relevant.item_key = lists.item_key
where lists.rank <= 20
order by lists.task, lists.algorithm, lists.user_key, lists.rank
