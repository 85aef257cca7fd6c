"""Work done in several threads at once, with results in order; for numpy, DuckDB and LightGBM, which let Python go on.

What belongs here: how many threads a step may use, and the one way to use them.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MAX_AT_ONCE = 4
"""Most pieces of work at once, as each takes memory of its own; fewer with fewer processors."""
Given = TypeVar("Given")
Made = TypeVar("Made")


def thread_count() -> int:
    """Threads a step may use: ``RECSYS_THREADS``, else one a processor."""
    return int(os.environ.get("RECSYS_THREADS") or os.cpu_count() or 1)


def at_once() -> int:
    """Pieces of work that `in_order` does at once."""
    return min(MAX_AT_ONCE, thread_count())


def hold_blas_to_one_thread() -> None:
    """Keep the BLAS libraries loaded by now to one thread, from now on.

    With more, BLAS adds in another order, and numbers change with the machine. It stays so, for steps run beside one
    another: one that let go would let go for all of them. What is parallel here is parallel by `in_order`.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(1, user_api="blas")


def in_order(work: Callable[[Given], Made], pieces: Iterable[Given], n_threads: int | None = None) -> Iterator[Made]:
    """Results of ``work`` in the order of the pieces, ``n_threads`` (default: `at_once`) at once.

    One more than that are in memory at most. What fails is raised in its turn; work begun is waited for.
    """
    n_threads = n_threads or at_once()
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > n_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
