"""What tuned settings are worth: on the nights that trials were graded on, and on one that no trial saw.

What belongs here: the value that a study looks for, and the paired comparison on the night held out; pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.evaluation.uncertainty import bootstrap_mean_interval, exact_mean, sign_flip_p

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recsys_jobs.tuning.folds import Grades


@dataclass(frozen=True)
class Gain:
    """One task's NDCG@10 of users then known, with the defaults and with the tuned settings."""

    task: str
    default_ndcg: float
    tuned_ndcg: float
    """Mean over the user-nights that trials were graded on: what the study chose by, so it flatters."""
    held_out_default: float
    held_out_tuned: float
    """Mean over the users of the night held out."""
    difference: float
    """Of these two, paired by user."""
    low: float
    high: float
    """Its 95% bootstrap interval over users."""
    p: float
    """Two-sided, of the sign-flip test over users."""
    n_users: int


def worth(grades: Sequence[Grades], defaults: Sequence[Grades], tasks: Sequence[str]) -> float:
    """How many times as good as the defaults settings are: NDCG@10 over that of the defaults, mean over tasks.

    Tasks count alike, though NDCG@10 is ten times as high in one as in the other. Where the defaults hit nothing, one
    hundredth stands for their NDCG@10.
    """
    ratios = []
    for task in tasks:
        tuned, default = pooled(grades, task), pooled(defaults, task)
        ratios.append(1 + (tuned - default) / (default or 0.01))
    return sum(ratios) / len(ratios)


def gains_of(
    defaults: Mapping[str, float],
    tuned: Mapping[str, float],
    held_out_default: Grades,
    held_out_tuned: Grades,
    tasks: Sequence[str],
    seed: int,
) -> list[Gain]:
    """Compare by task; of those in which somebody is graded on the night held out.

    Parameters
    ----------
    defaults, tuned : mapping of str to float
        NDCG@10 of the trials of both, by task.
    """
    gains = []
    for task in tasks:
        if task not in held_out_default:
            continue
        before, after = held_out_default[task], held_out_tuned[task]
        differences = (after - before)[:, None]
        low, high = bootstrap_mean_interval(differences, seed=seed)
        gains.append(
            Gain(
                task=task,
                default_ndcg=defaults[task],
                tuned_ndcg=tuned[task],
                held_out_default=exact_mean(before, len(before)),
                held_out_tuned=exact_mean(after, len(after)),
                difference=exact_mean(differences[:, 0], len(before)),
                low=float(low[0]),
                high=float(high[0]),
                p=float(sign_flip_p(differences, seed=seed)[0]),
                n_users=len(before),
            )
        )
    return gains


def pooled(grades: Sequence[Grades], task: str) -> float:
    """Mean over user-nights; 0 where nobody is graded."""
    values = [value for each in grades if task in each for value in each[task]]
    return exact_mean(values, len(values)) if values else 0.0
