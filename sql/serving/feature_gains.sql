-- What the trees of a task's reranker split on, the greatest gain first.
select objective, feature, gain, share
from meta.feature_gains
where task = $task
order by objective, gain desc, feature
