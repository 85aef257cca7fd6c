-- The tasks of this night: how many of the known users have a list, which ranking it follows, and why a task is empty.
-- configuration: fusion or a reranker; users without a single candidate get what is trending instead.
-- rrf_k, fusion_weights: of the night's fusion, whose score is the sum of weight / (rrf_k + rank) over who proposed an item.
with listed as (
    select
        task,
        count(distinct user_key)::integer as n_users_listed,
        count(distinct case when configuration = 'trending' then user_key end)::integer as n_users_trending,
        count(*)::integer as n_rows
    from recommendations.lists
    group by task
),

known as (
    select count(*)::integer as n_users
    from clean.users
),

fusion as (
    select task, list({'algorithm': algorithm, 'weight': weight} order by weight desc, algorithm) as weights
    from recommendations.fusion_weights
    group by task
),

trending as (
    select count(*) as n_items
    from recommendations.trending
    where scope = 'all'
)

select
    tasks.task,
    champions.configuration,
    known.n_users,
    coalesce(listed.n_users_listed, 0) as n_users_listed,
    coalesce(listed.n_users_trending, 0) as n_users_trending,
    coalesce(listed.n_rows, 0) as n_rows,
    case
        when listed.task is not null then null
        when known.n_users = 0 then 'no user is known yet'
        when trending.n_items = 0 then 'nothing that can be listed was taken yet'
        else 'every user has had everything that can be listed'
    end as empty_because,
    profile.rrf_k,
    fusion.weights as fusion_weights
from this.tasks as tasks
cross join this.profile as profile
cross join known
cross join trending
left join recommendations.champions as champions on champions.task = tasks.task and champions.is_champion
left join listed on listed.task = tasks.task
left join fusion on fusion.task = tasks.task
order by tasks.task
