-- NDCG@10 and recall@20 of every list by groups of users, with a normal 95% interval of the mean. segment: activity (thirds of
-- the users by events visible on the graded night), known (warm, or cold: not known on that night, and judged by what all
-- such users were served), or an attribute of known users with 2 to 12 values, as delivered by that night. value: low, middle or high; warm or cold; the attribute's, or unknown.
with known as (
    select task, user_key, 'known' as segment, case when is_cold_user then 'cold' else 'warm' end as value
    from grades.users
),

bounds as (
    select quantile_disc(n_events, 1 / 3) as low, quantile_disc(n_events, 2 / 3) as middle
    from graded.features.user
    where n_events > 0
),

activity as (
    select
        users.task,
        users.user_key,
        'activity' as segment,
        case
            when features.n_events <= bounds.low then 'low'
            when features.n_events <= bounds.middle then 'middle'
            else 'high'
        end as value
    from grades.users as users
    inner join graded.features.user as features on features.user_key = users.user_key
    cross join bounds
    where features.n_events > 0
),

versions as (
    select versions.* exclude (landed_id, known_from, known_at, content, visible_night)
    from clean.user_versions as versions
    cross join this.night as night
    where versions.visible_night <= night.graded_night
    qualify row_number() over (partition by versions.user_key order by versions.visible_night desc) = 1
),

documents as (
    select user_key, to_json(versions) as attributes
    from versions
),

names as (
    select distinct unnest(json_keys(attributes)) as name
    from documents
),

delivered as (
    select documents.user_key, names.name, documents.attributes ->> names.name as value
    from documents
    cross join names
    where names.name <> 'user_key' and json_type(documents.attributes, names.name) = 'VARCHAR'
),

attributes as (
    select name
    from delivered
    group by name
    having count(distinct value) between 2 and 12
),

attribute_groups as (
    select users.task, users.user_key, attributes.name as segment, coalesce(delivered.value, 'unknown') as value
    from grades.users as users
    cross join attributes
    left join delivered on delivered.user_key = users.user_key and delivered.name = attributes.name
    where not users.is_cold_user
),

groups as (
    select task, user_key, segment, value
    from known
    union all
    select task, user_key, segment, value
    from activity
    union all
    select task, user_key, segment, value
    from attribute_groups
),

-- What the graded night's chain gave each newcomer who told where they were, and each list that it could have given. They had
-- nothing, so all this is the same in all tasks.
by_chain as (
    select newcomers.*
    from grades.newcomers as newcomers
    inner join graded.recommendations.newcomer_chain as links
        on
            newcomers.algorithm = links.kind || case
                when exists(select 1 from graded.recommendations.newcomer_chain where kind = 'diverse' and is_chosen)
                    then '_diverse'
                else ''
            end
    where links.place is not null
    qualify row_number() over (partition by newcomers.user_key, newcomers.k order by links.place) = 1
),

newcomers as (
    select algorithm, user_key, k, ndcg, recall
    from grades.newcomers
    union all
    select 'newcomers' as algorithm, user_key, k, ndcg, recall
    from by_chain
),

lists as (
    select task, algorithm, user_key, k, ndcg, recall
    from grades.candidates
    union all
    select task, algorithm, user_key, k, ndcg, recall
    from grades.published
    union all
    select tasks.task, newcomers.algorithm, newcomers.user_key, newcomers.k, newcomers.ndcg, newcomers.recall
    from newcomers
    cross join this.tasks as tasks
),

figures as (
    select task, algorithm, user_key, k, 'ndcg' as metric, ndcg as grade
    from lists
    where k = 10
    union all
    select task, algorithm, user_key, k, 'recall' as metric, recall as grade
    from lists
    where k = 20
),

moments as (
    select
        figures.task,
        figures.algorithm,
        groups.segment,
        groups.value,
        figures.k,
        figures.metric,
        count(*)::integer as n_users,
        exact_avg(figures.grade) as mean,
        exact_avg(figures.grade * figures.grade) as mean_square
    from figures
    inner join groups on groups.task = figures.task and groups.user_key = figures.user_key
    group by figures.task, figures.algorithm, groups.segment, groups.value, figures.k, figures.metric
),

errors as (
    select *, sqrt(greatest(mean_square - mean * mean, 0) / nullif(n_users - 1, 0)) as standard_error
    from moments
)

select
    task,
    algorithm,
    segment,
    value,
    k,
    metric,
    n_users,
    mean,
    case when n_users > 1 then greatest(mean - 1.96 * standard_error, 0) end as low,
    case when n_users > 1 then least(mean + 1.96 * standard_error, 1) end as high
from errors
order by task, algorithm, segment, value, k, metric
