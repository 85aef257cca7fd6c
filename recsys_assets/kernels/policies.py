"""The greedy choice of a list's places from its ranking, under rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba.core.types import float64, int64

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
def _fits(limits: tuple[Ints, Ints, Ints], row: int) -> int:
    """The first cap that a row would exceed, -1: none."""
    groups, caps, counts = limits
    for cap in range(len(caps)):
        group = groups[cap, row]
        if group >= 0 and counts[cap, group] >= caps[cap]:
            return cap
    return -1


@compiled()
def _count(limits: tuple[Ints, Ints, Ints], row: int, by: int) -> None:
    groups, caps, counts = limits
    for cap in range(len(caps)):
        if groups[cap, row] >= 0:
            counts[cap, groups[cap, row]] += by


@compiled()
def _reserve(first: int, last: int, pinned: Ints, limits: tuple[Ints, Ints, Ints], waiting: NDArray[np.bool_]) -> None:
    """Set aside the pinned rows that the caps have room for."""
    for row in range(first, last):
        waiting[row] = pinned[row] > 0 and _fits(limits, row) < 0
        if waiting[row]:
            _count(limits, row, 1)


@compiled()
def _pinned_at(first: int, last: int, rank: int, pinned: Ints, waiting: NDArray[np.bool_]) -> int:
    """The row pinned to the first place of those up to ``rank`` that waits; -1: none."""
    best = -1
    for row in range(first, last):
        if waiting[row] and pinned[row] <= rank and (best < 0 or pinned[row] < pinned[best]):
            best = row
    return best


@compiled()
def _best(
    first: int,
    last: int,
    relevance: NDArray[np.float64],
    removed: Bits,
    held: tuple[Ints, NDArray[np.bool_]],
    limits: tuple[Ints, Ints, Ints],
    likes: tuple[Ints, NDArray[np.bool_]],
    strength: float,
) -> int:
    """The row that is to have the next place; -1: none is left."""
    (state, waiting), (alike, seen) = held, likes
    best, greatest = -1, -np.inf
    for row in range(first, last):
        if state[row] == FREE and not waiting[row] and removed[row] == 0 and _fits(limits, row) < 0:
            like = 1.0 if alike[row] >= 0 and seen[alike[row]] else 0.0
            score = (1 - strength) * relevance[row] - strength * like
            if score > greatest:
                best, greatest = row, score
    return best


@compiled()
def _passed(
    first: int,
    best: int,
    relevance: NDArray[np.float64],
    removed: Bits,
    factored: Bits,
    held: tuple[Ints, NDArray[np.bool_]],
    limits: tuple[Ints, Ints, Ints],
    bits: Bits,
) -> np.uint32:
    """Bits of the rules that keep what stands above a row from its place; of what is out for good, told once."""
    (state, waiting), why = held, np.uint32(0)
    for row in range(first, best):
        if state[row] != FREE or waiting[row]:
            continue
        over = _fits(limits, row)
        if removed[row]:
            why, state[row] = why | removed[row], PASSED
        elif over >= 0:
            why, state[row] = why | bits[2 + over], PASSED
        elif relevance[row] > relevance[best]:
            why |= bits[0]
        else:
            why |= factored[row] | factored[best]
    return why


@compiled()
def _forget(
    rows: NDArray[np.int64],
    first: int,
    last: int,
    limits: tuple[Ints, Ints, Ints],
    likes: tuple[Ints, NDArray[np.bool_]],
    waiting: NDArray[np.bool_],
) -> None:
    """Make the counts those of an empty list again."""
    alike, seen = likes
    for row in rows:
        _count(limits, row, -1)
        if alike[row] >= 0:
            seen[alike[row]] = False
    for row in range(first, last):
        if waiting[row]:  # Pinned behind the end of the list.
            waiting[row] = False
            _count(limits, row, -1)


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


_READ = ("int64", "float64", "uint32", "uint32", "int32")


@compiled(
    written("int32")(
        *map(read, _READ),
        read("int32", 2),
        read("int32"),
        read("int32"),
        float64,
        read("uint32"),
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
    alike: Ints,
    strength: float,
    bits: Bits,
    n: int,
    out: NDArray[np.int64],
    why: Bits,
) -> Ints:
    """Choose each list's places in turn: what is pinned there, else the best that the rules leave; then what follows.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_lists + 1,)
    relevance : ndarray of float64, shape (n_rows,)
        In the order of the ranking, list by list; so are ``removed`` and ``factored``, bits of rules that took a row
        out or changed its relevance, ``pinned``, its place or 0, and ``alike``, its group or -1.
    groups, caps : ndarray of int32, shape (n_caps, n_rows) and (n_caps,)
        Group of each row or -1, and the most rows of one.
    bits : ndarray of uint32, shape (2 + n_caps,)
        Of the rules ``diversity`` and ``pin``, and of each cap.
    out, why : ndarray of int64 and of uint32, shape (n_lists, depth)
        Are filled with rows, and with the bits of the rules behind the first ``n`` places; zeros at first.

    Returns
    -------
    ndarray of int32, shape (n_lists,)
        How many rows each list has, what follows it included.
    """
    sizes, waiting = np.zeros(len(offsets) - 1, np.int32), np.zeros(len(pinned), np.bool_)
    state, seen = np.zeros(len(pinned), np.int32), np.zeros(alike.max() + 1 if alike.size else 1, np.bool_)
    limits = groups, caps, np.zeros((len(caps), groups.max() + 1 if groups.size else 1), np.int32)
    held, likes = (state, waiting), (alike, seen)
    for place in range(len(sizes)):
        first, last, size = offsets[place], offsets[place + 1], 0
        _reserve(first, last, pinned, limits, waiting)
        while size < min(n, out.shape[1]):
            row = _pinned_at(first, last, size + 1, pinned, waiting)
            best = row if row >= 0 else _best(first, last, relevance, removed, held, limits, likes, strength)
            if best < 0:  # The ranking has ended: what is pinned further down comes now.
                row = best = _pinned_at(first, last, _ANY, pinned, waiting)
            if best < 0:
                break
            if row >= 0:
                waiting[row], why[place, size] = False, bits[1]
            else:
                why[place, size] = _passed(first, best, relevance, removed, factored, held, limits, bits)
                _count(limits, best, 1)
            out[place, size], state[best], size = best, CHOSEN, size + 1
            if alike[best] >= 0:
                seen[alike[best]] = True
        _forget(out[place, :size], first, last, limits, likes, waiting)
        sizes[place] = _follow(first, last, size, relevance, removed, state, out[place]) if size == n else size
    return sizes
