-- table: features.user
-- config: {tags: [leakage]}
-- Each user's events are as many as the log shows to the night, counted anew.
-- remedy: The feature counts other events than the log has. Look at sql/features/user.sql: it may read
-- clean.interactions of the night and nothing later, and no join may double rows. Mend it and build the night again.
with counted as (
    select user_key, count(*) as n_events
    from clean.interactions
    where weight > 0
    group by user_key
)

select users.user_key, users.n_events, counted.n_events as counted_events
from features.user as users
full join counted on counted.user_key = users.user_key
where coalesce(users.n_events, -1) <> coalesce(counted.n_events, 0)
