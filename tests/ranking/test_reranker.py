"""The reranker learns what it is shown, the same every time, and keeps to its lists."""

import subprocess
import sys

import numpy as np
import pytest

from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.ranking.reranker import Examples, Reranker, RerankerSettings, ranks_within

SETTINGS = RerankerSettings(n_trees=40, min_leaf_rows=5, feature_share=1.0)
NAMES = ["tells", "noise", "missing"]


def examples(n_lists=150, width=12):
    """In each list the two items with the highest ``tells`` were taken."""
    random = np.random.default_rng(5)
    tells = random.random((n_lists, width)).astype(np.float32)
    features = np.stack([tells, random.random(tells.shape), np.full(tells.shape, np.nan)], axis=2)
    best = np.argsort(-tells, axis=1)[:, :2]
    taken = np.zeros(tells.shape, dtype=bool)
    np.put_along_axis(taken, best, True, axis=1)
    lists = np.repeat(np.arange(n_lists), width)
    return Examples(features.reshape(-1, 3).astype(np.float32), NAMES, lists, taken.ravel(), np.ones(taken.size))


@pytest.fixture(scope="module")
def fitted():
    return Reranker(SETTINGS, seed=3).fit(examples())


def test_every_ranking_puts_first_what_is_taken(fitted):
    features = np.array([[0.1, 0.9, np.nan], [0.97, 0.1, np.nan], [0.5, 0.5, np.nan]] * 2, dtype=np.float32)
    lists, ties = np.repeat([0, 1], 3), np.tile(np.arange(3), 2)
    scores = fitted.rank(features, lists, ties)
    assert {"fusion", *scores, "blend"} == set(CONFIGURATIONS), "the blend takes ranks, whatever the scores"
    for values in scores.values():
        assert ranks_within(lists, values, ties).tolist()[1::3] == [1, 1]


def test_a_rows_score_does_not_hang_on_other_rows(fitted):
    features = examples().features[:300]
    lists, ties = np.zeros(300, dtype=np.int64), np.arange(300)
    together = fitted.rank(features, lists, ties)
    alone = fitted.rank(features[7:8], lists[:1], ties[:1])
    for name in ("reranker_lambdamart", "reranker_binary"):
        assert together[name][7] == alone[name][0]


def test_the_combined_ranking_is_the_mean_of_the_logarithms_of_both_ranks(fitted):
    features, lists, ties = examples().features[:24], np.repeat([0, 1], 12), np.tile(np.arange(12), 2)
    scores = fitted.rank(features, lists, ties)
    one, other = (ranks_within(lists, scores[f"reranker_{name}"], ties) for name in ("lambdamart", "binary"))
    np.testing.assert_allclose(scores["reranker"], -(np.log(one) + np.log(other)) / 2, rtol=1e-12)


def test_equal_examples_give_equal_files_whatever_the_threads(fitted, tmp_path, monkeypatch):
    fitted.save(tmp_path / "one")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    Reranker(SETTINGS, seed=3).fit(examples()).save(tmp_path / "two")
    names = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert names == ["binary.txt", "lambdamart.txt", "reranker.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_is_loaded_scores_as_what_was_saved(fitted, tmp_path):
    fitted.save(tmp_path)
    loaded, features = Reranker.load(tmp_path), examples().features[:50]
    lists, ties = np.zeros(50, dtype=np.int64), np.arange(50)
    for name, values in fitted.rank(features, lists, ties).items():
        assert (loaded.rank(features, lists, ties)[name] == values).all()


def test_it_says_what_it_rests_on(fitted):
    for gains in fitted.gains().values():
        assert next(iter(gains)) == "tells"
        assert list(gains.values()) == sorted(gains.values(), reverse=True)
        assert min(gains.values()) >= 0
    for values in fitted.shap(examples().features[:100]).values():
        assert values.shape == (100, 3)
        assert np.abs(values).mean(axis=0).argmax() == 0


def test_weights_stand_for_rows_that_were_left_out():
    """A binary score follows the share of taken rows, the ones left out counted."""
    shown = examples()
    weights = np.where(shown.taken, 1.0, 9.0)
    plain = Reranker(SETTINGS, seed=3).fit(shown)
    weighted = Reranker(SETTINGS, seed=3).fit(Examples(shown.features, NAMES, shown.lists, shown.taken, weights))
    means = [
        np.average(r.boosters["binary"].predict(shown.features), weights=w)
        for r, w in ((plain, shown.weights), (weighted, weights))
    ]
    assert means[0] == pytest.approx(2 / 12, abs=0.01)
    assert means[1] == pytest.approx(2 / (2 + 9 * 10), abs=0.01)


@pytest.mark.parametrize("taken", [True, False])
def test_nothing_can_be_learned_from_one_outcome(taken):
    shown = examples()
    same = np.full(len(shown.taken), taken)
    with pytest.raises(ValueError, match="keep the fusion"):
        Reranker(SETTINGS, seed=3).fit(Examples(shown.features, NAMES, shown.lists, same, shown.weights))


BESIDE_ONE_ANOTHER = """
import threading

import numpy as np

from recsys_assets.ranking.reranker import Examples, Reranker, RerankerSettings

random = np.random.default_rng(0)
features = random.random((4_000, 40), dtype=np.float32)
lists, taken = np.arange(4_000) // 10, random.random(4_000) < 0.2
shown = Examples(features, [f"f{i}" for i in range(40)], lists, taken, np.ones(4_000))
settings = RerankerSettings(n_trees=2)
fitted = Reranker(settings, seed=0).fit(shown)
ended = threading.Event()


def ask():
    while not ended.is_set():
        fitted.shap(features[:50])


beside = threading.Thread(target=ask)
beside.start()
for _ in range(300):
    Reranker(settings, seed=0).fit(shown)
ended.set()
beside.join()
"""


def test_every_call_of_lightgbm_asks_for_as_many_threads(monkeypatch):
    import lightgbm

    asked = []
    train, predict = lightgbm.train, lightgbm.Booster.predict

    def training(parameters, *others, **named):
        asked.append(parameters["num_threads"])
        return train(parameters, *others, **named)

    def predicting(booster, *others, **named):
        asked.append(named.get("num_threads"))
        return predict(booster, *others, **named)

    monkeypatch.setattr(lightgbm, "train", training)
    monkeypatch.setattr(lightgbm.Booster, "predict", predicting)
    shown = examples()
    fitted = Reranker(SETTINGS, seed=3).fit(shown)
    fitted.rank(shown.features, shown.lists, shown.lists)
    fitted.shap(shown.features)
    assert len(asked) == 6
    assert len(set(asked)) == 1


@pytest.mark.slow
def test_a_fit_survives_what_other_steps_ask_of_lightgbm_meanwhile():
    """Calls with other numbers of threads ended a fit in a segmentation fault; a process of its own may crash."""
    done = subprocess.run([sys.executable, "-c", BESIDE_ONE_ANOTHER], capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_ranks_are_those_of_each_list_and_ties_stand_by_the_lower():
    lists, scores = np.array([7, 3, 7, 7, 3]), np.array([0.5, 1.0, 0.5, 0.9, 2.0])
    assert ranks_within(lists, scores, np.array([9, 0, 4, 0, 0])).tolist() == [3, 2, 2, 1, 1]
