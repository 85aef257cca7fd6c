-- What each rule of the profile cost or won in one task, the newest graded night first.
select graded_night, rule, metric, k, with_rule, without_rule, difference, low, high, n_users, n_changed
from meta.policy_effects
where task = $task
order by graded_night desc, rule = 'all' desc, rule, metric
