"""What many users of one segment took lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic, trend
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import beginnings, best_first, fill, pack, ranking, rows_of_best, unpack

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class SegmentPopularity(Recommender):
    """Trending items of the user's segment: a store, a country, a device, an age group.

    A user belongs to the first of `segments` that is known of them: a context by where most of their decayed events
    took place, or an attribute. An item's score is its share of the segment's trend (see popularity), shrunk towards
    its share of everyone's (Dirichlet smoothing: Zhai and Lafferty, "A study of smoothing methods for language
    models applied to information retrieval", 2004). Users of no segment get everyone's. State: one number per item
    and segment that took it; scoring costs the items per user.
    """

    name: ClassVar[str] = "segment_popularity"
    title: ClassVar[str] = "Trending where you shop"
    description: ClassVar[str] = "What the most people like you, by place, device or group, took lately."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    uses: ClassVar[frozenset[str]] = frozenset({"contexts", "user_attributes"})

    class Settings(Recommender.Settings):
        """Settings of popularity by segment."""

        segments: Annotated[tuple[Annotated[str, Field(strict=True)], ...], Field(strict=False)] = (
            "age",
            "region",
            "country",
            "os",
            "device",
            "store",
        )
        """Contexts and user attributes by preference; what the source does not deliver is passed over."""

        half_life_days: Annotated[PositiveFloat, Between(1, 60, log=True)] = 5.0
        """Age in days at which an event counts half in a trend; longer than in popularity, as segments are small."""

        usual_days: PositiveFloat = 90.0
        """Age in days at which an event counts half in what the user's usual store, device, ... is."""

        prior: Annotated[NonNegativeFloat, Between(10, 3_000, log=True)] = 300.0
        """How much of everyone's trend is blended into a segment's, in users who took an item just now; the best of
        those tried."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from scipy.sparse import csr_matrix

        overall, strongest = trend(train, self.settings.half_life_days)
        segment_of = self._segments(train)
        n_segments = int(segment_of.max(initial=-1)) + 1
        known = np.flatnonzero(segment_of >= 0)
        # One more, which nobody is in, stands last: those of no segment (-1) find nothing in it.
        shape = (n_segments + 1, train.n_users)
        members = csr_matrix((np.ones(len(known)), (segment_of[known], known)), shape=shape)
        trends = (members @ strongest).tocsr()
        share = overall / max(overall.sum(), np.finfo(np.float64).tiny)
        totals = np.asarray(trends.sum(axis=1)).ravel() + self.settings.prior
        # What the segment took; the rest of its list is everyone's, times `background`.
        trends.data += self.settings.prior * share[trends.indices]
        trends.data /= np.repeat(totals, np.diff(trends.indptr))
        background = np.append(self.settings.prior / np.where(totals > 0, totals, 1)[:-1], 1.0)
        arrays = {"segment_of": segment_of, "background": background}
        return strongest, arrays | pack("trends", best_first(trends)) | pack("overall", ranking(share))

    def _segments(self, train: Interactions) -> NDArray[np.int64]:
        """Number each user's segment; -1: none is known."""
        import numpy as np

        segment_of, n_segments = np.full(train.n_users, -1, dtype=np.int64), 0
        for name in self.settings.segments:
            if name in train.contexts:
                codes = _usual(train, train.contexts[name], self.settings.usual_days)
            elif name in train.user_attributes:
                codes = train.user_attributes[name].astype(np.int64)
            else:
                continue
            new = (segment_of < 0) & (codes >= 0)
            segment_of[new] = n_segments + codes[new]
            n_segments = max(n_segments, int(segment_of.max(initial=-1)) + 1)
        return segment_of

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        import numpy as np
        from scipy.sparse import diags

        segments = self.arrays["segment_of"].astype(np.int64, copy=False)[users]
        # At most all that a user has seen is excluded, so n more than that is always enough.
        lengths = n + np.diff(self.seen.indptr)[users]
        own = beginnings(unpack(self.arrays, "trends", self.history.shape[1]), segments, lengths)
        background = diags(self.arrays["background"][segments])
        overall = rows_of_best(unpack(self.arrays, "overall", self.history.shape[1]), lengths)
        return fill(own, (background @ overall).tocsr())


def _usual(train: Interactions, codes: NDArray[np.int32], days: float) -> NDArray[np.int64]:
    """Find the context of most of each user's decayed events, of equals the lower code; -1: none is known."""
    import numpy as np

    known = codes >= 0
    pairs = train.users[known] * np.int64(codes.max(initial=0) + 1) + codes[known]
    weights = (train.weights * hyperbolic(train.ages, days))[known]
    order = np.lexsort((weights, pairs))  # Sums then do not depend on the order of events.
    distinct, first = np.unique(pairs[order], return_index=True)
    sums = np.add.reduceat(weights[order], first) if len(first) else weights
    users, of_pairs = np.divmod(distinct, codes.max(initial=0) + 1)
    best = np.lexsort((-of_pairs, sums, users))  # The last of a user is the greatest.
    usual = np.full(train.n_users, -1, dtype=np.int64)
    usual[users[best]] = of_pairs[best]
    return usual
