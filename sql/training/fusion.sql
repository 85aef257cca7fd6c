-- What fusion weights are learned from: the graded night's candidates of every user who took something since, and
-- whether the user took the item. Items carry their place in the order of ids, which breaks ties.
with id_order as (
    select item_key, row_number() over (order by item_id) - 1 as item_index
    from clean.items
),

judged_users as (
    select distinct task, user_key
    from grades.relevant
)

select
    lists.task,
    lists.user_key,
    lists.algorithm,
    lists.rank,
    id_order.item_index::integer as item_index,
    relevant.item_key is not null as is_relevant
from graded.candidates.lists as lists
semi join judged_users on judged_users.task = lists.task and judged_users.user_key = lists.user_key
inner join id_order on id_order.item_key = lists.item_key
left join grades.relevant as relevant
    on
        relevant.task = lists.task
        and relevant.user_key = lists.user_key
        and relevant.item_key = lists.item_key
order by lists.task, lists.user_key, lists.algorithm, lists.rank
