-- The first 20 of each algorithm's list and of each ranking of the union, for users of a sample: as many as the profile
-- says (release.list_users), by the hash of their id, the same ones every night; everybody where there are fewer.
with shown as (
    select users.user_key, users.user_id
    from clean.user_keys as users
    cross join this.profile as profile
    qualify row_number() over (order by md5(users.user_id), users.user_id) <= profile.list_users
),

lists as (
    select task, user_key, algorithm, items, scores
    from packed.candidates.lists
    union all
    select task, user_key, algorithm, items, scores
    from packed.recommendations.rankings
)

select
    lists.task,
    shown.user_id,
    lists.algorithm,
    lists.items[:20] as items,
    lists.scores[:20]::float[] as scores
from lists
inner join shown on shown.user_key = lists.user_key
order by lists.task, shown.user_id, lists.algorithm
