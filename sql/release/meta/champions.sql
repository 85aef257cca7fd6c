-- Which lists each night published, and what decided it: every configuration beside the champion so far.
-- difference, low, high: of NDCG@10, pooled over all nights graded up to then, with a 95% interval; null where never graded.
select
    night,
    task,
    configuration,
    incumbent,
    is_champion,
    reason,
    difference,
    low,
    high,
    p,
    p_corrected,
    n_users,
    n_user_nights
from past.recommendations.champions
order by night, task, configuration
