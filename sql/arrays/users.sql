-- Users in order of their ids, whose places the lists are found by.
select user_id
from serving.users
order by user_id
