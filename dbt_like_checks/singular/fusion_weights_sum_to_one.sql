-- table: recommendations.fusion_weights
-- The weights of each task sum to one, and each task has some.
select
    tasks.task,
    exact_sum(weights.weight) as weight
from this.tasks as tasks
left join recommendations.fusion_weights as weights on weights.task = tasks.task
group by tasks.task
having coalesce(abs(exact_sum(weights.weight) - 1) > 1e-9, true)
