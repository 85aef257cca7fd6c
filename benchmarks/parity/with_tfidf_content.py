"""TF-IDF of scikit-learn: cosine of an item's words and the sum of those of the user's items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


def scikit_learn(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import cosine_similarity

    words = TfidfVectorizer(sublinear_tf=True).fit_transform(split.texts)
    return cosine_similarity(split.matrix @ words, words)


_PLAIN = {"max_share": 1.0, "profile_words": 10_000, "popularity": 0.0}
REFERENCES = {
    f"scikit-learn TfidfVectorizer, {texts}, {label}": Reference(scikit_learn, settings, data)
    for texts, data in (("products", "online_retail"), ("films", "movielens_latest_small"))
    for label, settings in (("plain", _PLAIN), ("ours by default", {}))
}
