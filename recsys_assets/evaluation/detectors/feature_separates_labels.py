"""Whether a feature is the label in disguise: it separates what was taken by itself, or is another thing when served.

The examples of a night hold the features of the graded night beside what happened since. A feature made with a look at
the outcome parts taken from not taken as no honest one does. One that was computed in another way than when the lists
were made differs from what was served; one that only the outcome fills is constant tonight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.evaluation.detectors.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from recsys_assets.evaluation.uncertainty import Floats

NAME = "feature_separates_labels"
MIN_EACH = 30
"""Examples taken, and not taken, below which nothing is said."""
MIN_ROWS, MAX_ROWS = 500, 5_000
"""Candidates of either night below which their values are not compared, and how many are (every so many)."""
SEPARATES = 0.7
"""Greatest distance of the values of taken and not taken (Kolmogorov and Smirnov's D: 1 parts them wholly) from which
on a feature is suspicious. The best honest features reach 0.4 (docs/detectors.md)."""
TELLS = 0.2
"""Distance from which on a feature tells taken from not taken well enough that it may not be constant when served."""
SHIFTED, EMPTIED = 0.8, 0.5
"""Distance of the values of two nights, and rise of the share of nulls, from which on they are of different kinds."""
SURE = 4.0
"""Standard errors by which a distance must exceed its threshold."""


def separation(
    names: Sequence[str], matrix: NDArray[np.float32], taken: NDArray[np.bool_], weights: Floats
) -> tuple[Floats, Floats]:
    """How far the values of taken and not taken examples lie apart, for each feature.

    Cost: one sort a feature.

    Parameters
    ----------
    names : sequence of str, length n_features
    matrix : float32 ndarray of shape (n_examples, n_features)
        NaN where null: below all else.
    taken : bool ndarray of shape (n_examples,)
    weights : float64 ndarray of shape (n_examples,)
        How many examples each stands for.

    Returns
    -------
    distance, auc : float64 ndarrays of shape (n_features,)
        Distance of the two distributions (0 to 1), and area under the curve (1/2: says nothing; 0 or 1: all).
    """
    import numpy as np

    distance, auc = np.zeros(len(names)), np.full(len(names), 0.5)
    positive, negative = weights * taken, weights * ~taken
    for place in range(len(names)):
        _, codes = np.unique(np.nan_to_num(matrix[:, place], nan=-np.inf), return_inverse=True)
        share_taken, share_other = (_shares(codes, side) for side in (positive, negative))
        below_taken, below_other = np.cumsum(share_taken), np.cumsum(share_other)
        distance[place] = np.abs(below_taken - below_other).max()
        auc[place] = (share_taken * (below_other - share_other / 2)).sum()
    return distance, auc


def judge_separation(
    task: str, names: Sequence[str], matrix: NDArray[np.float32], taken: NDArray[np.bool_], weights: Floats
) -> list[Finding]:
    """Whether a feature parts taken from not taken of one task nearly by itself; one finding a feature.

    Parameters are those of `separation`, and the task's name.
    """
    import numpy as np

    measure, n, n_taken = f"distance of taken and not taken, {task}", len(taken), int(taken.sum())
    if min(n_taken, n - n_taken) < MIN_EACH:
        why = f"not judged: {n_taken} of {n} examples were taken; too few of either"
        return [Finding(NAME, name, measure, n=n, reason=why) for name in names]
    distance, auc = separation(names, matrix, taken, weights)
    error = SURE * np.sqrt(distance * (1 - distance) * (1 / n_taken + 1 / (n - n_taken)))
    suspicious = distance - error >= SEPARATES
    return [
        Finding(
            NAME,
            name,
            measure,
            float(distance[place]),
            float(auc[place]),
            SEPARATES,
            None,
            n,
            bool(suspicious[place]),
            "it says by itself what was taken: it was made with a look at the outcome" if suspicious[place] else "",
        )
        for place, name in enumerate(names)
    ]


def judge_served(names: Sequence[str], learned: NDArray[np.float32], served: NDArray[np.float32]) -> list[Finding]:
    """Whether the examples hold the features that the same candidates were ranked by; one finding a feature.

    Parameters
    ----------
    learned, served : float32 ndarrays of shape (n_examples, n_features)
        Of the same candidates, row by row: as the examples hold them, and as the graded night's tables do. NaN: null.
    """
    import numpy as np

    both_null = np.isnan(learned) & np.isnan(served)
    shares = ((learned != served) & ~both_null).mean(axis=0) if len(learned) else np.zeros(len(names))
    measure = "share of examples with another value than when served"
    why = "the examples hold other values of it than the lists were made with: training and serving differ"
    return [
        Finding(NAME, name, measure, float(share), 0.0, 0.0, None, len(learned), bool(share > 0), why if share else "")
        for name, share in zip(names, shares, strict=True)
    ]


def judge_drift(
    names: Sequence[str],
    graded: NDArray[np.float32],
    tonight: NDArray[np.float32],
    telling: NDArray[np.bool_],
    horizon: int,
) -> list[Finding]:
    """Whether tonight's candidates have values of another kind than those of the graded night; one finding a feature.

    Ages grow by the horizon from one to the other: of the distances with and without that the smaller counts.

    Parameters
    ----------
    graded, tonight : float32 ndarrays of shapes (n_graded, n_features) and (n_tonight, n_features)
        NaN where null.
    telling : bool ndarray of shape (n_features,)
        Whether the feature tells taken from not taken, by `TELLS`.
    horizon : int
        Days between the two nights.
    """
    import numpy as np

    measure = "distance of the graded night's and tonight's values"
    if min(len(graded), len(tonight)) < MIN_ROWS:
        why = f"not judged: {len(graded)} and {len(tonight)} candidates; too few"
        return [Finding(NAME, name, measure, n=len(tonight), reason=why) for name in names]
    findings = []
    graded, tonight = (rows[:: max(1, len(rows) // MAX_ROWS)] for rows in (graded, tonight))
    for place, name in enumerate(names):
        before, now = (rows[:, place][~np.isnan(rows[:, place])] for rows in (graded, tonight))
        emptied = (1 - len(now) / len(tonight)) - (1 - len(before) / len(graded))
        distance = 0.0
        if min(len(before), len(now)) >= MIN_ROWS:
            distance = min(_distance(before + shift, now) for shift in (0, horizon))
        constant = len(before) > 0 and telling[place] and before.min() < before.max() and _one_value(tonight[:, place])
        reason = ""
        if constant:
            reason = "it tells what was taken in the examples and is the same for all tonight: the outcome filled it"
        elif emptied >= EMPTIED:
            reason = f"it is null for {emptied:.0%} more of tonight's candidates than of the graded night's"
        elif distance >= SHIFTED:
            reason = "its values are of another kind than those of the graded night, of which the rerankers learn"
        value = max(distance, emptied)
        findings.append(Finding(NAME, name, measure, value, None, SHIFTED, None, len(now), bool(reason), reason))
    return findings


def _shares(codes: NDArray[np.int64], weights: Floats) -> Floats:
    import numpy as np

    sums = np.bincount(codes, weights)
    shares: Floats = sums / sums.sum()
    return shares


def _distance(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """Greatest difference of the two cumulative distributions."""
    import numpy as np

    left, right = np.sort(left), np.sort(right)
    every = np.concatenate([left, right])
    below = [np.searchsorted(side, every, side="right") / len(side) for side in (left, right)]
    return float(np.abs(below[0] - below[1]).max())


def _one_value(column: NDArray[np.float32]) -> bool:
    import numpy as np

    known = column[~np.isnan(column)]
    return not len(known) or (len(known) == len(column) and bool(known.min() == known.max()))
