"""Work done in several threads at once, with results in order; for numpy, DuckDB and LightGBM, which let Python go on.

What belongs here: how many threads a step may use, and the one way to use them.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MOST_THREADS = 4
"""Most pieces of work at once, as each takes memory of its own; fewer with fewer processors."""
Given = TypeVar("Given")
Made = TypeVar("Made")


def thread_count() -> int:
    """Threads a step may use: ``RECSYS_THREADS``, else one a processor."""
    return int(os.environ.get("RECSYS_THREADS") or os.cpu_count() or 1)


def in_order(work: Callable[[Given], Made], pieces: Iterable[Given]) -> Iterator[Made]:
    """Results of ``work`` in the order of the pieces, of which at most `MOST_THREADS` + 1 are in memory."""
    waiting: deque[Future[Made]] = deque()
    n_threads = min(MOST_THREADS, thread_count())
    with ThreadPoolExecutor(n_threads) as pool:
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > n_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
