"""The same input, the same hold-out, ours and theirs, and the interval of the difference."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import sys
from contextlib import redirect_stdout
from functools import cache
from typing import TYPE_CHECKING

from benchmarks.parity.data import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split
    from benchmarks.parity.reference import Reference

K = 10
N_RESAMPLES = 2000
LIBRARIES = ("rectools", "irspack", "implicit", "pm-implicit", "lightfm-next", "scikit-learn", "mlxtend")


def table(names: list[str]) -> Iterator[str]:
    """Lines of a Markdown table: NDCG@10 of unseen items in what was held out."""
    modules = _references()
    unknown = sorted(set(names) - modules.keys())
    if unknown:
        raise SystemExit(f"No reference for {', '.join(unknown)}. There are: {', '.join(modules)}.")
    yield "With " + ", ".join(_versions()) + ":"
    yield ""
    yield "| algorithm | reference | input | ours | theirs | difference, 95% interval | |"
    yield "|---|---|---|---|---|---|---|"
    for name in names or modules:
        for label, reference in modules[name].REFERENCES.items():
            yield "| " + " | ".join([name, label, *_cells(name, reference)]) + " |"


def _versions() -> Iterator[str]:
    for name in LIBRARIES:
        try:
            yield f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            continue


def _references() -> dict[str, ModuleType]:
    """Modules of this package that have REFERENCES, by the name of the algorithm."""
    import benchmarks.parity as package

    modules = (
        importlib.import_module(f"{package.__name__}.{m.name}")
        for m in pkgutil.iter_modules(package.__path__)
        if m.name.startswith("with_")
    )
    return {module.__name__.rpartition(".with_")[2]: module for module in modules}


def _cells(name: str, reference: Reference) -> list[str]:
    import numpy as np

    split = load(reference.data)
    if split is None:
        return [reference.data, "", "", "skipped: no such files", ""]
    settings, seeds = tuple(sorted(reference.settings.items())), range(1, reference.n_seeds + 1)
    try:
        theirs = np.stack([_theirs(reference, split, seed) for seed in seeds])
    except ImportError as error:
        return [reference.data, "", "", f"skipped: {error.name} is not installed", ""]
    ours = np.stack([_ours(name, settings, reference.data, seed) for seed in seeds])
    low, high = _interval(ours, theirs)
    verdict = "below" if high < 0 else "above" if low > 0 else "alike"
    difference = f"{ours.mean() - theirs.mean():+.4f} ({low:+.4f} to {high:+.4f})"
    return [reference.data, _mean(ours), _mean(theirs), difference, verdict]


def _mean(grades: NDArray[np.float64]) -> str:
    """Mean over users and seeds, and the standard deviation of the seeds' means where there are several."""
    spread = f" ± {grades.mean(axis=1).std(ddof=1):.4f}" if len(grades) > 1 else ""
    return f"{grades.mean():.4f}{spread}"


@cache
def _ours(name: str, settings: tuple[tuple[str, object], ...], data: str, seed: int) -> NDArray[np.float64]:
    """Grade ours; one fit serves all references that it is compared with under the same settings."""
    from recsys_assets.algorithms import registry

    split, algorithm = load(data), registry()[name]
    assert split is not None
    fitted = algorithm(algorithm.Settings(**dict(settings)), seed=seed).fit(split.train)
    lists = fitted.recommend(split.users, K, exclude_seen=True)
    return split.ndcg(lists.users, lists.items, lists.ranks)


def _theirs(reference: Reference, split: Split, seed: int) -> NDArray[np.float64]:
    """Grade the first ranks of what each graded user had not taken."""
    import numpy as np

    from recsys_assets.algorithms.topn import top_n

    with redirect_stdout(sys.stderr):  # Progress bars are no part of the table.
        scores = np.array(reference.scores(split, seed), dtype=np.float64)[split.users]
    scores[split.matrix[split.users].toarray() > 0] = -np.inf
    lists = top_n(split.users, scores, K)
    return split.ndcg(lists.users, lists.items, lists.ranks)


def _interval(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float]:
    """95% percentile bootstrap interval of the difference: users drawn in pairs, each side's seeds on their own.

    Parameters
    ----------
    ours, theirs : ndarray of float64, shape (n_seeds, n_users)
    """
    import numpy as np

    rng = np.random.default_rng(1)
    n_seeds, n_users = ours.shape
    differences = []
    for _ in range(N_RESAMPLES):
        users, mine, other = (rng.integers(n, size=n) for n in (n_users, n_seeds, n_seeds))
        differences.append(ours[mine][:, users].mean() - theirs[other][:, users].mean())
    low, high = np.quantile(differences, [0.025, 0.975])
    return float(low), float(high)
