-- Which of $algorithms says what goes with an item: the one whose own lists did best beside the champion so far by NDCG@10, over
-- all user-nights of known users graded up to this night (recommendations.champions), in discovery where the profile has it:
-- there nothing is gained by naming what the user has. Before any grades, and of equal ones, the first by the profile.
with tasks as (
    select task
    from this.tasks
    order by task = 'discovery' desc, task
    limit 1
),

able as (
    select algorithm, list_position($algorithms, algorithm) as place
    from (select unnest($algorithms) as algorithm)
)

select
    able.algorithm,
    tasks.task,
    case when champions.configuration = champions.incumbent then 0 else champions.difference end as difference,
    coalesce(champions.n_user_nights, 0) as n_user_nights
from able
cross join tasks
left join recommendations.champions as champions
    on champions.task = tasks.task and champions.configuration = able.algorithm
order by difference desc nulls last, able.place
