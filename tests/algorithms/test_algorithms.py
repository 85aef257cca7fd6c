"""What each algorithm computes, by hand; the registry; the top n."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, eye, hstack, vstack

from recsys_assets import algorithms
from recsys_assets.algorithms import Interactions, SimilarItems, registry
from recsys_assets.algorithms.factors import fixed_point
from recsys_assets.algorithms.topn import DenseScores, ProductScores, top_n, top_n_and_new

EVENTS = Interactions(
    users=np.array([0, 0, 0, 1, 1, 1], dtype=np.int32),
    items=np.array([0, 0, 1, 0, 2, 3], dtype=np.int32),
    ages=np.array([10.0, 30.0, 10.0, 20.0, 10.0, 20.0]),
    weights=np.array([1.0, 1.0, 2.0, 1.0, 0.5, 1.0]),
    n_users=3,
    n_items=4,
)
USERS = np.arange(3, dtype=np.int32)


def recommend(name, n=4, exclude_seen=False, **settings):
    algorithm = registry()[name]
    lists = algorithm(algorithm.Settings(**settings), seed=0).fit(EVENTS).recommend(USERS, n, exclude_seen)
    return list(zip(lists.users.tolist(), lists.items.tolist(), lists.scores.tolist(), strict=True))


def test_popularity_by_hand():
    # Item 0 has user 0's newest event (10 days, 1/2) and user 1's (20 days, 1/4). Item 1 has weight 2 at 10 days.
    # Items 2 (weight 1/2 at 10 days) and 3 (20 days) tie at 1/4.
    of_all = [(1, 1.0), (0, 0.75), (2, 0.25), (3, 0.25)]
    assert recommend("popularity", half_life_days=10) == [(user, *row) for user in range(3) for row in of_all]
    assert recommend("popularity", n=2, exclude_seen=True, half_life_days=10) == [
        (0, 2, 0.25),
        (0, 3, 0.25),
        (1, 1, 1.0),
        (2, 1, 1.0),
        (2, 0, 0.75),
    ]


def test_item_knn_by_hand():
    # With next to no decay and no penalty, a link sums over users the product of the user's two shares.
    algorithm = registry()["item_knn"]
    settings = algorithm.Settings(decay_days=1e12, popularity_penalty=0, self_weight=0)
    lists = algorithm(settings, seed=0).fit(EVENTS).similar(np.array([0, 2], dtype=np.int32), 4)
    # User 0 has (2, 2) of items (0, 1), of length sqrt 8; user 1 has (1, .5, 1) of items (0, 2, 3), of length 1.5.
    links = np.array([4 / 8, 0.5 / 2.25, 1 / 2.25])
    expected = {1: links[0], 3: links[2], 2: links[1]}
    assert lists.items.tolist() == [1, 3, 2, 0, 3]
    np.testing.assert_allclose(lists.scores[:3], np.array(list(expected.values())) / links.sum(), rtol=1e-9)
    np.testing.assert_allclose(lists.scores[3:], [0.5, 0.5], rtol=1e-9)


def test_item_knn_blends_the_own_item_in():
    without = {(user, item): score for user, item, score in recommend("item_knn", self_weight=0)}
    with_own = {(user, item): score for user, item, score in recommend("item_knn", self_weight=2, decay_days=30)}
    assert with_own[0, 1] - without[0, 1] == pytest.approx(2 * 2 / (1 + 10 / 30))
    assert with_own[0, 2] == pytest.approx(without[0, 2])


@pytest.mark.parametrize("n_factors", [1, 64, 100])
def test_products_of_factors_are_exact_in_any_order_of_addition(n_factors):
    random = np.random.default_rng(2)
    raw = (random.standard_normal((40, n_factors)) * 10.0 ** random.integers(-6, 3, (40, 1))).astype(np.float32)
    rows = fixed_point(raw)
    assert (np.abs(rows - raw) <= np.abs(raw).max(axis=1, keepdims=True) * 2.0**-22).all()
    wide = rows.astype(np.float64)
    products = wide[:, None, :] * wide[None, :, :]
    exact = [[math.fsum(terms) for terms in row] for row in products.tolist()]
    np.testing.assert_array_equal(wide @ wide.T, exact)
    np.testing.assert_array_equal(products[:, :, ::-1].cumsum(axis=2)[:, :, -1], exact)


def test_a_pair_sums_to_the_last_bit_whatever_the_order():
    zeros = np.zeros(3, dtype=np.int32)
    sums = set()
    for values in itertools.permutations([1e16, 1.0, 1.0]):
        events = Interactions(zeros, zeros, np.ones(3), np.array(values), n_users=1, n_items=1)
        sums.update(events.to_csr(events.weights).data.tolist())
    assert len(sums) == 1


def test_registry_finds_what_the_package_holds():
    assert list(registry()) == sorted(registry())
    assert set(registry()) >= {"als", "buy_again", "item_knn", "popularity"}
    assert all(recommender.name == name for name, recommender in registry().items())
    assert issubclass(registry()["item_knn"], SimilarItems)
    assert not issubclass(registry()["popularity"], SimilarItems)


@pytest.fixture
def plugin_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(algorithms, "__path__", [*algorithms.__path__, str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("recsys_assets.algorithms.plugin_")]:
        del sys.modules[name]


def test_a_new_algorithm_is_one_file(plugin_folder):
    source = "from recsys_assets.algorithms.buy_again import BuyAgain\nclass Shelf(BuyAgain): name = 'shelf'\n"
    (plugin_folder / "plugin_shelf.py").write_text(source)
    assert registry()["shelf"].title == "Buy again"
    assert registry()["buy_again"].__name__ == "BuyAgain"
    (plugin_folder / "plugin_shelf_again.py").write_text(source)
    with pytest.raises(ValueError, match="shelf"):
        registry()


def test_import_is_light():
    code = (
        "import sys; import recsys_assets.algorithms as a; a.registry();"
        "print({'numpy', 'scipy', 'implicit', 'pandas', 'dagster', 'duckdb'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ages": [0.0]}, "before the cutoff"),
        ({"ages": [float("nan")]}, "before the cutoff"),
        ({"users": [2]}, r"user index lies outside 0\.\.1"),
        ({"items": [-1]}, r"item index lies outside 0\.\.2"),
        ({"weights": [-1.0]}, "weight"),
        ({"weights": [1.0, 1.0]}, "one length"),
    ],
)
def test_impossible_events_are_refused(change, message):
    columns = {"users": [0], "items": [0], "ages": [1.0], "weights": [1.0]} | change
    with pytest.raises(ValueError, match=message):
        Interactions(**{name: np.array(column) for name, column in columns.items()}, n_users=2, n_items=3)


score_rows = st.integers(0, 12).flatmap(
    lambda width: st.lists(
        st.lists(
            st.sampled_from([-1.0, 0.0, 0.0, 1.0, 2.5, float("nan"), float("inf"), float("-inf")]),
            min_size=width,
            max_size=width,
        ),
        max_size=6,
    ).map(lambda rows: np.array(rows, dtype=np.float64).reshape(len(rows), width))
)


def plain_sort(queries, scores, seen, n):
    """Users, items, ranks and scores of the best that is not seen."""
    return [
        (query, item, rank, scores[row, item])
        for row, query in enumerate(queries.tolist())
        for rank, item in enumerate(
            sorted(
                np.flatnonzero(np.isfinite(scores[row]) & ~seen[row]).tolist(),
                key=lambda item: (-scores[row, item], item),
            )[:n],
            start=1,
        )
    ]


@settings(deadline=None)  # The first example compiles.
@given(scores=score_rows, n=st.integers(0, 15), n_new=st.integers(0, 15), seed=st.integers(0, 9))
def test_top_n_is_a_plain_sort(scores, n, n_new, seed):
    random = np.random.default_rng(seed)
    queries = np.arange(len(scores), dtype=np.int32)[::-1] * 10
    seen = random.random(scores.shape) < seed / 9
    items = np.arange(scores.shape[1], dtype=np.int32)
    # Stored in any order of columns, and as a product with a matrix that changes nothing.
    shuffled = random.permuted(np.tile(items, (len(scores), 1)), axis=1)
    indptr = np.arange(len(scores) + 1) * scores.shape[1]
    data = np.take_along_axis(scores, shuffled, axis=1).ravel()
    sparse = csr_matrix((data, shuffled.ravel(), indptr), shape=scores.shape)
    same = csr_matrix((np.ones(len(items)), items, np.arange(len(items) + 1)), shape=(len(items),) * 2)
    for form in (
        scores,
        scores.astype(np.float32),
        sparse,
        DenseScores(scores, items),
        ProductScores(sparse, same),
        ProductScores(csr_matrix(scores.shape), same, 1.0, sparse),
    ):
        lists, new = top_n_and_new(queries, form, csr_matrix(seen), n, n_new)
        for got, expected in (
            (lists, plain_sort(queries, scores, np.zeros_like(seen), n)),
            (new, plain_sort(queries, scores, seen, n_new)),
            (top_n(queries, form, n), plain_sort(queries, scores, np.zeros_like(seen), n)),
        ):
            columns = (getattr(got, name).tolist() for name in ("users", "items", "ranks", "scores"))
            assert list(zip(*columns, strict=True)) == expected


def test_scores_of_some_items_are_listed_under_their_own_indices():
    scores = DenseScores(np.array([[1.0, 3.0, 2.0]]), np.array([4, 7, 9], dtype=np.int32))
    # What is seen may lie beyond the last that is scored, in a catalogue far longer.
    seen = csr_matrix(([1.0, 1.0], ([0, 0], [7, 9_999_999])), shape=(1, 10_000_000))
    lists, new = top_n_and_new(np.array([5], dtype=np.int32), scores, seen, 2, 2)
    assert (lists.items.tolist(), new.items.tolist()) == ([7, 9], [9, 4])


def test_products_are_summed_in_the_order_of_their_links():
    """Kernel and scipy agree to the last bit, whatever else is asked for."""
    random = np.random.default_rng(5)
    weights, links, own = (
        csr_matrix(np.where(random.random(shape) < 0.3, random.random(shape), 0))
        for shape in ((40, 30), (30, 50), (40, 50))
    )
    both = hstack([weights, 0.3 * eye(40)], format="csr") @ vstack([links, own], format="csr")
    queries = np.arange(40, dtype=np.int32)
    expected, got = top_n(queries, both, 20), top_n(queries, ProductScores(weights, links, 0.3, own), 20)
    for name in ("users", "items", "ranks", "scores"):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))


def test_lists_without_dropped_items_are_ranked_anew():
    algorithm = registry()["popularity"]
    lists = algorithm(algorithm.Settings(half_life_days=10), seed=0).fit(EVENTS).recommend(USERS[:2], 4, False)
    kept = lists.without(np.array([True, False, False, False]), 2)
    rows = zip(kept.users, kept.items, kept.ranks, kept.scores, strict=True)
    assert [tuple(map(float, row)) for row in rows] == [
        (0, 1, 1, 1.0),
        (0, 2, 2, 0.25),
        (1, 1, 1, 1.0),
        (1, 2, 2, 0.25),
    ]
    assert len(lists.without(np.ones(4, dtype=bool), 2).users) == 0
