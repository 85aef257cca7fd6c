"""Tuning a night of the sample: what a trial is graded by, what is written, and who may use it."""

import json
from datetime import timedelta

import pytest

from recsys_assets.algorithms.instances import configured
from recsys_assets.selects.tuning_contracts import TRIALS, TUNED
from recsys_jobs.tuning.folds import TuningError, nights_of, read_fold
from recsys_jobs.tuning.gain import gains_of, worth
from recsys_jobs.tuning.tuning import tune
from tests.helpers.sample import HORIZON, NIGHTS

FIRST, MIDDLE, LAST = NIGHTS
N_TRIALS = 4


@pytest.fixture(scope="module")
def tuned(built, tmp_path_factory):
    """The sample with its last night tuned from the command line."""
    deployment = built.copy(tmp_path_factory.mktemp("tuned") / "data")
    before = deployment.content()
    result = deployment.invoke("tune", "--algorithm", "item_knn", "--algorithm", "als", "--trials", N_TRIALS)
    assert result.exit_code == 0, result.output
    return deployment, before, result.output


@pytest.mark.parametrize("name", ["als", "item_knn", "popularity"])
def test_a_trial_is_graded_as_the_nights_grade_themselves(built, name):
    with built.active():
        profile = built.profile
        algorithm, settings = configured(profile.algorithms)[name]
        fold = read_fold(profile, MIDDLE, algorithm.uses)
        grades = fold.grades(algorithm(settings, seed=profile.seed).fit(fold.train))
    rows = built.rows("grades.candidates", LAST, "task, user_key, ndcg, algorithm, k, is_cold_user")
    theirs = {(task, user): ndcg for task, user, ndcg, of, k, cold in rows if (of, k, cold) == (name, 10, False)}
    ours = {
        (task, user): value
        for task, values in grades.items()
        for user, value in zip(fold.judged[task].keys.tolist(), values.tolist(), strict=True)
    }
    assert ours == theirs
    assert any(ours.values())


def test_trials_lie_before_the_night_held_out(built):
    with built.active():
        held_out, tried = nights_of(built.profile, LAST)
        assert held_out == LAST - timedelta(days=HORIZON)
        assert tried
        assert all(night + timedelta(days=HORIZON) <= held_out for night in tried)
        with pytest.raises(TuningError, match=r"too early to tune.*the first night that can be tuned is 2017-10-30"):
            nights_of(built.profile, FIRST)


def test_what_is_written_says_what_was_tried_and_what_it_gained(tuned):
    deployment, before, output = tuned
    rows = deployment.rows(TUNED, LAST, "algorithm, task, settings, n_trials, held_out_night, is_adopted, difference")
    assert [row[:2] for row in rows] == [(a, t) for a in ("als", "item_knn") for t in ("discovery", "next")]
    assert {row[3:5] for row in rows} == {(N_TRIALS, MIDDLE)}
    assert "factors" not in json.loads(rows[0][2]), "the profile writes it"
    trials = deployment.rows(TRIALS, LAST, "algorithm, trial, settings, value")
    assert [row[:2] for row in trials] == [(a, n) for a in ("als", "item_knn") for n in range(N_TRIALS)]
    assert {row[3] for row in trials if row[1] == 0} == {1.0}, "a trial of the defaults is as good as they are"
    assert "NDCG@10 on the night that was held out" in output
    after = deployment.content()
    assert {name: after[name] for name in before} == before, "no night that is built is touched"


def test_a_second_call_makes_no_trial_again_and_changes_nothing(tuned):
    deployment, _, _ = tuned
    content, said = deployment.content(), []
    with deployment.active():
        tune(deployment.profile, LAST, ["als"], lambda *told: said.append(told), n_trials=N_TRIALS)
    assert [(name, n) for name, n, _ in said] == [("als", N_TRIALS)]
    assert deployment.content() == content


def test_what_has_nothing_to_tune_is_named(tuned):
    deployment, _, _ = tuned
    result = deployment.invoke("tune", "--algorithm", "nothing", "--trials", 2)
    assert result.exit_code == 1
    assert "nothing has nothing to tune in profile sample. What has: als, buy_again, item_knn" in " ".join(
        result.output.split()
    )
    assert deployment.invoke("tune").exit_code == 2
    assert deployment.invoke("tune", "--all", "--budget", "soon").exit_code == 2


def test_tasks_count_alike_in_what_settings_are_worth():
    import numpy as np

    before = [{"next": np.array([0.2, 0.4]), "discovery": np.array([0.02, 0.0])}]
    after = [{"next": np.array([0.3, 0.3]), "discovery": np.array([0.02, 0.02])}]
    assert worth(before, before, ["next", "discovery"]) == 1
    assert worth(after, before, ["next", "discovery"]) == pytest.approx(1.5)
    (gain,) = gains_of({"discovery": 0.1}, {"discovery": 0.2}, before[0], after[0], ["discovery"], seed=0)
    assert (gain.default_ndcg, gain.tuned_ndcg) == (0.1, 0.2)
    assert (gain.held_out_default, gain.held_out_tuned, gain.n_users) == (0.01, 0.02, 2)
    assert gain.low <= gain.difference <= gain.high
