-- In each task the algorithm whose own lists did best over all nights graded so far: the gain in NDCG@10 over the fusion's, of
-- known users, so that one that joined later is judged by the same nights. The means name no user and no item.
with figures as (
    select night, task, algorithm, mean, n_users
    from past.grades.summary
    where metric = 'ndcg' and k = 10 and users = 'known'
),

gains as (
    select
        own.task,
        own.algorithm,
        exact_sum((own.mean - fusion.mean) * own.n_users) / sum(own.n_users::bigint) as gain
    from figures as own
    inner join figures as fusion
        on fusion.night = own.night and fusion.task = own.task and fusion.algorithm = 'fusion'
    where list_contains($algorithms, own.algorithm)
    group by own.task, own.algorithm
)

select task, algorithm
from gains
qualify row_number() over (partition by task order by gain desc, algorithm) = 1
order by task
