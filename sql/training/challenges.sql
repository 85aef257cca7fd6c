-- How each ranking that could be published did against the champion so far, on the same user-nights: for each user the sum of
-- the differences of NDCG@10 over all nights graded up to this one that knew the user: whom a night does not know is served no
-- ranking. The champion so far is the one of the newest earlier
-- night, the fusion at first and wherever that one has no lists tonight: a task without a single candidate keeps the fusion.
with rankings as (
    select task, algorithm as configuration
    from recommendations.rankings
    union
    select task, 'fusion' as configuration
    from this.tasks
),

decided as (
    select task, configuration
    from before.recommendations.champions
    where is_champion
    qualify row_number() over (partition by task order by night desc, configuration) = 1
),

incumbents as (
    select tasks.task, coalesce(rankings.configuration, 'fusion') as incumbent
    from this.tasks as tasks
    left join decided on decided.task = tasks.task
    left join rankings on rankings.task = decided.task and rankings.configuration = decided.configuration
),

graded as (
    select night, task, user_key, algorithm, ndcg
    from past.grades.candidates
    where k = 10 and not is_cold_user
),

differences as (
    select
        own.task,
        own.algorithm as configuration,
        own.user_key,
        exact_sum(own.ndcg - theirs.ndcg) as difference,
        count(*)::integer as n_nights
    from graded as own
    inner join incumbents on incumbents.task = own.task
    inner join graded as theirs
        on
            theirs.night = own.night
            and theirs.task = own.task
            and theirs.user_key = own.user_key
            and theirs.algorithm = incumbents.incumbent
    semi join rankings on rankings.task = own.task and rankings.configuration = own.algorithm
    where own.algorithm <> incumbents.incumbent
    group by own.task, own.algorithm, own.user_key
)

select
    rankings.task,
    rankings.configuration,
    incumbents.incumbent,
    differences.user_key,
    differences.difference,
    differences.n_nights
from rankings
inner join incumbents on incumbents.task = rankings.task
left join differences
    on differences.task = rankings.task and differences.configuration = rankings.configuration
order by rankings.task, rankings.configuration, differences.user_key
