"""Whether a column of items, users or pairs says more of what came after a cutoff than their own history explains.

A supplier's lifetime total, an all-time rank, a customer's final segment: such a column was filled when the future was
known. On the graded night that future is known here, too. So each column is held against what its entities did after
the cutoff, given what they had done before: the partial rank correlation with the events of the horizon after it. The
same is asked one horizon earlier, of the events of the horizon before the cutoff given what came before those. A column
of the past explains at most the latter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.detectors.finding import Finding, corrected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from recsys_assets.evaluation.uncertainty import Floats

NAME = "column_knows_the_future"
MEASURE = "partial rank correlation with the horizon after the cutoff"
MIN_ENTITIES = 100
MIN_ACTIVE = 30
"""Entities with events after the cutoff, and with other values than the most usual one, below which nothing is said."""
ALPHA = 0.0001
"""Chance of any false alarm of a night, as far as chance is all there is."""
TOTAL = 0.10
"""Correlation that is suspicious in a column that is a count or a sum."""
LIKE = 0.8
"""Rank correlation with a count or a sum from which on a column may be one."""
HALF, CHANCE = 0.5, 0.01
"""Part of the entities expected to fall short of the total with the horizon after the cutoff, if the column knew
nothing of that horizon, and the chance of so few when it is that part. A total made later falls short nowhere."""
NEIGHBOURS = 5
"""Entities of nearly the same history on either side, of which that is expected."""
NUMBERS, TEXTS = (0.25, 0.20, 0.40), (0.35, 0.25, 0.50)
"""Of other numbers, and of texts: correlation that is suspicious where a column says more of after than of before, how
much more that must be, and what is suspicious by itself. What is honestly known (a season, the market) says something
of what comes, too: simulated clean nights stay below (docs/detectors.md)."""
MAX_LEVELS, MIN_LEVEL = 50, 20
"""Texts told apart, and how many entities must have one."""
EXPLAINED = 1e-3
"""Share of a column's variance beside the history below which the history is all it says."""
SUMS = {"n": "a number of events", "quantity": "a number of pieces", "value": "a sum of money"}
"""What a delivered total may be a total of."""
HISTORY = (
    *(f"{name}_{when}" for name in SUMS for when in ("before", "after")),
    *("n_last", "n_second", "n_third", "decayed", "earlier_decayed"),
    *("recency_days", "earlier_recency_days", "age_days"),
)
"""Arrays that `judge_columns` wants of its entities, one value each: events (pieces, money) before and within the
horizon after the cutoff; events of the last horizon before it, the second last and the third last; all before it,
halved with every two horizons, as of the cutoff and as of one horizon earlier; days from the last event to the cutoff,
from the last one before the last horizon to the beginning of that, and from the first to the cutoff."""


@dataclass(frozen=True)
class _Said:
    """What a column says of one window beside the history."""

    r: float
    p: float
    explained: bool = False


def judge_columns(history: Mapping[str, Floats], columns: Mapping[str, NDArray[Any]]) -> list[Finding]:
    """What each column knows of its entities' future.

    P-values are those of each column by itself: `correct` corrects those of a night together. Cost: one sort a column,
    and products with about thirty columns of the history.

    Parameters
    ----------
    history : mapping of str to float64 ndarray of shape (n_entities,)
        The arrays named in `HISTORY`.
    columns : mapping of str to ndarray of shape (n_entities,)
        By the name that findings have: numbers (NaN where null), or texts as objects (None where null).

    Returns
    -------
    list of Finding
        One a column, in order.
    """
    import numpy as np

    n = len(history["n_before"])
    active = int((history["n_after"] > 0).sum())
    if n < MIN_ENTITIES or active < MIN_ACTIVE:
        why = f"not judged: {n} entities with a history, {active} with events after the cutoff; too few"
        return [Finding(NAME, name, MEASURE, n=n, reason=why) for name in columns]
    after, before, totals = _Window(history, "n_after"), _Window(history, "n_last"), _totals(history)
    findings: list[Finding] = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for name, given in columns.items():
            column, levels = _encoded(given)
            if column is None:
                findings.append(Finding(NAME, name, MEASURE, n=n, reason=f"not judged: {levels}"))
            elif levels:
                findings.append(_finding(name, n, after.by_level(column), before.by_level(column), TEXTS))
            else:
                found = _finding(name, n, after.by_rank(column), before.by_rank(column), NUMBERS)
                findings.append(_of_total(found, column, totals, after) or found)
    return findings


