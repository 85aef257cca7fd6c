"""Matrix factorisation that ranks, with what is known of users and items."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.factors import fixed_point, most_taken, products
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import keep_top

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions
    from recsys_assets.algorithms.topn import DenseScores


class LightFM(Recommender):
    """LightFM with the WARP loss, a user and an item being the sum of their features.

    Kula, "Metadata embeddings for user and item cold-start recommendations", 2015, with the loss of Weston, Bengio
    and Usunier, "WSABIE: scaling up to large vocabulary image annotation", 2011. Features are the user or item
    itself and its attributes. It learns from each user's `n_pairs` strongest items among the `n_items` that most
    users took, in one thread: several write over each other, and would give another model each time. State:
    `factors` numbers per user and item. An epoch costs the pairs times `factors` times the features. Its library is
    there where `make venv` found a C compiler; settings without it are refused.
    """

    name: ClassVar[str] = "lightfm"
    title: ClassVar[str] = "For people like you"
    description: ClassVar[str] = "What people of similar taste and kind take, by the kind of item."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    uses: ClassVar[frozenset[str]] = frozenset({"user_attributes", "item_attributes"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})
    has_factors: ClassVar[bool] = True

    class Settings(Recommender.Settings):
        """Settings of LightFM."""

        factors: Annotated[PositiveInt, Between(16, 96, log=True)] = 32
        """Length of the taste vectors."""

        epochs: Annotated[PositiveInt, Between(3, 15, log=True)] = 5
        """Passes over the pairs."""

        learning_rate: Annotated[PositiveFloat, Between(0.01, 0.2, log=True)] = 0.05
        """First step of Adagrad."""

        alpha: NonNegativeFloat = 0.0
        """L2 penalty on user and item features."""

        max_sampled: PositiveInt = 10
        """Items drawn to find one that ranks too high."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an event counts half."""

        n_pairs: Annotated[PositiveInt, Between(20, 200, log=True)] = 50
        """Strongest items of a user that are learned from."""

        n_items: PositiveInt = 6_000
        """Items that are learned and listed: those that most users took."""

        max_values: PositiveInt = 3_000
        """Attributes with more values than this are too fine to be a feature."""

        @model_validator(mode="after")
        def _library_is_installed(self) -> Self:
            # Asked here, so that a profile without it is refused when it is read, not hours later by a night.
            if find_spec("lightfm") is None:
                raise ValueError(
                    "the library LightFM is not installed. Install a C compiler and the headers of Python (Debian, "
                    "Ubuntu: apt install gcc libc6-dev python3-dev) and run make venv, or take what needs it "
                    "out of the profile"
                )
            return self

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from lightfm import LightFM as Model

        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        items = most_taken(history, settings.n_items)
        pairs = keep_top(history[:, items].log1p(), settings.n_pairs).astype(np.float32)
        if not pairs.nnz:
            none = {"item_factors": np.empty((0, 1)), "user_factors": np.zeros((train.n_users, 1))}
            return history, {"items": items, **none}
        pairs.data /= pairs.data.mean()
        attributes = {name: codes[items] for name, codes in train.item_attributes.items()}
        of_users = _features(train.user_attributes, train.n_users, settings.max_values)
        of_items = _features(attributes, len(items), settings.max_values)
        model = Model(
            no_components=settings.factors,
            loss="warp",
            learning_rate=settings.learning_rate,
            user_alpha=settings.alpha,
            item_alpha=settings.alpha,
            max_sampled=settings.max_sampled,
            random_state=self.seed,
        )
        weights = pairs.tocoo()
        model.fit(
            weights.sign(),
            user_features=of_users,
            item_features=of_items,
            sample_weight=weights,
            epochs=settings.epochs,
            num_threads=1,
        )
        # A bias is a factor of which the other side has 1; a user's own changes no order and stays out.
        biases, vectors = model.get_item_representations(of_items)
        item_factors = np.column_stack([vectors, biases])
        _, vectors = model.get_user_representations(of_users)
        user_factors = np.column_stack([vectors, np.ones(train.n_users, dtype=np.float32)])
        return history, {
            "items": items,
            "user_factors": fixed_point(user_factors.astype(np.float32)),
            "item_factors": fixed_point(item_factors.astype(np.float32)),
        }

    def _score(self, users: NDArray[np.int32], n: int) -> DenseScores:
        return products(self.arrays, users, self.history)


def _features(attributes: Mapping[str, NDArray[np.int32]], n: int, max_values: int) -> csr_matrix:
    """One column for each row itself and for each value of each attribute; rows sum to 1."""
    import numpy as np
    from scipy.sparse import diags, hstack, identity

    parts = [identity(n, dtype=np.float32, format="csr")]
    for _, codes in sorted(attributes.items()):
        if codes.max(initial=-1) < max_values:
            parts.append(_one_hot(codes))
    features = hstack(parts, format="csr", dtype=np.float32)
    return (diags(1 / np.asarray(features.sum(axis=1)).ravel()) @ features).tocsr().astype(np.float32)


def _one_hot(codes: NDArray[np.int32]) -> csr_matrix:
    import numpy as np
    from scipy.sparse import csr_matrix

    known = np.flatnonzero(codes >= 0)
    shape = (len(codes), int(codes.max(initial=-1)) + 1)
    return csr_matrix((np.ones(len(known), dtype=np.float32), (known, codes[known])), shape=shape)
