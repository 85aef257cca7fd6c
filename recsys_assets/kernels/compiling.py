"""How kernels are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from collections.abc import Callable


def compiled(inline: bool = False) -> Callable[[Any], Any]:
    """Compile a function for the types it is called with, keep the result, and let other threads run meanwhile.

    Parameters
    ----------
    inline
        Copy it into its callers, as is worth it for a line or two.
    """
    compile_: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, inline="always" if inline else "never")
    return compile_
