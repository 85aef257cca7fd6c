"""Columns of the tables of grades; part of `selects.contracts`."""

from __future__ import annotations

GRADES: dict[str, dict[str, str]] = {
    "grades.beyond_accuracy": {
        "task": "VARCHAR",
        "algorithm": "VARCHAR",
        "k": "INTEGER",
        "metric": "VARCHAR",
        "value": "DOUBLE",
    },
    "grades.reliability": {"task": "VARCHAR", "bin": "INTEGER", "n_rows": "INTEGER"}
    | dict.fromkeys(("predicted", "observed", "brier", "base_brier", "ece"), "DOUBLE"),
    "grades.summary": {
        "graded_night": "DATE",
        "task": "VARCHAR",
        "users": "VARCHAR",
        "algorithm": "VARCHAR",
        "k": "INTEGER",
        "metric": "VARCHAR",
        "mean": "DOUBLE",
        "low": "DOUBLE",
        "high": "DOUBLE",
        "n_users": "INTEGER",
        "cold_user_share": "DOUBLE",
        "cold_item_share": "DOUBLE",
        "status": "VARCHAR",
    },
    "grades.policy_effects": {"graded_night": "DATE"}
    | dict.fromkeys(("task", "rule", "metric"), "VARCHAR")
    | {"k": "INTEGER"}
    | dict.fromkeys(("with_rule", "without_rule", "difference", "low", "high"), "DOUBLE")
    | dict.fromkeys(("n_users", "n_changed"), "INTEGER"),
    "grades.pooled": {
        "task": "VARCHAR",
        "users": "VARCHAR",
        "algorithm": "VARCHAR",
        "k": "INTEGER",
        "metric": "VARCHAR",
        "status": "VARCHAR",
        "mean": "DOUBLE",
        "low": "DOUBLE",
        "high": "DOUBLE",
        "n_nights": "INTEGER",
        "n_users": "INTEGER",
        "n_user_nights": "INTEGER",
    },
    "grades.comparisons": {
        "task": "VARCHAR",
        "algorithm": "VARCHAR",
        "baseline": "VARCHAR",
        "k": "INTEGER",
        "metric": "VARCHAR",
        "status": "VARCHAR",
        "difference": "DOUBLE",
        "low": "DOUBLE",
        "high": "DOUBLE",
        "p": "DOUBLE",
        "p_corrected": "DOUBLE",
        "n_compared": "INTEGER",
        "n_nights": "INTEGER",
        "n_users": "INTEGER",
        "n_user_nights": "INTEGER",
    },
}
