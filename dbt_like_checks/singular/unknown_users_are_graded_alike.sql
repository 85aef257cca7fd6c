-- table: grades.summary
-- Users whom the graded night did not know are graded by the same list whatever the algorithm: no algorithm has one of its
-- own for them, so a difference there would say nothing of it.
-- remedy: Lists differ in who is shown something at all, so no comparison of them is fair. Look at
-- sql/grades/judged_candidates.sql and judged_published.sql: both take the same rows of what was trending for users then
-- unknown. Mend them and build the night again.
select task, k, metric, min(mean) as lowest, max(mean) as highest
from grades.summary
where users = 'unknown'
group by task, k, metric
having min(mean) <> max(mean)
