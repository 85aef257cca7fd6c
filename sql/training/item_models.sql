-- Which of $algorithms says what goes with an item: the one whose own lists have the greatest mean NDCG@10 over all user-nights
-- of known users graded up to this night, in discovery where the profile has it: there nothing can be gained by naming what
-- the user has. Before any grades, and of equal ones, the first by the profile.
with tasks as (
    select max(task) as task
    from (select task from this.tasks order by task = 'discovery' desc, task limit 1)
),

able as (
    select algorithm, list_position($algorithms, algorithm) as place
    from (select unnest($algorithms) as algorithm)
),

graded as (
    select
        pooled.algorithm,
        sum(pooled.n_user_nights::integer)::integer as n_user_nights,
        exact_sum(pooled.mean * pooled.n_user_nights) / sum(pooled.n_user_nights::integer) as ndcg
    from grades.pooled as pooled
    semi join tasks on tasks.task = pooled.task
    where pooled.users = 'known' and pooled.metric = 'ndcg' and pooled.k = 10
    group by pooled.algorithm
)

select
    able.algorithm,
    tasks.task,
    graded.ndcg,
    coalesce(graded.n_user_nights, 0) as n_user_nights
from able
cross join tasks
left join graded on graded.algorithm = able.algorithm
order by graded.ndcg desc nulls last, able.place
