-- The newest night's grades of one task, a list a row: accuracy at a cut, and what is beyond it. Of known users.
with newest as (
    select *
    from meta.grades
    where
        task = $task and users is distinct from 'unknown'
        and night = (select max(night) from meta.grades where task = $task)
)

select
    algorithm,
    max(graded_night) as graded_night,
    max(status) as status,
    max(n_users) as n_users,
    max(mean) filter (metric = 'ndcg' and k = $k::integer) as ndcg,
    max(low) filter (metric = 'ndcg' and k = $k::integer) as ndcg_low,
    max(high) filter (metric = 'ndcg' and k = $k::integer) as ndcg_high,
    max(mean) filter (metric = 'precision' and k = $k::integer) as precision,
    max(mean) filter (metric = 'recall' and k = $k::integer) as recall,
    max(mean) filter (metric = 'hit_rate' and k = $k::integer) as hit_rate,
    max(mean) filter (metric = 'mrr' and k = $k::integer) as mrr,
    max(mean) filter (metric = 'map' and k = $k::integer) as map,
    max(mean) filter (metric = 'coverage' and k = $k::integer) as coverage,
    max(mean) filter (metric = 'diversity') as diversity,
    max(mean) filter (metric = 'novelty') as novelty,
    max(mean) filter (metric = 'serendipity') as serendipity,
    max(mean) filter (metric = 'gini') as gini,
    max(mean) filter (metric = 'popularity_bias') as popularity_bias,
    max(mean) filter (metric = 'repeat_share') as repeat_share,
    max(mean) filter (metric = 'new_item_share') as new_item_share
from newest
group by algorithm
order by ndcg desc nulls last, algorithm
