-- Share of what is listed that was new: first seen at most 28 days before the graded night's cutoff (temporal novelty:
-- Lathia et al., SIGIR 2010).
select task, algorithm, 10 as k, count(*) filter (where is_new) / count(*) as value
from made.listed
group by task, algorithm
order by task, algorithm, k
