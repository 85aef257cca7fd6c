"""Items that stand in for one another, solved at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.factors import most_taken
from recsys_assets.algorithms.links import scale
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import pack, row_of_each, unpack
from recsys_assets.algorithms.topn import ProductScores
from recsys_assets.threads import hold_blas_to_one_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions

_BLOCK_ITEMS = 512


class EASE(Recommender):
    """Linear regression of each item on all others, with ridge and no item explaining itself, in closed form.

    Steck, "Embarrassingly shallow autoencoders for sparse data", 2019, on decayed counts of the items most users
    took; others are listed only as the user's own. Weights, also those below 0, are cut to the largest of each item.
    State: `n_neighbours` weights per item and one number per distinct pair of user and item. Fitting holds
    `max_items` squared numbers of 4 bytes, three times at most, and costs their number cubed; scoring a user costs
    `n_neighbours` times the user's items.
    """

    name: ClassVar[str] = "ease"
    title: ClassVar[str] = "Completes what you take"
    description: ClassVar[str] = "What is missing beside all you take, seen together."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})

    class Settings(Recommender.Settings):
        """Settings of EASE."""

        max_items: PositiveInt = 3000
        """Items that are learned, those that most users took; of equals, the first by id. Solving takes time by the
        cube of their number."""

        n_neighbours: PositiveInt = 200
        """Weights kept per item, the largest whatever their sign. Discovery loses nothing against all of them."""

        regularization: Annotated[PositiveFloat, Between(0.3, 30, log=True)] = 3.0
        """Ridge, in units of an item's mean sum of squares; the best of those tried."""

        decay_days: Annotated[PositiveFloat, Between(2, 90, log=True)] = 7.0
        """Age in days at which an event counts half."""

        damping: Annotated[float, Between(0.25, 1)] = Field(default=0.5, gt=0, le=1)
        """Exponent on the decayed counts: 1 leaves them, less makes a pile of one item count for less."""

        length_penalty: Annotated[NonNegativeFloat, Between(0, 1)] = 0.5
        """Exponent on the length of a user's vector, which it is divided by: 1 makes all users count the same."""

        self_weight: Annotated[NonNegativeFloat, Between(0, 4)] = 1.0
        """How much the user's own items count beside the regression. In discovery it changes nothing."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from scipy.sparse import coo_matrix

        settings, n_items = self.settings, train.n_items
        counts = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days)).power(settings.damping)
        lengths = np.sqrt(np.asarray(counts.power(2).sum(axis=1)).ravel())
        history = (scale(lengths, -settings.length_penalty) @ counts).tocsr()
        learned = most_taken(history, settings.max_items)
        weights = _weights(history[:, learned], settings.regularization)
        kept = _largest(weights, settings.n_neighbours)
        rows, columns = learned[row_of_each(kept)], learned[kept.indices]
        links = coo_matrix((kept.data.astype(np.float64), (rows, columns)), shape=(n_items, n_items)).tocsr()
        return history, pack("links", links)

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        n_items = self.history.shape[1]
        links = unpack(self.arrays, "links", n_items)
        return ProductScores(self.history[users], links, self.settings.self_weight, self.history[users])


def _weights(vectors: csr_matrix, regularization: float) -> NDArray[np.float32]:
    """Weight of each item (row) in the regression of each item (column): ``-P / diag(P)``, 0 on the diagonal."""
    import numpy as np
    from scipy.linalg import lapack

    n_items = vectors.shape[1]
    if n_items == 0:
        return np.empty((0, 0), dtype=np.float32)
    by_item = vectors.T.tocsr()
    gram = np.empty((n_items, n_items), dtype=np.float32, order="F")
    for start in range(0, n_items, _BLOCK_ITEMS):
        block = slice(start, start + _BLOCK_ITEMS)
        gram[block] = (by_item[block] @ vectors).toarray()
    gram[np.diag_indices(n_items)] += regularization * np.diag(gram).mean(dtype=np.float64)
    hold_blas_to_one_thread()
    factor, _ = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    weights: NDArray[np.float32] = np.tril(inverse) + np.tril(inverse, -1).T
    weights /= -np.diag(weights).copy()
    np.fill_diagonal(weights, 0)
    return weights


def _largest(weights: NDArray[np.float32], n: int) -> csr_matrix:
    """The n weights of each row that are furthest from 0, with all that tie with the last."""
    import numpy as np
    from scipy.sparse import csr_matrix, vstack

    blocks = [csr_matrix((0, weights.shape[1]), dtype=np.float32)]
    for start in range(0, len(weights), _BLOCK_ITEMS):
        block = weights[start : start + _BLOCK_ITEMS]
        sizes = np.abs(block)
        place = max(block.shape[1] - n, 0)
        blocks.append(csr_matrix(np.where(sizes >= np.partition(sizes, place, axis=1)[:, [place]], block, 0)))
    return vstack(blocks, format="csr")
