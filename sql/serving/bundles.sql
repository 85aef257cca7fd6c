-- What can be offered with an item as one bundle; with a user ($user_id, or null) what fits their list of the task first.
select *
from serving.bundle($item_id, u := $user_id, k := $k::integer, task := $task)
