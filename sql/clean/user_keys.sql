-- New users of the night, numbered in the order of their ids from the last key on.
-- A key says when a user was first seen: it is never a feature and never breaks a tie.
with first_seen as (
    select user_id from landed.events
    union
    select user_id from landed.users where known_from is not null
),

new_users as (
    select first_seen.user_id
    from first_seen
    where first_seen.user_id not in (select user_id from before.clean.user_keys)
)

select
    (
        row_number() over (order by user_id) - 1
        + coalesce((select max(user_key) + 1 from before.clean.user_keys), 0)
    )::integer as user_key,
    user_id
from new_users
order by user_key
