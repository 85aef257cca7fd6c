-- The grades of every night up to this one: what the night says of the lists published on the graded night.
-- Means over users with a 95% interval; status is published, or rebuilt where the graded lists were not the ones published.
select
    night,
    graded_night,
    task,
    algorithm,
    k,
    metric,
    mean,
    low,
    high,
    n_users,
    cold_user_share,
    cold_item_share,
    status
from past.grades.summary
order by night, task, algorithm, k, metric
