-- One user as the night knows them.
select user_id, available_from, n_events, n_baskets, n_items, recency_days, tenure_days
from serving.users
where user_id = $user_id
order by user_id
