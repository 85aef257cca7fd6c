"""Reciprocal-rank fusion by hand and against SQL; learned weights on lists whose best weights are known."""

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_assets.evaluation.metrics import ndcg
from recsys_assets.ranking.fusion import fuse, learn_weights
from tests.helpers.examples import examples


def candidates(seed, n_lists, skills, depth=30, n_items=120, n_relevant=4):
    """Lists of algorithms of given skill: what a relevant item's score has over the noise of the others."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((n_lists, n_items), dtype=bool)
    for row in truth:
        row[rng.choice(n_items, n_relevant, replace=False)] = True
    parts = []
    for algorithm, skill in enumerate(skills):
        best = np.argsort(-(skill * truth + rng.normal(size=truth.shape)), axis=1)[:, :depth]
        lists, places = np.indices(best.shape).reshape(2, -1)
        parts.append((lists, np.full(best.size, algorithm), places + 1, best.ravel()))
    lists, algorithms, ranks, items = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return {
        "lists": lists,
        "algorithms": algorithms,
        "ranks": ranks,
        "items": items,
        "relevant": truth[lists, items],
        "n_relevant": np.full(n_lists, n_relevant),
    }


def fused_ndcg(rows, weights, rrf_k, k=10):
    """NDCG of each fused list by the reference implementation and the published metric."""
    listed = {name: rows[name] for name in ("lists", "algorithms", "ranks", "items")}
    fused = fuse(**listed, weights=weights, rrf_k=rrf_k, n=k)
    truth = set(zip(rows["lists"][rows["relevant"]], rows["items"][rows["relevant"]], strict=True))
    hits = np.zeros((len(rows["n_relevant"]), k), dtype=bool)
    pairs = zip(fused.lists, fused.items, strict=True)
    hits[fused.lists, fused.ranks - 1] = [pair in truth for pair in pairs]
    return ndcg(hits, rows["n_relevant"], k)


def test_fuse_by_hand() -> None:
    """Two algorithms, weights 0.75 and 0.25, rrf_k 1.

    List 0: A ranks items 5, 2; B ranks 2, 9. Item 5: .75/2 = .375; item 2: .75/3 + .25/2 = .375; item 9: .25/3.
    The tie goes to item 2. List 3: B ranks item 4: .25/2.
    """
    fused = fuse(
        lists=np.array([0, 0, 0, 0, 3]),
        algorithms=np.array([0, 0, 1, 1, 1]),
        ranks=np.array([1, 2, 1, 2, 1]),
        items=np.array([5, 2, 2, 9, 4]),
        weights=np.array([0.75, 0.25]),
        rrf_k=1,
        n=3,
    )
    assert fused.lists.tolist() == [0, 0, 0, 3]
    assert fused.items.tolist() == [2, 5, 9, 4]
    assert fused.ranks.tolist() == [1, 2, 3, 1]
    assert fused.scores.tolist() == [0.375, 0.375, 0.083333333333, 0.125]


def test_fuse_cuts_at_n_and_ignores_the_order_of_rows() -> None:
    rows = candidates(0, 20, [1.0, 1.0, 1.0])
    listed = [rows[name] for name in ("lists", "algorithms", "ranks", "items")]
    shuffled = np.random.default_rng(1).permutation(len(rows["lists"]))
    weights = np.full(3, 1 / 3)
    fused = fuse(*listed, weights, rrf_k=60, n=7)
    for one, other in zip(fused, fuse(*(x[shuffled] for x in listed), weights, rrf_k=60, n=7), strict=True):
        assert one.tobytes() == other.tobytes()
    assert fused.ranks.tolist() == list(range(1, 8)) * 20
    whole = fuse(*listed, weights, rrf_k=60, n=10_000)
    for one, other in zip(fused, whole, strict=True):
        np.testing.assert_array_equal(one, other[whole.ranks <= 7])
    # With equal weights, ranks (1, 2) and (2, 1) tie; without some such lists the example would not test ties.
    tied = (np.diff(whole.scores) == 0) & (np.diff(whole.lists) == 0)
    assert tied.sum() > 50
    assert (np.diff(whole.items)[tied] > 0).all()


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0, 2, 60]), st.lists(st.floats(0.001, 1), min_size=3, max_size=3))
def test_fuse_equals_sql(seed, rrf_k, raw) -> None:
    """The sum in decimals that SQL uses gives the same lists and the same scores, to the last bit."""
    rows = candidates(seed, 8, [2.0, 1.0, 0.0])
    weights = np.array(raw) / sum(raw)
    listed = {name: rows[name] for name in ("lists", "algorithms", "ranks", "items")}
    fused = fuse(**listed, weights=weights, rrf_k=rrf_k, n=10)
    con = duckdb.connect()
    con.register("listed", dict(listed))
    con.register("weights", {"algorithms": np.arange(3), "weight": weights})
    by_sql = con.execute(
        """
        with summed as (
            select lists, items, sum((weight / (? + ranks))::decimal(38, 12))::double as score
            from listed join weights using (algorithms) group by all
        )
        select *, row_number() over (partition by lists order by score desc, items) as rank
        from summed qualify rank <= 10 order by lists, rank
        """,
        [rrf_k],
    ).fetchnumpy()
    np.testing.assert_array_equal(by_sql["items"], fused.items)
    np.testing.assert_array_equal(by_sql["rank"], fused.ranks)
    np.testing.assert_array_equal(by_sql["score"], fused.scores)


@pytest.mark.parametrize("rrf_k", [0, 2, 60])
def test_learned_figures_are_those_of_the_fused_lists(rrf_k: int) -> None:
    rows = candidates(3, 150, [1.5, 1.0, 0.2])
    # Some lists are short, and some have nothing relevant within reach.
    short = (rows["lists"] % 5 == 0) & (rows["ranks"] > 3)
    rows = {name: x[~short] if len(x) == len(short) else x for name, x in rows.items()}
    rows["relevant"] &= rows["lists"] % 7 != 1
    learned = learn_weights(**rows, n_algorithms=3, rrf_k=rrf_k)
    assert learned.weights.sum() == pytest.approx(1)
    assert learned.weights.min() > 0
    assert learned.ndcg == pytest.approx(fused_ndcg(rows, learned.weights, rrf_k).mean(), abs=1e-12)
    uniform = fused_ndcg(rows, np.full(3, 1 / 3), rrf_k).mean()
    assert learned.uniform_ndcg == pytest.approx(uniform, abs=1e-12)
    for algorithm in range(3):
        own = rows["algorithms"] == algorithm
        alone = {name: x[own] if len(x) == len(own) else x for name, x in rows.items()}
        expected = fused_ndcg(alone, np.ones(3), rrf_k).mean()
        assert learned.single_ndcg[algorithm] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("rrf_k", [2, 20, 60])
@pytest.mark.parametrize("seed", range(3))
def test_no_worse_than_the_best_algorithm_beside_three_noisy_ones(seed: int, rrf_k: int) -> None:
    skills = [0.3, 0.3, 3.0, 0.3]
    learned = learn_weights(**candidates(seed, 400, skills), n_algorithms=4, rrf_k=rrf_k)
    later = candidates(seed + 100, 1_000, skills)
    best = fused_ndcg(later, np.array([0, 0, 1.0, 0]), rrf_k).mean()
    fused = fused_ndcg(later, learned.weights, rrf_k).mean()
    assert learned.weights.argmax() == 2
    assert fused >= best - 0.003
    # The example asks for learning: equal weights would lose far more.
    assert fused_ndcg(later, np.full(4, 0.25), rrf_k).mean() < best - 0.1


def test_gains_where_algorithms_complement_each_other() -> None:
    """Two equally good algorithms with independent errors, and one that knows nothing."""
    skills = [2.0, 2.0, 0.0]
    learned = learn_weights(**candidates(0, 400, skills), n_algorithms=3, rrf_k=20)
    later = candidates(100, 1_000, skills)
    fused = fused_ndcg(later, learned.weights, 20).mean()
    best = max(fused_ndcg(later, np.eye(3)[a], 20).mean() for a in range(3))
    assert fused > best + 0.1
    assert fused > fused_ndcg(later, np.full(3, 1 / 3), 20).mean() + 0.02
    assert learned.weights[2] < 0.2


def with_copy(rows):
    """A third algorithm that says what the first of two says."""
    first = rows["algorithms"] == 0
    doubled = {name: np.append(x, x[first]) if len(x) == len(first) else x for name, x in rows.items()}
    doubled["algorithms"][len(first) :] = 2
    return doubled


def test_ascent_finds_what_the_figures_of_single_algorithms_do_not_tell() -> None:
    """Of three algorithms equally good alone, one copies another: the two share one vote, the third has one."""
    skills = [1.5, 1.5]
    learned = learn_weights(**with_copy(candidates(0, 600, skills)), n_algorithms=3, rrf_k=20)
    assert learned.rule == "ascent"
    assert learned.weights[[0, 2]].sum() == pytest.approx(0.5, abs=0.15)
    later = with_copy(candidates(100, 1_000, skills))
    fused = fused_ndcg(later, learned.weights, 20).mean()
    assert fused > fused_ndcg(later, np.full(3, 1 / 3), 20).mean() + 0.01


def test_few_lists_keep_equal_weights_and_none_at_all_do_too() -> None:
    """Ten lists of algorithms of one skill cannot tell them apart; one list can tell nothing."""
    skills = [1.0, 1.0, 1.0]
    rules = [learn_weights(**candidates(s, 10, skills), n_algorithms=3, rrf_k=20).rule for s in range(20)]
    assert rules.count("uniform") >= 15
    one = learn_weights(**candidates(0, 1, [9.0, 0.0, 0.0]), n_algorithms=3, rrf_k=20)
    assert one.rule == "uniform"
    none = learn_weights(**candidates(0, 0, skills), n_algorithms=3, rrf_k=20)
    np.testing.assert_array_equal(none.weights, np.full(3, 1 / 3))
    assert np.isnan(none.ndcg)


def test_nothing_relevant_listed_keeps_equal_weights() -> None:
    rows = candidates(0, 30, [1.0, 1.0])
    rows["relevant"][:] = False
    learned = learn_weights(**rows, n_algorithms=2, rrf_k=20)
    np.testing.assert_array_equal(learned.weights, [0.5, 0.5])
    assert learned.ndcg == 0


def test_refuses_rows_that_do_not_fit() -> None:
    rows = candidates(0, 5, [1.0, 1.0], depth=4)

    def learn(**changes):
        return learn_weights(**(rows | changes), n_algorithms=2, rrf_k=20)

    twice = rows["items"].copy()
    twice[1] = twice[0]
    with pytest.raises(ValueError, match=f"Algorithm 0 names item {twice[0]} twice in list 0"):
        learn(items=twice)
    with pytest.raises(ValueError, match="Ranks start at 1"):
        learn(ranks=rows["ranks"] - 1)
    with pytest.raises(ValueError, match="Algorithm 2 has no weight"):
        learn(algorithms=rows["algorithms"] + 1)
    with pytest.raises(ValueError, match="differ in length"):
        learn(items=rows["items"][1:])
    with pytest.raises(ValueError, match="List 3 has no relevant item"):
        learn(n_relevant=np.array([1, 1, 1, 0, 1]))
    with pytest.raises(ValueError, match="graded lists only"):
        learn(n_relevant=rows["n_relevant"][1:])


@pytest.mark.slow
def test_a_night_is_learned_within_seconds() -> None:
    import time

    rows = candidates(0, 2_400, [2.0, 1.0, 0.5, 0.1], depth=100, n_items=1_000, n_relevant=8)
    start = time.process_time()
    learn_weights(**rows, n_algorithms=4, rrf_k=20)
    assert time.process_time() - start < 5
