-- Users this night grades: how many items each took since the graded night, and whether that night knew them.
select
    task,
    user_key,
    count(*)::integer as n_relevant,
    bool_or(is_cold_user) as is_cold_user,
    count(*) filter (where is_cold_item)::integer as n_cold_items
from grades.relevant
group by task, user_key
order by task, user_key
