-- This night's grades by groups of users: NDCG@10 and recall@20 of every list, with a normal 95% interval of the mean.
-- segment: activity, known, or an attribute of users; value: the group within it.
select
    night.graded_night,
    segments.task,
    segments.algorithm,
    segments.segment,
    segments.value,
    segments.k,
    segments.metric,
    segments.mean,
    segments.low,
    segments.high,
    segments.n_users
from grades.segments as segments
cross join this.night as night
order by segments.task, segments.algorithm, segments.segment, segments.value, segments.k, segments.metric
