-- The grades of every night up to this one: what the night says of the lists published on the graded night.
-- Means over known users, and apart from them over unknown ones, with a 95% interval; users is null for nights graded before
-- the two were told apart. status is published, or rebuilt where the graded lists were not the ones published.
select
    night,
    graded_night,
    task,
    users,
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
order by night, task, users, algorithm, k, metric
