"""What feature groups add to the trees' score: LightGBM's own SHAP values, summed."""

import numpy as np
import pyarrow as pa
import pytest

from recsys_assets.kernels.shap import shap_values
from recsys_assets.ranking.contributions import contributions
from recsys_assets.ranking.reranker import Examples, Reranker, RerankerSettings
from recsys_assets.ranking.trees import paths_of

N_ROWS, N_FEATURES = 3_000, 20
NAMES = [f"{'item' if feature < 8 else 'user'}_{feature}" for feature in range(N_FEATURES)]
GROUPS = {name: name.partition("_")[0] for name in NAMES[:-1]}


def values(n, seed):
    """Features with unknown values, steps and zeros of either sign."""
    random = np.random.default_rng(seed)
    matrix = np.where(random.random((n, N_FEATURES)) < 0.15, np.nan, random.normal(size=(n, N_FEATURES)).round(1))
    matrix[:, 3] = np.where(random.random(n) < 0.5, -0.0, matrix[:, 3])
    matrix[:, 5] = random.integers(0, 3, n)  # Never unknown where it was learned.
    return matrix.astype(np.float32)


@pytest.fixture(scope="module", params=[2, 15, 62])
def reranker(request):
    """Of stumps, of the usual trees, and of trees whose longest paths ask for more features than are remembered."""
    matrix = values(N_ROWS, 1)
    known = np.nan_to_num(matrix)
    told = known[:, :10].sum(axis=1) + known[:, 4] * known[:, 11] + np.random.default_rng(2).normal(size=N_ROWS)
    settings = RerankerSettings(n_trees=25, n_leaves=request.param, min_leaf_rows=1, feature_share=1.0)
    lists = np.repeat(np.arange(N_ROWS // 30), 30)
    return Reranker(settings, 1).fit(Examples(matrix, NAMES, lists, told > 1.5, np.ones(N_ROWS)))


def asked():
    """Rows it has not seen, some of them twice, and one of which nothing is known."""
    matrix = values(400, 7)
    matrix[:, 5] = np.where(np.random.default_rng(8).random(400) < 0.2, np.nan, matrix[:, 5])
    return np.concatenate([matrix, matrix[:50], np.full((1, N_FEATURES), np.nan, np.float32)])


def test_values_of_features_are_those_of_lightgbm(reranker):
    matrix = asked()
    paths = paths_of([booster.model_to_string() for booster in reranker.boosters.values()], range(N_FEATURES))
    got = shap_values(np.ascontiguousarray(matrix.T), N_FEATURES, *paths[:-1])
    for own, base, booster in zip(got, paths.bases, reranker.boosters.values(), strict=True):
        expected = booster.predict(matrix, pred_contrib=True)
        np.testing.assert_allclose(own, expected[:, :-1], rtol=0, atol=1e-9)
        np.testing.assert_allclose(base, expected[0, -1], rtol=0, atol=1e-9)
    if reranker.settings.n_leaves == 62:
        assert np.diff(paths.step_ends, prepend=0).max() > 10


def test_groups_and_base_add_up_to_what_the_trees_say(reranker):
    matrix = asked()
    said = contributions(reranker, matrix, GROUPS)
    assert list(said) == ["lambdamart", "binary"]
    for objective, (base, parts) in said.items():
        booster = reranker.boosters[objective]
        sums = booster.predict(matrix, raw_score=True)
        of_features = booster.predict(matrix, pred_contrib=True)
        for row, score, own in zip(parts.to_pylist(), sums, of_features, strict=True):
            found = {each["part"]: each["contribution"] for each in row}
            assert base + sum(found.values()) == pytest.approx(score, abs=1e-9)
            # The last feature is of no group, and stands for itself.
            assert found.keys() <= {"item", "user", NAMES[-1]}
            assert found.get("item", 0) == pytest.approx(own[:8].sum(), abs=1e-9)
            sizes = [abs(each["contribution"]) for each in row]
            assert sizes == sorted(sizes, reverse=True)
            assert all(sizes)


def test_other_rows_change_no_bit_of_a_row(reranker):
    matrix = asked()
    _, together = contributions(reranker, matrix, GROUPS)["binary"]
    _, alone = contributions(reranker, matrix[17:18], GROUPS)["binary"]
    assert together[17].as_py() == alone[0].as_py()


def test_nobody_asks(reranker):
    for _, parts in contributions(reranker, np.empty((0, N_FEATURES), np.float32), GROUPS).values():
        assert len(parts) == 0
        assert pa.types.is_list(parts.type)


def test_a_tree_that_splits_nothing_says_its_base_alone():
    matrix = np.full((200, 2), 1, np.float32)
    settings = RerankerSettings(n_trees=3)
    lists, taken = np.repeat(np.arange(20), 10), np.arange(200) % 10 == 0
    reranker = Reranker(settings, 1).fit(Examples(matrix, ["a", "b"], lists, taken, np.ones(200)))
    for objective, (base, parts) in contributions(reranker, matrix[:3], {}).items():
        assert parts.to_pylist() == [[], [], []]
        assert base == pytest.approx(reranker.boosters[objective].predict(matrix[:1], raw_score=True)[0], abs=1e-12)
