-- Pairs of lists on the same user-nights, over all nights so far: one task and metric.
select algorithm, baseline, metric, k, status, difference, low, high, p, p_corrected, n_compared, n_nights, n_user_nights
from meta.comparisons
where task = $task and metric = $metric
order by algorithm <> 'published', algorithm, difference desc, baseline, status
