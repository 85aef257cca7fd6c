-- How each list that could be published did against the champion so far, on the same user-nights: for each user the sum of
-- the differences of NDCG@10 over all nights graded up to this one that knew the user: whom a night does not know is served no
-- ranking. Lists are tonight's rankings, and those of $algorithms that were graded tonight, each by itself. The champion so
-- far is the one of the newest earlier night, the fusion at first and wherever that one has no lists: a task without a single
-- candidate keeps the fusion. A reranker that no night has graded yet stands in the fusion's place where what
-- $enough known users took was graded tonight, as it has learned from that. n_graded_nights: nights that graded both, whoever the users.
with graded as (
    select night, task, user_key, algorithm, ndcg
    from past.grades.candidates
    where k = 10 and not is_cold_user
),

lists as (
    select task, algorithm as configuration
    from recommendations.rankings
    union
    select task, 'fusion' as configuration
    from this.tasks
    union
    select graded.task, graded.algorithm as configuration
    from graded
    inner join this.night as night on night.night = graded.night
    where list_contains($algorithms, graded.algorithm)
),

decided as (
    select task, configuration
    from before.recommendations.champions
    where is_champion
    qualify row_number() over (partition by task order by night desc, configuration) = 1
),

graded_tonight as (
    select graded.task, count(distinct graded.user_key) as n_users
    from graded
    inner join this.night as night on night.night = graded.night
    group by graded.task
),

new_rerankers as (
    select lists.task, lists.configuration
    from lists
    inner join graded_tonight on graded_tonight.task = lists.task and graded_tonight.n_users >= $enough
    anti join graded on graded.task = lists.task and graded.algorithm = lists.configuration
    where lists.configuration = 'reranker'
),

incumbents as (
    select
        tasks.task,
        case
            when lists.configuration <> 'fusion' then lists.configuration
            else coalesce(new_rerankers.configuration, 'fusion')
        end as incumbent
    from this.tasks as tasks
    left join decided on decided.task = tasks.task
    left join lists on lists.task = decided.task and lists.configuration = decided.configuration
    left join new_rerankers on new_rerankers.task = tasks.task
),

pairs as (
    select own.task, own.algorithm as configuration, own.user_key, own.night, own.ndcg - theirs.ndcg as difference
    from graded as own
    inner join incumbents on incumbents.task = own.task
    inner join graded as theirs
        on
            theirs.night = own.night
            and theirs.task = own.task
            and theirs.user_key = own.user_key
            and theirs.algorithm = incumbents.incumbent
    semi join lists on lists.task = own.task and lists.configuration = own.algorithm
    where own.algorithm <> incumbents.incumbent
),

differences as (
    select task, configuration, user_key, exact_sum(difference) as difference, count(*)::integer as n_nights
    from pairs
    group by task, configuration, user_key
),

nights as (
    select task, configuration, count(distinct night)::integer as n_graded_nights
    from pairs
    group by task, configuration
)

select
    lists.task,
    lists.configuration,
    incumbents.incumbent,
    differences.user_key,
    differences.difference,
    differences.n_nights,
    nights.n_graded_nights
from lists
inner join incumbents on incumbents.task = lists.task
left join differences
    on differences.task = lists.task and differences.configuration = lists.configuration
left join nights on nights.task = lists.task and nights.configuration = lists.configuration
order by lists.task, lists.configuration, differences.user_key
