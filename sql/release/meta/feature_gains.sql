-- What the trees of the night's rerankers split on: of each feature the gain of its splits, over all trees of an objective.
-- No row where no reranker had learned yet, nor of one that was fitted again after it ranked the night's candidates.
with totals as (
    select task, objective, exact_sum(gain) as gain
    from made.feature_gains
    group by task, objective
)

select
    night.night,
    gains.task,
    gains.objective,
    gains.feature,
    gains.gain,
    gains.gain / nullif(totals.gain, 0) as share
from made.feature_gains as gains
cross join this.night as night
inner join totals on totals.task = gains.task and totals.objective = gains.objective
order by gains.task, gains.objective, gains.gain desc, gains.feature
