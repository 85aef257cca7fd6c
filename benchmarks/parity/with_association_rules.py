"""Rules of mlxtend: pairs mined by FP-growth, of the items of a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


SUPPORT, CONFIDENCE = 0.03, 0.01
OURS = {
    "min_support": SUPPORT,
    "min_baskets": 1,
    "min_confidence": CONFIDENCE,
    "max_length": 2,
    "max_basket": 10_000,
    "lift_power": 0.5,
}


def mlxtend(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items): the sum of the rules that a user's items make, each by its strength."""
    import numpy as np
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth
    from scipy.sparse import csr_matrix

    n_items = split.matrix.shape[1]
    baskets = pd.DataFrame(split.matrix.toarray() > 0, columns=list(range(n_items)))
    frequent = fpgrowth(baskets, min_support=SUPPORT, max_len=2, use_colnames=True)
    rules = association_rules(frequent, metric="confidence", min_threshold=CONFIDENCE)
    ends = [np.array([next(iter(items)) for items in rules[name]]) for name in ("antecedents", "consequents")]
    strength = rules["confidence"].to_numpy() * np.sqrt(rules["lift"].to_numpy())
    return (split.matrix @ csr_matrix((strength, tuple(ends)), shape=(n_items, n_items))).toarray()


REFERENCES = {
    "mlxtend fpgrowth and association_rules": Reference(mlxtend, OURS),
}
