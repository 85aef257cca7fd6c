-- Grades pooled over all nights graded up to this one: means over user-nights, with a 95% interval over users. Users that
-- the graded night did not know stand apart.
-- Lists that were not the ones published (rebuilt) are pooled apart.
select
    task,
    users,
    algorithm,
    k,
    metric,
    status,
    mean,
    low,
    high,
    n_nights,
    n_users,
    n_user_nights
from grades.pooled
order by task, users, algorithm, k, metric, status
