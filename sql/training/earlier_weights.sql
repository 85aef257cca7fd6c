-- What earlier nights taught of the fusion, each by itself: weight of each algorithm in each task, how many lists it was
-- learned from, how long ago, and how well its own lists did. Nights that had nothing to learn from taught nothing.
select
    weights.task,
    weights.night,
    weights.algorithm,
    date_diff('day', weights.night, night.night)::integer as age_days,
    weights.n_lists,
    coalesce(weights.own_weight, weights.weight) as own_weight,
    weights.own_ndcg
from before.recommendations.fusion_weights as weights
cross join this.night as night
where weights.n_lists > 0
order by weights.task, weights.night, weights.algorithm
