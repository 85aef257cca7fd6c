-- Which lists are better than which, over all nights graded up to this one: differences on the same user-nights of
-- users then known. Unknown ones are served the same list whatever is compared.
-- p_corrected is corrected (Holm, 1979) for the n_compared pairs of the same task, cut, metric and status.
select
    task,
    algorithm,
    baseline,
    k,
    metric,
    status,
    difference,
    low,
    high,
    p,
    p_corrected,
    n_compared,
    n_nights,
    n_users,
    n_user_nights
from grades.comparisons
order by task, algorithm, baseline, k, metric, status
