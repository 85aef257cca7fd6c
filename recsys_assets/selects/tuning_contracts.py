"""Columns of the tables of tuning: what studies write, and what each night makes of it; part of `selects.contracts`."""

from __future__ import annotations

TUNED, TRIALS = "models.tuned_settings", "models.trials"
"""What studies wrote at a night (``recsys tune``): no step of a night makes these, and nights after it look them up."""

TUNING: dict[str, dict[str, str]] = {
    "recommendations.algorithm_settings": {
        "algorithm": "VARCHAR",
        "setting": "VARCHAR",
        "value": "VARCHAR",
        "origin": "VARCHAR",
        "learned_night": "DATE",
    },
    TUNED: {
        "algorithm": "VARCHAR",
        "task": "VARCHAR",
        "is_instance_of": "VARCHAR",
        "settings": "VARCHAR",
        "is_adopted": "BOOLEAN",
        "n_trials": "INTEGER",
        "n_nights": "INTEGER",
        "default_ndcg": "DOUBLE",
        "tuned_ndcg": "DOUBLE",
        "held_out_night": "DATE",
        "held_out_default": "DOUBLE",
        "held_out_tuned": "DOUBLE",
        "difference": "DOUBLE",
        "low": "DOUBLE",
        "high": "DOUBLE",
        "p": "DOUBLE",
        "n_users": "INTEGER",
    },
    TRIALS: {
        "algorithm": "VARCHAR",
        "trial": "INTEGER",
        "settings": "VARCHAR",
        "value": "DOUBLE",
        "ndcg": "VARCHAR",
    },
}
