-- table: clean.user_keys
-- Over all nights up to this one keys count 0, 1, 2 and so on, and no id has two of them.
-- remedy: A clean partition was lost, written twice or changed by hand. Look at the nights of clean.user_keys in the
-- lake. Put back what is missing from a backup, or delete the clean partitions from the first wrong night on and build
-- the nights again.
select
    count(*) as n_keys,
    count(distinct user_key) as n_distinct_keys,
    count(distinct user_id) as n_ids,
    min(user_key) as first_key,
    max(user_key) as last_key
from clean.user_keys
having n_distinct_keys <> n_keys or n_ids <> n_keys or first_key <> 0 or last_key <> n_keys - 1
