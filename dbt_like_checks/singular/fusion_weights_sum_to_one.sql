-- table: recommendations.fusion_weights
-- The weights of each task sum to one, and each task has some.
-- remedy: Look at the grades of the graded night and at ranking/fusion_weights.py: every algorithm of the profile needs
-- a weight of 0 or more, and each task some above 0. Raise a `weight` in the profile that is 0 for all, or mend the
-- step, and build the night again.
select
    tasks.task,
    exact_sum(weights.weight) as weight
from this.tasks as tasks
left join recommendations.fusion_weights as weights on weights.task = tasks.task
group by tasks.task
having coalesce(abs(exact_sum(weights.weight) - 1) > 1e-9, true)
