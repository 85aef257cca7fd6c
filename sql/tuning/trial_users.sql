-- Users whom a trial's lists are graded for: known on the night that is tried, at most $max_users of a task, by the hash of
-- their ids, so that every trial grades the same ones. n_relevant: how many items the user took, listed by anyone or not.
with takers as (
    select task, user_key, count(*)::integer as n_relevant
    from made.relevant
    where not is_cold_user
    group by task, user_key
)

select takers.task, takers.user_key, takers.n_relevant
from takers
inner join clean.users as users on users.user_key = takers.user_key
qualify row_number() over (partition by takers.task order by md5(users.user_id), users.user_id) <= $max_users
order by takers.task, takers.user_key