def correct(findings: Sequence[Finding]) -> list[Finding]:
    """Findings of a night with p-values corrected for their number; those above `ALPHA` are not suspicious."""
    judged = [place for place, found in enumerate(findings) if found.p is not None]
    kept = list(findings)
    for place, p in zip(judged, corrected([kept[place].p or 0.0 for place in judged]), strict=True):
        found = kept[place]
        suspicious = found.is_suspicious and p < ALPHA
        reason = found.reason if suspicious or not found.is_suspicious else ""
        kept[place] = replace(found, p=float(p), is_suspicious=suspicious, reason=reason)
    return kept


class _Window:
    """The events of one horizon, beside all that entities had done before it."""

    def __init__(self, history: Mapping[str, Floats], outcome: str) -> None:
        import numpy as np

        if outcome == "n_after":
            counts = [history[name] for name in ("n_before", "decayed", "n_last", "n_second", "n_third")]
            times = [history["recency_days"], history["age_days"]]
        else:
            counts = [history["n_before"] - history["n_last"]]
            counts += [history[name] for name in ("earlier_decayed", "n_second", "n_third")]
            times = [history["earlier_recency_days"], history["age_days"]]
        ranked = [_ranks(values) for values in (*counts, *times, history["value_before"])]
        parts = [np.ones(len(counts[0])), *(np.log1p(values) for values in counts)]
        parts += [rank**power for rank in ranked for power in (1, 2, 3)]
        self.basis = _basis(np.column_stack(parts))
        self.left = self.beside(_ranks(history[outcome]))
        self.freedom = max(len(self.left) - self.basis.shape[1] - 1, 1)

    def beside(self, values: Floats) -> Floats:
        """What the history does not explain of values."""
        left: Floats = values - self.basis @ (self.basis.T @ values)
        return left

    def by_rank(self, column: Floats) -> _Said:
        """Partial rank correlation, tested with a variance that may differ with the history (White, 1980)."""
        import numpy as np
        from scipy.stats import norm

        ranks = _ranks(column)
        left = self.beside(ranks)
        whole = ranks @ ranks
        if whole <= 0 or left @ left < EXPLAINED * whole:
            return _Said(0.0, 1.0, explained=True)
        products = left * self.left
        r = products.sum() / np.sqrt(left @ left * (self.left @ self.left))
        robust = products.sum() / np.sqrt(products @ products)
        plain = r * np.sqrt(self.freedom / max(1 - r * r, 1e-12))
        z = min(abs(robust), abs(plain))
        return _Said(float(r), float(2 * norm.sf(z)))

    def by_level(self, codes: NDArray[np.int64]) -> _Said:
        """Correlation ratio of what the history leaves over the levels of a text, adjusted for their number."""
        import numpy as np
        from scipy.stats import f

        n_levels = int(codes.max()) + 1
        sizes = np.bincount(codes)
        sums = np.bincount(codes, self.left)
        explained = float((sums**2 / sizes).sum() / (self.left @ self.left))
        free = max(self.freedom + 1 - n_levels, 1)
        ratio = explained / (n_levels - 1) / max((1 - explained) / free, 1e-12)
        adjusted = max(1 - (1 - explained) * (len(codes) - 1) / max(len(codes) - n_levels, 1), 0.0)
        return _Said(float(np.sqrt(adjusted)), float(f.sf(ratio, n_levels - 1, free)))


def _finding(name: str, n: int, after: _Said, before: _Said, limits: tuple[float, float, float]) -> Finding:
    """A finding whose p-value is not corrected yet."""
    some, more, alone = limits
    size, reason, threshold = abs(after.r), "", alone
    if size >= some and size - abs(before.r) >= more:
        threshold = some
        reason = "it says more of what came after the cutoff than of what came before: it was filled later"
    elif size >= alone:
        reason = "it says more of what came after the cutoff than any history does: it was filled later"
    elif after.explained:
        reason = "the visible history explains all of it"
    return Finding(NAME, name, MEASURE, after.r, before.r, threshold, after.p, n, size >= threshold, reason)


