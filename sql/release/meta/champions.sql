-- Which ranking each night published, and the test that decided it: every configuration against the champion so far.
-- difference, low, high: of NDCG@10, pooled over all nights graded up to then, with a 95% interval; null where never graded.
select
    night,
    task,
    configuration,
    incumbent,
    is_champion,
    difference,
    low,
    high,
    p,
    p_corrected,
    n_users,
    n_user_nights
from past.recommendations.champions
order by night, task, configuration
