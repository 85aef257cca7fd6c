-- What stands beside each figure of the grades. users: known or unknown, whether the graded night knew them. n_users: how
-- many of these are graded. cold_user_share: which part of all graded users of the task was unknown. cold_item_share: which
-- part of what these users took the graded night did not know.
with counts as (
    select
        task,
        case when is_cold_user then 'unknown' else 'known' end as users,
        count(*)::integer as n_users,
        count(*) filter (where is_cold_user) as n_cold_users,
        sum(n_cold_items::bigint) as n_cold_items,
        sum(n_relevant::bigint) as n_relevant
    from grades.users
    group by task, is_cold_user
)

select
    task,
    users,
    n_users,
    sum(n_cold_users::bigint) over (partition by task) / sum(n_users::bigint) over (partition by task) as cold_user_share,
    n_cold_items / n_relevant as cold_item_share
from counts
order by task, users
