-- What the final ranking chooses from: for each task and known user the union of the algorithms' candidates, the best by
-- weighted reciprocal-rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009): score = sum over algorithms of
-- weight / (rrf_k + rank), ties by item id. n_algorithms proposed the item, the most confident at best_rank.
with id_order as (
    select item_key, row_number() over (order by item_id) as place
    from clean.items
),

fused as (
    select
        lists.task,
        lists.user_key,
        lists.item_key,
        exact_sum(fusion.weight / (profile.rrf_k + lists.rank)) as score,
        count(*)::integer as n_algorithms,
        min(lists.rank) as best_rank
    from candidates.lists as lists
    inner join recommendations.fusion_weights as fusion
        on fusion.task = lists.task and fusion.algorithm = lists.algorithm
    inner join this.tasks as tasks on tasks.task = lists.task
    cross join this.profile as profile
    where fusion.weight > 0
    group by lists.task, lists.user_key, lists.item_key
),

ranked as (
    select
        fused.*,
        row_number() over (
            partition by fused.task, fused.user_key order by fused.score desc, id_order.place
        )::integer as rank
    from fused
    inner join id_order on id_order.item_key = fused.item_key
)

select
    ranked.task,
    ranked.user_key,
    ranked.item_key,
    ranked.rank,
    ranked.score,
    ranked.n_algorithms,
    ranked.best_rank
from ranked
inner join this.tasks as tasks on tasks.task = ranked.task
where ranked.rank <= tasks.n_candidates
order by ranked.task, ranked.user_key, ranked.item_key
