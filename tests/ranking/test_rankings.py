"""Rankings out of arrays are those of LightGBM over a matrix of every candidate's features, to the last bit."""

import numpy as np
import pyarrow as pa
import pytest

from recsys_assets.ranking.candidate_features import Candidates, listed_in, pairs_in, side_in
from recsys_assets.ranking.rankings import Ranked, Ranker, places_below
from recsys_assets.ranking.reranker import Examples, Reranker, RerankerSettings, ranks_within
from recsys_assets.ranking.trees import compile_trees

N_USERS, N_ITEMS, N_LISTED = 40, 60, 25


@pytest.fixture(scope="module")
def known():
    """Sides, pairs and candidates, and the same as a matrix: unknown values, groups, and users without a list."""
    random = np.random.default_rng(3)

    def floats(n, *names):
        values = np.where(random.random((len(names), n)) < 0.2, np.nan, random.normal(size=(len(names), n)).round(1))
        return {
            name: pa.array(row.astype(np.float32), from_pandas=True) for name, row in zip(names, values, strict=True)
        }

    def texts(n, *values):
        return pa.array(random.choice(np.array([*values, None], dtype=object), n).tolist(), pa.string())

    user_keys, item_keys = np.arange(N_USERS, dtype=np.int32) * 2, np.arange(N_ITEMS, dtype=np.int32) * 3
    stores, categories = texts(N_USERS, "s", "t"), texts(N_ITEMS, "c", "d", "e")
    users = side_in(
        pa.table({"user_key": user_keys, "store": stores, **floats(N_USERS, "user_age", "user_n")}), "user_key"
    )
    items = side_in(
        pa.table({"item_key": item_keys, "category": categories, **floats(N_ITEMS, "item_price", "item_n")}), "item_key"
    )
    took = random.permutation(N_USERS * N_ITEMS)[:300]
    took_rows = pa.table(
        {"user_key": user_keys[took // N_ITEMS], "item_key": item_keys[took % N_ITEMS], **floats(300, "took_gap")}
    )
    stored_rows = pa.table({"store": ["t", "s", "s"], "category": ["c", "d", None], **floats(3, "store_trend")})
    listed = pa.table(
        {
            "user_key": user_keys[[7, 3]],
            "items": pa.array([item_keys[[5, 1]].tolist(), item_keys[[2]].tolist()], pa.list_(pa.int32())),
            "scores": [[0.5, 0.25], [2.0]],
        }
    )
    index_of = np.zeros(int(item_keys.max()) + 1, np.int32)
    index_of[item_keys] = np.arange(N_ITEMS)
    pairs = [
        pairs_in(took_rows, users, items, ["user_key"], ["item_key"]),
        pairs_in(stored_rows, users, items, ["store"], ["category"]),
        listed_in(listed, users, index_of, "als"),
    ]
    of_users = np.repeat(np.arange(1, N_USERS, dtype=np.int32), N_LISTED)
    of_items = np.concatenate([random.permutation(N_ITEMS)[:N_LISTED] for _ in range(1, N_USERS)]).astype(np.int32)
    scores = np.round(random.random(len(of_users)), 1)
    candidates = Candidates(
        np.arange(1, N_USERS, dtype=np.int32),
        np.arange(N_USERS, dtype=np.int64) * N_LISTED,
        of_items,
        {"score": scores, "rank": np.tile(np.arange(1, N_LISTED + 1), N_USERS - 1)},
    )
    took_of = {
        (row["user_key"] // 2, row["item_key"] // 3): np.nan if row["took_gap"] is None else row["took_gap"]
        for row in took_rows.to_pylist()
    }
    trend_of = {
        (row["store"], row["category"]): np.nan if row["store_trend"] is None else row["store_trend"]
        for row in stored_rows.to_pylist()
        if row["category"] is not None
    }
    als = {(7, 5): (1, 0.5), (7, 1): (2, 0.25), (3, 2): (1, 2.0)}
    rows = [
        [
            *users.values[user],
            *items.values[item],
            took_of.get((user, item), np.nan),
            trend_of.get((stores[user].as_py(), categories[item].as_py()), np.nan),
            *als.get((user, item), (np.nan, np.nan)),
            scores[place],
            candidates.values["rank"][place],
            np.nan,
        ]
        for place, (user, item) in enumerate(zip(of_users.tolist(), of_items.tolist(), strict=True))
    ]
    names = ["user_age", "user_n", "item_price", "item_n", "took_gap", "store_trend", "als_rank", "als_score"]
    names += ["score", "rank", "of_a_night_before"]
    return users, items, pairs, candidates, np.array(rows, dtype=np.float32), names, of_users


@pytest.fixture(scope="module", params=[7, 15, 31])
def reranker(request, known):
    *_, matrix, names, of_users = known
    random = np.random.default_rng(5)
    learned = matrix.copy()
    learned[:, -1] = random.normal(size=len(matrix))  # A feature of the nights before that tonight has no table for.
    useful = np.nan_to_num(learned)
    taken = (
        useful[:, 4] + useful[:, 5] + useful[:, 0] * useful[:, 2] + useful[:, -1] + random.normal(size=len(matrix)) > 1
    )
    settings = RerankerSettings(n_trees=30, n_leaves=request.param, min_leaf_rows=5, feature_share=1.0)
    weights = np.ones(len(matrix))
    return Reranker(settings, seed=1).fit(Examples(learned, names, of_users.astype(np.int64), taken, weights))


def test_every_ranking_is_the_one_over_the_whole_matrix(known, reranker):
    users, items, pairs, candidates, matrix, _, of_users = known
    ties = np.random.default_rng(9).permutation(N_ITEMS).astype(np.int32)
    lists, of_ties = of_users.astype(np.int64), ties[candidates.items].astype(np.int64)
    expected = reranker.rank(matrix, lists, of_ties)
    expected["fusion"] = candidates.values["score"]
    got = dict(Ranker(reranker, items).rankings(candidates, users, pairs, ties, 10))
    assert list(got) == ["fusion", "reranker", "reranker_lambdamart", "reranker_binary"]
    for name, ranked in got.items():
        ranks = np.tile(np.arange(1, N_LISTED + 1), N_USERS - 1)  # The fusion's own order is the candidates'.
        if name != "fusion":
            ranks = ranks_within(lists, expected[name], of_ties)
        wanted = {(place, ranks[place]) for place in np.flatnonzero(ranks <= 10).tolist()}
        assert set(zip(ranked.rows.tolist(), ranked.ranks.tolist(), strict=True)) == wanted, name
        np.testing.assert_array_equal(ranked.scores, expected[name][ranked.rows], err_msg=name)
        assert ranked.ranks.tolist() == list(range(1, 11)) * (N_USERS - 1)


def test_the_blend_adds_reciprocal_ranks_of_the_reranker_and_of_the_algorithms_that_lead(known, reranker):
    users, items, pairs, candidates, *_ = known
    ties = np.arange(N_ITEMS, dtype=np.int32)
    plain = dict(Ranker(reranker, items).rankings(candidates, users, pairs, ties, N_LISTED))
    assert "blend" not in plain, "where no algorithm was graded"
    rank_of = dict(zip(plain["reranker"].rows.tolist(), plain["reranker"].ranks.tolist(), strict=True))
    last = {row // N_LISTED + 1: row for row, rank in rank_of.items() if rank == N_LISTED}
    # The leader lists what the reranker has last: of one user first, of another behind an item that is no candidate.
    missing = next(
        item for item in range(N_ITEMS) if item not in candidates.items[7 * N_LISTED - N_LISTED :][:N_LISTED]
    )
    leads = pa.table(
        {
            "user_key": users.keys[[3, 7]],
            "items": [items.keys[[candidates.items[last[3]]]], items.keys[[missing, candidates.items[last[7]]]]],
            "scores": [[1.0], [1.0, 0.5]],
        }
    )
    index_of = np.zeros(int(items.keys.max()) + 1, np.int32)
    index_of[items.keys] = np.arange(N_ITEMS)
    pairs = [*pairs, listed_in(leads, users, index_of, "leader")]
    blend = dict(Ranker(reranker, items).rankings(candidates, users, pairs, ties, N_LISTED, ["leader", "als"]))["blend"]
    scores = {row: 1 / (4 + rank) for row, rank in rank_of.items()}
    parts = dict.fromkeys(scores, 0.0)
    parts[last[3]] += 1 / (4 + 1)
    parts[last[7]] += 1 / (4 + 2)
    for row, item in enumerate(candidates.items.tolist()):  # What `als` lists, as in `known`.
        parts[row] += {(7, 5): 1 / 5, (7, 1): 1 / 6, (3, 2): 1 / 5}.get((row // N_LISTED + 1, item), 0.0)
    scores = {row: score + parts[row] / 2 for row, score in scores.items()}
    wanted = sorted(scores, key=lambda row: (row // N_LISTED, -scores[row], candidates.items[row]))
    assert blend.rows.tolist() == wanted
    assert blend.scores.tolist() == [scores[row] for row in wanted]
    assert {row // N_LISTED + 1 for row, rank in zip(wanted, blend.ranks, strict=True) if rank_of[row] != rank} == {
        3,
        7,
    }


def test_one_that_has_not_learned_ranks_by_the_fusion_alone(known):
    users, items, pairs, candidates, *_ = known
    ranker = Ranker(Reranker(RerankerSettings(), seed=0), items)
    (ranking,) = ranker.rankings(candidates, users, pairs, np.arange(N_ITEMS, dtype=np.int32), 3)
    assert ranking[0] == "fusion"
    assert len(ranking[1].rows) == 3 * (N_USERS - 1)


def test_nobody_and_nothing(known):
    users, items, *_ = known
    nobody = side_in(pa.table({"user_key": pa.array([], pa.int32()), "store": pa.array([], pa.string())}), "user_key")
    rows = pa.table(
        {
            "user_key": pa.array([4], pa.int32()),
            "item_key": pa.array([3], pa.int32()),
            "x": pa.array([1.0], pa.float32()),
        }
    )
    assert len(pairs_in(rows, nobody, items, ["user_key"], ["item_key"]).columns) == 0
    assert pairs_in(rows, users, items, ["user_key"], ["item_key"]).columns.tolist() == [1]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("num_cat=0", "num_cat=1", "categorical or linear"),
        ("is_linear=0", "is_linear=1", "categorical or linear"),
        ("num_leaves=15", "num_leaves=900", "900 leaves; 62 are possible"),
        ("decision_type=", "decision_type=4 ", "takes zero for missing"),
    ],
)
def test_trees_that_cannot_be_scored_are_refused(known, old, new, says):
    *_, matrix, names, of_users = known
    settings = RerankerSettings(n_trees=1, n_leaves=15, min_leaf_rows=5)
    taken = np.nan_to_num(matrix[:, 8]) > 0.5
    examples = Examples(matrix, names, of_users.astype(np.int64), taken, np.ones(len(matrix)))
    text = Reranker(settings, seed=1).fit(examples).boosters["binary"].model_to_string()
    if old == "num_leaves=15":
        old = next(line for line in text.splitlines() if line.startswith("num_leaves="))
    assert old in text
    with pytest.raises(ValueError, match=says):
        compile_trees([text.replace(old, new)], len(names))


def test_places_below_are_those_of_the_ranks_that_follow():
    """Three lists of candidates, of 4, none and 2: of each the first two are shown."""
    offsets = np.array([0, 4, 4, 6])
    ranked = Ranked(np.array([3, 0, 2, 1, 5, 4]), np.array([1, 2, 3, 4, 1, 2], np.int32), np.zeros(6))
    assert places_below(ranked, offsets, 2, 4).to_pylist() == [[3, 2], []]
    assert places_below(ranked, offsets, 1, 3).to_pylist() == [[1, 3], [1]]
    assert places_below(ranked, offsets, 2, 2).to_pylist() == [[], []]
    nothing = Ranked(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0))
    assert places_below(nothing, np.array([0, 0]), 2, 4).to_pylist() == []
