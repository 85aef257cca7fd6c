-- What follows the lists, with places in place of ids, in order of task and user; places of items count from 1.
with tasks as (
    select task, row_number() over (order by task <> 'next', task)::integer - 1 as place
    from meta.tasks
),

users as (
    select user_id, row_number() over (order by user_id)::integer - 1 as place
    from serving.users
)

select
    tasks.place as task,
    users.place as user_place,
    lists.items
from serving.deeper_lists as lists
inner join tasks on tasks.task = lists.task
inner join users on users.user_id = lists.user_id
order by tasks.place, users.place
