-- What stands beside each figure of the grades: how many users of a task are graded, which part of them the graded night did
-- not know (cold_user_share), and which part of what they took (cold_item_share).
select
    task,
    count(*)::integer as n_users,
    count(*) filter (where is_cold_user) / count(*) as cold_user_share,
    sum(n_cold_items::bigint) / sum(n_relevant::bigint) as cold_item_share
from grades.users
group by task
order by task
