-- What fusion weights are learned from: the first 30 of each algorithm's candidates of the graded night, for at most 2,000
-- users of a task whom that night knew and who took something since (by the hash of their ids), and whether the user took the item. n_relevant:
-- how many items the user took, proposed or not. Items carry their place in the order of ids, which breaks ties.
with id_order as (
    select item_key, row_number() over (order by item_id) - 1 as item_index
    from graded.clean.items
),

takers as (
    select task, user_key, count(*)::integer as n_relevant
    from grades.relevant
    group by task, user_key
),

judged_users as (
    select takers.task, takers.user_key, takers.n_relevant
    from takers
    inner join graded.clean.users as users on users.user_key = takers.user_key
    qualify row_number() over (partition by takers.task order by md5(users.user_id), users.user_id) <= 2000
)

select
    lists.task,
    lists.user_key,
    lists.algorithm,
    lists.rank,
    id_order.item_index::integer as item_index,
    relevant.item_key is not null as is_relevant,
    judged_users.n_relevant
from graded.candidates.lists as lists
inner join judged_users on judged_users.task = lists.task and judged_users.user_key = lists.user_key
inner join id_order on id_order.item_key = lists.item_key
left join grades.relevant as relevant
    on
        relevant.task = lists.task
        and relevant.user_key = lists.user_key
        and relevant.item_key = lists.item_key
where lists.rank <= 30
order by lists.task, lists.user_key, lists.algorithm, lists.rank
