-- What studies before this night chose for each algorithm, and what it gained on a night that they had not seen.
select
    night as learned_night,
    algorithm,
    task,
    settings,
    is_adopted,
    n_trials,
    n_nights,
    default_ndcg,
    tuned_ndcg,
    held_out_night,
    held_out_default,
    held_out_tuned,
    difference,
    low,
    high,
    p,
    n_users
from before.models.tuned_settings
order by learned_night, algorithm, task
