"""How kernels are compiled: for one set of types each, as their modules are imported, and once for all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
from numba import types

if TYPE_CHECKING:
    from collections.abc import Callable


def read(kind: Any, n_dimensions: int = 1) -> types.Array:
    """A contiguous array that a kernel reads, such as "i4"; it may be one that nobody may write into."""
    return types.Array(getattr(types, kind), n_dimensions, "C", readonly=True)


def written(kind: Any, n_dimensions: int = 1) -> types.Array:
    """A contiguous array that a kernel writes into."""
    return types.Array(getattr(types, kind), n_dimensions, "C")


def compiled(*signatures: Any) -> Callable[[Any], Any]:
    """Compile a function for types, or as its callers need it, keep the result, and let other threads run meanwhile.

    Parameters
    ----------
    signatures
        Calls that it is compiled for, as ``result(argument, ...)``; without any it is part of other kernels.
    """
    compile_: Callable[[Any], Any] = numba.njit(list(signatures) or None, cache=True, nogil=True)
    return compile_
