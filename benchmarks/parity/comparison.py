"""The same input, the same hold-out, ours and theirs, and the interval of the difference."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from benchmarks.parity.data import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from benchmarks.parity.data import Split

K = 10


def table(names: list[str]) -> Iterator[str]:
    """Lines of a Markdown table: NDCG@10 of unseen items in the held-out week."""
    modules = _references()
    unknown = sorted(set(names) - modules.keys())
    if unknown:
        raise SystemExit(f"No reference for {', '.join(unknown)}. There are: {', '.join(modules)}.")
    split = load()
    if split is None:
        yield "Skipped: no events; see benchmarks/parity/README.md for where to put them."
        return
    yield "| algorithm | reference | ours | theirs | difference, 95% interval | |"
    yield "|---|---|---|---|---|---|"
    for name in names or modules:
        for label, (settings, scores) in modules[name].REFERENCES.items():
            yield _row(name, label, split, settings, scores)


def _references() -> dict[str, ModuleType]:
    """Modules of this package that have REFERENCES, by the name of the algorithm."""
    import benchmarks.parity as package

    found = (
        importlib.import_module(f"{package.__name__}.{m.name}")
        for m in pkgutil.iter_modules(package.__path__)
        if m.name.startswith("with_")
    )
    return {module.__name__.rpartition(".with_")[2]: module for module in found}


def _row(
    name: str,
    label: str,
    split: Split,
    settings: dict[str, object],
    scores: Callable[[csr_matrix], NDArray[np.floating]],
) -> str:
    from recsys_assets.algorithms import registry
    from recsys_assets.evaluation.uncertainty import bootstrap_mean_interval

    algorithm = registry()[name]
    ours = algorithm(algorithm.Settings(**settings), seed=1, deterministic=True).fit(split.train)
    lists = ours.recommend(split.users, K, exclude_seen=True)
    try:
        theirs = _best(split, scores(split.matrix))
    except ImportError as error:
        return f"| {name} | {label} | | | skipped: {error.name} is not installed | |"
    mine, other = split.ndcg(lists.users, lists.items, lists.ranks), split.ndcg(*theirs)
    low, high = bootstrap_mean_interval((mine - other)[:, None], seed=1)
    verdict = "below" if high[0] < 0 else "above" if low[0] > 0 else "alike"
    difference = f"{(mine - other).mean():+.4f} ({low[0]:+.4f} to {high[0]:+.4f})"
    return f"| {name} | {label} | {mine.mean():.4f} | {other.mean():.4f} | {difference} | {verdict} |"


def _best(split: Split, scores: NDArray[np.floating]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The first ranks of what each graded user had not taken."""
    import numpy as np

    from recsys_assets.algorithms.topn import top_n

    graded = np.array(scores, dtype=np.float64)[split.users]
    graded[split.matrix[split.users].toarray() > 0] = -np.inf
    lists = top_n(split.users, graded, K)
    return lists.users, lists.items, lists.ranks
