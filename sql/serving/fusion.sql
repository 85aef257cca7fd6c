-- How the night fused the lists of a task: its damping and the weight of each algorithm, the greatest first.
select rrf_k, fusion_weights
from meta.tasks
where task = $task
order by task
