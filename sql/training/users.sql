-- Users in the order of their ids: the row number is the user's index in an algorithm's arrays.
select
    user_key,
    user_id
from clean.users
order by user_id
