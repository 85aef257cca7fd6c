"""The greedy choice of a list's places from its ranking, under rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba.core.types import float64, int64, uint32

from recsys_assets.kernels.compiling import compiled, read, written

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Bits = NDArray[np.uint32]

_ANY = 2**31 - 1
"""A rank that every pinned row has come to."""
FREE, CHOSEN, PASSED = 0, 1, 2
"""What became of a row: it may still be chosen; it has its place; it was passed over for good, which was told."""


@compiled()
def _fits(groups: Ints, caps: Ints, counts: NDArray[np.int32], row: int) -> int:
    """The first cap that a row would exceed, -1: none."""
    for cap in range(len(caps)):
        group = groups[cap, row]
        if group >= 0 and counts[cap, group] >= caps[cap]:
            return cap
    return -1


@compiled()
def _count(groups: Ints, counts: NDArray[np.int32], row: int, by: int) -> None:
    for cap in range(len(groups)):
        if groups[cap, row] >= 0:
            counts[cap, groups[cap, row]] += by


@compiled()
def _reserve(
    first: int, last: int, pinned: Ints, groups: Ints, caps: Ints, counts: NDArray[np.int32], waiting: NDArray[np.bool_]
) -> int:
    """Set aside the pinned rows that the caps have room for; returns how many."""
    n = 0
    for row in range(first, last):
        waiting[row] = pinned[row] > 0 and _fits(groups, caps, counts, row) < 0
        if waiting[row]:
            _count(groups, counts, row, 1)
            n += 1
    return n


@compiled()
def _pinned_at(first: int, last: int, rank: int, pinned: Ints, waiting: NDArray[np.bool_]) -> int:
    """The row pinned to the first place of those up to ``rank`` that waits; -1: none."""
    best = -1
    for row in range(first, last):
        if waiting[row] and pinned[row] <= rank and (best < 0 or pinned[row] < pinned[best]):
            best = row
    return best


@compiled()
def _follow(
    first: int, last: int, size: int, relevance: NDArray[np.float64], removed: Bits, state: Ints, out: NDArray[np.int64]
) -> int:
    """Fill what follows a list with the rest of the ranking, the most relevant first; returns where it ends."""
    while size < len(out):
        best = -1
        for row in range(first, last):
            if state[row] != CHOSEN and removed[row] == 0 and (best < 0 or relevance[row] > relevance[best]):
                best = row
        if best < 0:
            break
        out[size], state[best] = best, CHOSEN
        size += 1
    return size


@compiled(
    written("int32")(
        read("int64"),
        read("float64"),
        read("uint32"),
        read("uint32"),
        read("int32"),
        read("int32", 2),
        read("int32"),
        read("uint32"),
        read("int32"),
        float64,
        uint32,
        uint32,
        int64,
        written("int64", 2),
        written("uint32", 2),
    )
)
def choose_rows(
    offsets: NDArray[np.int64],
    relevance: NDArray[np.float64],
    removed: Bits,
    factored: Bits,
    pinned: Ints,
    groups: Ints,
    caps: Ints,
    cap_bits: Bits,
    alike: Ints,
    strength: float,
    alike_bit: int,
    pin_bit: int,
    n: int,
    out: NDArray[np.int64],
    why: Bits,
) -> Ints:
    """Choose each list's places one after the other: the pinned row, else the best that the rules leave.

    The best has the greatest ``(1 - strength) * relevance - strength * likeness``, of equals the one that the ranking
    has higher (Carbonell and Goldstein, SIGIR 1998). ``why`` says which rules keep from a place, or took out before it,
    what the ranking has above the row that stands there.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_lists + 1,)
    relevance : ndarray of float64, shape (n_rows,)
        In the order of the ranking, list by list; so are the others.
    removed, factored : ndarray of uint32, shape (n_rows,)
        Bits of the rules that took a row out, and of those that changed its relevance.
    pinned : ndarray of int32, shape (n_rows,)
        The place that a row has, 0: none.
    groups : ndarray of int32, shape (n_caps, n_rows)
        -1: none.
    caps, cap_bits : ndarray of shape (n_caps,)
        Most rows of a group in a list, and the bit of the rule.
    alike : ndarray of int32, shape (n_rows,)
        Rows of one group are alike; -1: like nothing.
    strength, alike_bit, pin_bit, n
        Places of a list: ``n``.
    out : ndarray of int64, shape (n_lists, depth)
        Is filled with rows.
    why : ndarray of uint32, shape (n_lists, depth)
        Is filled with bits of rules; of zeros at first.

    Returns
    -------
    ndarray of int32, shape (n_lists,)
        How many rows each list has, what follows it included.
    """
    sizes, depth = np.zeros(len(offsets) - 1, np.int32), out.shape[1]
    state, waiting = np.zeros(len(relevance), np.int32), np.zeros(len(relevance), np.bool_)
    counts = np.zeros((len(caps), max(1, groups.max() + 1 if groups.size else 1)), np.int32)
    seen = np.zeros(max(1, alike.max() + 1 if alike.size else 1), np.bool_)
    for place in range(len(sizes)):
        first, last = offsets[place], offsets[place + 1]
        n_waiting, size, left = _reserve(first, last, pinned, groups, caps, counts, waiting), 0, True
        while size < min(n, depth) and (left or n_waiting):
            best = _pinned_at(first, last, size + 1 if left else _ANY, pinned, waiting) if n_waiting else -1
            bits = uint32(pin_bit) if best >= 0 else uint32(0)
            if best < 0:
                greatest = -np.inf
                for row in range(first, last):
                    if state[row] == FREE and not waiting[row] and removed[row] == 0:
                        if _fits(groups, caps, counts, row) >= 0:
                            continue
                        like = 1.0 if alike[row] >= 0 and seen[alike[row]] else 0.0
                        score = (1 - strength) * relevance[row] - strength * like
                        if score > greatest:
                            greatest, best = score, row
                if best < 0:
                    left = False
                    continue
                for row in range(first, best):
                    if state[row] != FREE or waiting[row]:
                        continue
                    over = _fits(groups, caps, counts, row)
                    if removed[row]:
                        bits, state[row] = bits | removed[row], PASSED
                    elif over >= 0:
                        bits, state[row] = bits | cap_bits[over], PASSED
                    elif relevance[row] > relevance[best]:
                        bits |= alike_bit
                    else:
                        bits |= factored[row] | factored[best]
                _count(groups, counts, best, 1)
            else:
                waiting[best] = False
                n_waiting -= 1
            out[place, size], why[place, size], state[best] = best, bits, CHOSEN
            if alike[best] >= 0:
                seen[alike[best]] = True
            size += 1
        for entry in range(size):
            if alike[out[place, entry]] >= 0:
                seen[alike[out[place, entry]]] = False
            _count(groups, counts, out[place, entry], -1)
        for row in range(first, last):
            if waiting[row]:  # Pinned behind the end of a list.
                waiting[row] = False
                _count(groups, counts, row, -1)
        sizes[place] = _follow(first, last, size, relevance, removed, state, out[place]) if size == n else size
    return sizes
