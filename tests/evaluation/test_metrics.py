"""Metrics by hand, by their properties, and against an independent implementation."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys_assets.evaluation.metrics import METRICS, coverage, metric, metric_table

# A and B are lists of five ranks: A hits at ranks 1 and 3 and has 4 relevant items, B hits at rank 5 and has 1.
HITS = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 1]], dtype=bool)
N_RELEVANT = np.array([4, 1])

BY_HAND = {
    # A hits at 2 of 3 ranks, B at none of 3.
    ("precision", 3): [2 / 3, 0],
    # A lists 2 of its 4 relevant items, B its only one.
    ("recall", 5): [2 / 4, 1],
    # A gains 1/log2(2) + 1/log2(4) = 1.5, and three hits would gain 1 + 1/log2(3) + 1/2 = 2.1309297535714578.
    ("ndcg", 3): [1.5 / 2.1309297535714578, 0],
    # For A four hits would gain 2.1309297535714578 + 1/log2(5) = 2.5616063116448506; B gains 1/log2(6), at best 1.
    ("ndcg", 5): [1.5 / 2.5616063116448506, 0.38685280723454163],
    # A has a precision of 1/1 at rank 1 and of 2/3 at rank 3; their sum is divided by min(3, 4) = 3.
    ("map", 3): [(1 + 2 / 3) / 3, 0],
    # A's same sum is divided by min(5, 4) = 4, and B's precision of 1/5 by 1.
    ("map", 5): [(1 + 2 / 3) / 4, 1 / 5],
    ("mrr", 4): [1, 0],
    ("mrr", 5): [1, 1 / 5],
    ("hit_rate", 4): [1, 0],
    ("hit_rate", 5): [1, 1],
}


@pytest.mark.parametrize(("name", "k"), BY_HAND)
def test_small_example_by_hand(name: str, k: int) -> None:
    values = METRICS[name](HITS, N_RELEVANT, k)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, BY_HAND[name, k], rtol=0, atol=1e-15)


@st.composite
def graded(draw):
    """Hits, n_relevant and k that fit each other."""
    hits = draw(arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 12))))
    unreached = draw(arrays(np.int64, len(hits), elements=st.integers(0, 15)))
    n_relevant = np.maximum(hits.sum(axis=1) + unreached, 1)
    return hits, n_relevant, draw(st.integers(1, hits.shape[1]))


@pytest.mark.parametrize("name", METRICS)
@given(graded())
def test_within_zero_and_one_and_zero_only_without_hits(name, case) -> None:
    hits, n_relevant, k = case
    values = METRICS[name](hits, n_relevant, k)
    assert (values >= 0).all()
    assert (values <= 1).all()
    np.testing.assert_array_equal(values > 0, hits[:, :k].any(axis=1))


@pytest.mark.parametrize("name", METRICS)
@given(graded(), st.randoms(use_true_random=False))
def test_each_list_is_graded_by_itself(name, case, random) -> None:
    hits, n_relevant, k = case
    order = random.sample(range(len(hits)), len(hits))
    np.testing.assert_array_equal(
        METRICS[name](hits, n_relevant, k)[order], METRICS[name](hits[order], n_relevant[order], k)
    )


@pytest.mark.parametrize("name", METRICS)
@given(graded())
def test_moving_a_hit_up_never_hurts(name, case) -> None:
    hits, n_relevant, k = case
    better = hits.copy()
    for row in better:
        above_miss = np.flatnonzero(~row[:-1] & row[1:])
        if len(above_miss):
            rank = above_miss[-1]
            row[rank], row[rank + 1] = True, False
    gain = METRICS[name](better, n_relevant, k) - METRICS[name](hits, n_relevant, k)
    assert (gain >= 0).all()
    moved_within_k = (better != hits)[:, :k].any(axis=1)
    if name in {"ndcg", "map"}:
        assert (gain[moved_within_k] > 0).all()


@pytest.mark.parametrize("name", ["ndcg", "map", "mrr", "hit_rate"])
@given(st.integers(1, 30), st.integers(1, 30))
def test_a_perfect_list_scores_exactly_one(name, n_relevant, k) -> None:
    hits = np.arange(30)[None] < n_relevant
    assert METRICS[name](hits, np.array([n_relevant]), k) == [1.0]


@pytest.mark.parametrize("name", METRICS)
def test_refuses_what_cannot_be_graded(name: str) -> None:
    function = METRICS[name]
    with pytest.raises(ValueError, match="List 1 has no relevant item"):
        function(HITS, np.array([4, 0]), 5)
    with pytest.raises(ValueError, match="List 0 has more hits"):
        function(HITS, np.array([1, 1]), 1)
    for k in (0, 6):
        with pytest.raises(ValueError, match=f"k={k} is outside 1..5"):
            function(HITS, N_RELEVANT, k)
    with pytest.raises(ValueError, match="Pass hits as bool"):
        function(HITS.astype(int), N_RELEVANT, 5)
    with pytest.raises(ValueError, match="Pass hits as bool"):
        function(HITS, N_RELEVANT[:1], 5)


def test_table_has_a_row_per_list_and_cut_and_a_column_per_metric() -> None:
    table = metric_table(HITS, N_RELEVANT, [3, 5])
    assert list(table) == ["list", "k", *METRICS]
    assert table["list"].tolist() == [0, 0, 1, 1]
    assert table["k"].tolist() == [3, 5, 3, 5]
    for name in METRICS:
        for row in range(4):
            expected = METRICS[name](HITS, N_RELEVANT, int(table["k"][row]))[table["list"][row]]
            assert table[name][row] == expected


def test_table_of_no_lists_is_empty() -> None:
    table = metric_table(np.zeros((0, 5), dtype=bool), np.zeros(0, dtype=np.int64), [3, 5])
    assert {len(column) for column in table.values()} == {0}


def test_a_new_metric_is_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys_assets.evaluation.metrics.METRICS", METRICS.copy())

    @metric("first_rank")
    def first_rank(hits, n_relevant, k):
        return hits[:, 0].astype(float)

    assert metric_table(HITS, N_RELEVANT, [5])["first_rank"].tolist() == [1, 0]


def test_coverage_counts_each_item_once() -> None:
    assert coverage(np.array([[3, 7], [7, 3], [5, 3]]), 12) == 3 / 12
    assert coverage(np.array([], dtype=int), 12) == 0
    with pytest.raises(ValueError, match="3 items are listed of a catalogue of 2"):
        coverage(np.array([1, 2, 3]), 2)
    with pytest.raises(ValueError, match="0 items are listed of a catalogue of 0"):
        coverage(np.array([], dtype=int), 0)


@pytest.mark.slow  # It takes a minute or more, as numba compiles ranx.
def test_equals_ranx() -> None:
    """Equal to ranx on lists shaped as real ones: short lists, many relevant items, some of them unreachable.

    ranx agrees on precision (over k, also for a list shorter than k), recall, NDCG (its ``ndcg``, whose ideal list ends
    at k; its ``ndcg_burges`` is the same for binary relevance), reciprocal rank and hit rate. Its average precision
    always divides by the number of relevant items; ours by min(k, n_relevant), so it is scaled here.
    """
    from ranx import Qrels, Run, evaluate

    rng = np.random.default_rng(5)
    n_lists, depth = 3_000, 20
    length = np.where(rng.random(n_lists) < 0.1, rng.integers(1, depth, n_lists), depth)
    listed = np.arange(depth) < length[:, None]
    hits = listed & (rng.random((n_lists, depth)) < rng.beta(0.5, 4, n_lists)[:, None])
    n_relevant = np.maximum(hits.sum(axis=1) + rng.geometric(0.15, n_lists) - 1, 1)

    qrels, run = {}, {}
    for row in range(n_lists):
        name = f"{row:04}"  # Lists are sorted by name in ranx.
        run[name] = {f"i{rank}": float(depth - rank) for rank in range(length[row])}
        hit_items = [f"i{rank}" for rank in np.flatnonzero(hits[row])]
        missed = [f"m{i}" for i in range(n_relevant[row] - len(hit_items))]
        qrels[name] = dict.fromkeys(hit_items + missed, 1)
    ours = {name: name for name in METRICS} | {"ndcg_burges": "ndcg"}
    cuts = (1, 5, 10, 20)
    scores = evaluate(Qrels(qrels), Run(run), [f"{name}@{k}" for name in ours for k in cuts], return_mean=False)
    for name, k in product(ours, cuts):
        theirs = scores[f"{name}@{k}"]
        if name == "map":
            theirs = theirs * n_relevant / np.minimum(k, n_relevant)
        assert 0.005 < theirs.mean() < 0.95
        np.testing.assert_allclose(METRICS[ours[name]](hits, n_relevant, k), theirs, rtol=0, atol=1e-9)
