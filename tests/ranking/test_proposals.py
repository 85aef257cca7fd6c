"""Shares of scores: which part of all is no higher."""

import numpy as np
import pytest

from recsys_assets.ranking.proposals import shares


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], []),
        ([5.0], [1.0]),
        ([2.0, 1.0, 2.0, 4.0], [0.75, 0.25, 0.75, 1.0]),
        ([-1.0, -1.0], [1.0, 1.0]),
    ],
)
def test_a_share_counts_what_is_no_higher(scores, expected):
    assert shares(np.array(scores)).tolist() == expected


def test_shares_are_those_of_sorted_scores_with_ties():
    scores = np.random.default_rng(0).integers(0, 50, 1_000) / 7
    assert np.array_equal(shares(scores), np.searchsorted(np.sort(scores), scores, side="right") / 1_000)
