-- Some users of whom the release holds what each algorithm would have shown: those with the most events.
with held as (
    select distinct user_id from serving.algorithm_lists
)

select held.user_id, users.n_events
from held
inner join serving.users as users on users.user_id = held.user_id
order by users.n_events desc, held.user_id
limit 12
