-- Every user known on this night and how active they are; an id that is not here is unknown and is served what is trending.
-- Days count back from the night's end; null for a user without events.
select
    users.user_id,
    users.available_from,
    activity.n_events,
    activity.n_baskets,
    activity.n_items,
    activity.recency_days,
    activity.tenure_days
from clean.users as users
inner join features.user as activity on activity.user_key = users.user_key
order by users.user_id
