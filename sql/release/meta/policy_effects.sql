-- What each rule of [policy] cost or won, by graded night: metrics of what was published beside the same users' lists without
-- the rule (rule = all: without any), with a 95% bootstrap interval of the mean difference.
select
    effects.graded_night,
    effects.task,
    effects.rule,
    effects.metric,
    effects.k,
    effects.with_rule,
    effects.without_rule,
    effects.difference,
    effects.low,
    effects.high,
    effects.n_users,
    effects.n_changed
from past.grades.policy_effects as effects
order by effects.graded_night, effects.task, effects.rule, effects.metric
