"""Items whose texts are like those of the user's items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import keep_top, pack, unpack
from recsys_assets.algorithms.topn import ProductScores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


ALWAYS_TOLD = 100


class TFIDFContent(Recommender):
    """Cosine of an item's words and those of the user's decayed items, words weighed by TF-IDF.

    Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988; profiles as in Pazzani and
    Billsus, "Content-based recommendation systems", 2007. It also finds items that nobody took yet; without texts it
    lists nothing. State: the words of each item and one number per distinct pair of user and item. Fitting is linear
    in the texts; scoring costs, per user, the items that have one of the `profile_words` strongest words.
    """

    name: ClassVar[str] = "tfidf_content"
    title: ClassVar[str] = "Like what you take"
    description: ClassVar[str] = "Items described in the words of what you take."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    uses: ClassVar[frozenset[str]] = frozenset({"item_texts"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})

    class Settings(Recommender.Settings):
        """Settings of TF-IDF content."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an event counts half in the user's profile."""

        max_share: Annotated[float, Field(gt=0, le=1), Between(0.001, 0.05, log=True)] = 0.005
        """Words that more than this share of the items have say little about taste, and cost most; a hundred items may
        always have a word."""

        profile_words: Annotated[PositiveInt, Between(10, 100, log=True)] = 30
        """Strongest words kept of a user."""

        popularity: Annotated[NonNegativeFloat, Between(0, 3)] = 1.0
        """How much popular items are preferred among alike ones: factor on the logarithm of an item's decayed count;
        better than without."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from scipy.sparse import diags

        history = train.to_csr(train.weights * hyperbolic(train.ages, self.settings.decay_days))
        words = words_of(train, self.settings.max_share)
        profiles = keep_top((history @ words).tocsr(), self.settings.profile_words)
        count = np.bincount(history.indices, history.data, minlength=train.n_items)
        by_item = diags(1 + self.settings.popularity * np.log1p(count)) @ words
        return history, pack("profiles", profiles) | pack("items", by_item.T.tocsr())

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        n_items, n_words = self.history.shape[1], len(self.arrays["items.indptr"]) - 1
        profiles = unpack(self.arrays, "profiles", n_words)[users]
        return ProductScores(profiles, unpack(self.arrays, "items", n_items))


def words_of(train: Interactions, max_share: float) -> csr_matrix:
    """Weigh the words of each item's text: (n_items, n_words), rows of length 1."""
    import re

    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    if not any(re.search(r"\w\w", text) for text in train.item_texts):  # A single letter is no word.
        return csr_matrix((train.n_items, 0))
    counts = CountVectorizer(dtype=np.float64).fit_transform(train.item_texts)
    n_with = np.bincount(counts.indices, minlength=counts.shape[1])
    told = counts[:, n_with <= max(max_share * train.n_items, ALWAYS_TOLD)]
    weighted: csr_matrix = TfidfTransformer(sublinear_tf=True).fit_transform(told) if told.shape[1] else told
    return weighted