@dataclass(frozen=True)
class _Total:
    """A count or a sum of each entity's events."""

    told: str
    visible: Floats
    came: Floats
    """What the horizon after the cutoff added."""
    ranks: tuple[Floats, Floats]
    """Ranks of it as visible before the cutoff, and with the horizon after it."""


def _totals(history: Mapping[str, Floats]) -> list[_Total]:
    totals = []
    for name, told in SUMS.items():
        visible, came = history[f"{name}_before"], history[f"{name}_after"]
        totals.append(_Total(told, visible, came, (_ranks(visible), _ranks(visible + came))))
    return totals


def _of_total(found: Finding, column: Floats, totals: Sequence[_Total], after: _Window) -> Finding | None:
    """What a column says beyond the total that it is, in place of what was found; None where it is none."""
    import numpy as np

    mine = _ranks(column)
    for total in totals:
        near, nearer = (_correlation(mine, ranks) for ranks in total.ranks)
        if nearer < LIKE or nearer < near:
            continue
        beyond = np.where(np.isfinite(column), column - total.visible, 0.0)
        if _holds_what_came(beyond, total):
            said = after.by_rank(beyond)
            reason = f"it is {total.told} that goes on after the cutoff: a total that was made later"
            suspicious = said.r >= TOTAL
            told = reason if suspicious else ""
            return replace(found, value=said.r, threshold=TOTAL, p=said.p, is_suspicious=suspicious, reason=told)
    return None


def _holds_what_came(beyond: Floats, total: _Total) -> bool:
    """Whether what a column has beyond the visible total nowhere falls short of what came in the horizon after it.

    With what others of nearly the same history have beyond it, many would fall short.
    """
    import numpy as np
    from scipy.stats import poisson

    order = np.lexsort((beyond, total.visible))
    came, beyond = total.came[order], beyond[order] * (1 + 1e-6)
    active = came > 0
    short = int((active & (beyond < came)).sum())
    steps = [step for step in range(-NEIGHBOURS, NEIGHBOURS + 1) if step]
    expected = float(np.mean([(active & (np.roll(beyond, step) < came)).sum() for step in steps]))
    return bool(poisson.cdf(short, HALF * expected) < CHANCE)


def _encoded(given: NDArray[Any]) -> tuple[Any, str]:
    """Numbers as they are (and ``""``), texts as codes (and ``"levels"``); None, and why it cannot be judged."""
    import numpy as np

    if given.dtype != object:
        values = given.astype(np.float64)
        _, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        others = len(values) - max(counts.max(initial=0), len(values) - counts.sum())
        if others < MIN_ACTIVE:
            return None, "nearly all have one value"
        return values, ""
    texts, codes = np.unique(np.where(given == None, "", given).astype(str), return_inverse=True)  # noqa: E711
    sizes = np.bincount(codes)
    kept = np.argsort(-sizes, kind="stable")[:MAX_LEVELS]
    kept = kept[sizes[kept] >= MIN_LEVEL]
    if len(codes) - sizes.max(initial=0) < MIN_ACTIVE:
        return None, "nearly all have one value"
    if sizes[kept].sum() < len(codes) / 2:
        return None, f"{len(texts)} different texts"
    places = np.full(len(texts), len(kept))
    places[kept] = np.arange(len(kept))
    _, dense = np.unique(places[codes], return_inverse=True)
    return dense, "levels"


def _ranks(values: Floats) -> Floats:
    """Ranks from -1/2 to 1/2, equal values at their mean; what is null lies below all others."""
    import numpy as np
    from scipy.stats import rankdata

    known = np.where(np.isnan(values), -np.inf, values)
    ranks: Floats = (rankdata(known) - 0.5) / len(known) - 0.5
    return ranks


def _correlation(left: Floats, right: Floats) -> float:
    import numpy as np

    sizes = np.sqrt((left @ left) * (right @ right))
    return float(left @ right / sizes) if sizes > 0 else 0.0


def _basis(parts: Floats) -> Floats:
    """An orthonormal basis of the columns' span; columns that others explain add nothing."""
    import numpy as np

    scaled = parts / np.maximum(np.linalg.norm(parts, axis=0), 1e-12)
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    basis: Floats = left[:, sizes > 1e-7 * sizes.max()]
    return basis
