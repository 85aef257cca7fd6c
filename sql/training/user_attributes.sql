-- What is known of users by the cutoff, in the order of training/users.sql: every column that the source delivers.
select users.* exclude (user_key, user_id, available_from)
from clean.users as users
order by users.user_id
