"""How many examples a property is tried with."""

import os

SLOW = "RECSYS_TESTS_SLOW"
"""Variable that is set while the slow tests run, too."""


def examples(n: int) -> int:
    """All of ``n`` with ``--slow``; a third of them, which find what is plainly wrong, in `make test`."""
    return n if os.environ.get(SLOW) else max(3, n // 3)
