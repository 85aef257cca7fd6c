"""Rules applied to rankings: all of them together, and each left out in turn, so that its effect can be graded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from recsys_assets.ranking.policies.base import Effect, Items, Offered, Rule

    Ints = NDArray[np.int32]
    Bits = NDArray[np.uint32]

ALL = "all"
"""Stands for every rule, where one is named that is left out."""
_UNASKED = 1 << 31
"""Bit of a row that only a rule brought in, and that no rule asked for: it is in no list."""


class Chosen(NamedTuple):
    """Lists after the rules."""

    offsets: NDArray[np.int64]
    """ndarray of shape (n_lists + 1,): where the items of each list begin and end."""
    rows: Ints
    """ndarray of shape (n,): places among the night's items, list by list, best first."""
    rules: Bits
    """ndarray of shape (n,): bit i: the rule i of those in force stands behind the row's place."""


def with_added(offered: Offered, items: Ints) -> tuple[Offered, NDArray[np.bool_]]:
    """Rankings that hold some items at their end if nowhere else, and which of their rows are such."""
    import numpy as np

    size = len(offered.items.keys)
    held = offered.list_of * size + offered.rows
    wanted = (np.arange(len(offered.users))[:, None] * size + items).ravel()
    wanted = wanted[~np.isin(wanted, held)]
    order = np.argsort(np.concatenate([offered.list_of, wanted // size]), kind="stable")
    rows = np.concatenate([offered.rows, (wanted % size).astype(np.int32)])[order]
    lengths = np.diff(offered.offsets) + np.bincount(wanted // size, minlength=len(offered.users))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return replace(offered, rows=rows, offsets=offsets), order >= len(held)


def effects_of(rules: Sequence[Rule], offered: Offered) -> list[Effect]:
    """What each rule does to rankings; one that is for other tasks does nothing."""
    from recsys_assets.ranking.policies.base import Effect

    return [rule.effect(offered) if offered.task in rule.settings.tasks else Effect() for rule in rules]


def choose(
    offered: Offered, added: NDArray[np.bool_], effects: Sequence[Effect], *, n: int, depth: int, left_out: int = -1
) -> Chosen:
    """Lists of ``n`` places under the rules, and what follows them.

    A row's relevance is ``1 / log2(1 + place)`` times the rules' factors: of its place alone, since scores of different
    rankings have different scales. What follows a full list is the rest of the ranking without what is removed; a
    list that ends before ``n`` is followed by nothing. Time O(rows * n) at most.

    Parameters
    ----------
    offered : Offered
    added : ndarray of bool, shape (n_rows,)
        Rows that are there for a rule alone.
    effects : sequence of Effect
        One of each rule.
    n, depth : int
        Places of a list, and of a list with what follows.
    left_out : int
        The rule that does nothing this time; -1: none.
    """
    import numpy as np

    from recsys_assets.kernels.policies import choose_rows

    longest = int(np.diff(offered.offsets).max(initial=0))
    out = np.empty((len(offered.users), min(depth, longest)), np.int64)
    why = np.zeros(out.shape, np.uint32)
    combined = _combined(offered, added, {place: each for place, each in enumerate(effects) if place != left_out}, n)
    sizes = choose_rows(offered.offsets, *combined, n, out, why)
    is_filled = np.arange(out.shape[1]) < sizes[:, None]
    offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return Chosen(offsets, offered.rows[out[is_filled]], why[is_filled] & np.uint32(_UNASKED - 1))


class _Combined(NamedTuple):
    """What all rules together do, as `kernels.policies.choose_rows` takes it."""

    relevance: NDArray[np.float64]
    removed: Bits
    factored: Bits
    pinned: Ints
    groups: Ints
    caps: Ints
    alike: Ints
    strength: float
    bits: Bits


def _combined(offered: Offered, added: NDArray[np.bool_], effects: Mapping[int, Effect], n: int) -> _Combined:
    """Effects by the place of their rule, as arrays over the rows."""
    import numpy as np

    n_rows = len(offered.rows)
    # Rounded, as the last bit of a logarithm is not the same on every machine.
    relevance = np.round(1 / np.log2(1 + offered.places.astype(np.float64)), 12)
    removed, factored, pinned = np.zeros(n_rows, np.uint32), np.zeros(n_rows, np.uint32), np.zeros(n_rows, np.int32)
    alike, strength = np.full(n_rows, -1, np.int32), 0.0
    groups, caps, bits = [np.full(n_rows, -1, np.int32)], [n], [0, 0, 0]
    for place, effect in effects.items():
        bit = np.uint32(1 << place)
        if effect.removed is not None:
            removed[effect.removed] |= bit
        if effect.factors is not None:
            relevance *= effect.factors
            factored[effect.factors != 1] |= bit
        for codes, most in effect.caps:
            groups, caps, bits = [*groups, codes], [*caps, most], [*bits, 1 << place]
        if effect.alike is not None:
            (alike, strength), bits[0] = effect.alike, 1 << place
        if effect.pinned is not None:
            pinned, bits[1] = effect.pinned, 1 << place
    removed[added & (pinned == 0)] |= np.uint32(_UNASKED)
    pinned = np.where(removed > 0, 0, pinned).astype(np.int32)
    every_group = np.ascontiguousarray(np.stack(groups))
    limits, of_rules = np.array(caps, np.int32), np.array(bits, np.uint32)
    return _Combined(relevance, removed, factored, pinned, every_group, limits, alike, strength, of_rules)


def names_of(bits: Bits, names: Sequence[str]) -> NDArray[np.object_]:
    """Names of the rules behind each row, with commas between; empty: none."""
    import numpy as np

    distinct, of_each = np.unique(bits, return_inverse=True)
    said = [",".join(name for place, name in enumerate(names) if int(each) >> place & 1) for each in distinct]
    return np.array(said, dtype=object)[of_each] if len(said) else np.empty(0, dtype=object)


def added_by(rules: Sequence[Rule], items: Items, offered: Offered) -> Ints:
    """Places of items that rules bring into every ranking of a task, each once, in order."""
    import numpy as np

    asked = [rule.added(items, offered.night) for rule in rules if offered.task in rule.settings.tasks]
    return np.unique(np.concatenate([np.empty(0, np.int32), *asked])).astype(np.int32)
