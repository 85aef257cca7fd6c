"""Studies: seeded, resumable after a kill, and of one night each."""

import multiprocessing
import os
from datetime import date

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from recsys_assets.algorithms import registry
from recsys_assets.algorithms.search_space import search_space
from recsys_jobs.tuning.folds import TuningError
from recsys_jobs.tuning.study import best, opened

NIGHT, SEED, N = date(2017, 11, 7), 7, 16
ITEM_KNN = registry()["item_knn"]
SPACE = search_space(ITEM_KNN.Settings, {})


def value(settings):
    """Highest at a self weight of 3 and 9 days."""
    return -abs(settings["self_weight"] - 3) - abs(settings["decay_days"] - 9) / 30, {"next": 0.5}


def run(journal, n, seed=SEED, grade=value):
    with opened(journal, NIGHT, seed) as study:
        while len(study.trials) < n:
            study.run(ITEM_KNN, SPACE, grade)
        return study.trials


def run_and_die(journal, n):
    """Make n trials, and be killed in the next one."""
    with opened(journal, NIGHT, SEED) as study:
        for _ in range(n):
            study.run(ITEM_KNN, SPACE, value)
        study.run(ITEM_KNN, SPACE, lambda settings: os._exit(9))


def test_the_first_trial_is_the_defaults_and_a_seed_says_the_rest(tmp_path):
    trials = run(tmp_path / "a.jsonl", N)
    defaults = ITEM_KNN.Settings()
    assert trials[0].settings == {name: getattr(defaults, name) for name in SPACE}
    assert run(tmp_path / "b.jsonl", N) == trials
    assert run(tmp_path / "c.jsonl", N, seed=8)[1:] != trials[1:]
    assert best(trials).value > trials[0].value
    for trial in trials:
        ITEM_KNN.Settings(**trial.settings)
        assert all(SPACE[name].holds(given) for name, given in trial.settings.items())


@pytest.mark.parametrize("n_before", [0, 1, 12])
def test_a_killed_study_goes_on_as_if_nothing_had_been(tmp_path, n_before):
    whole = run(tmp_path / "whole.jsonl", N)
    journal = tmp_path / "killed.jsonl"
    for _ in range(2):  # Killed in the very trial twice.
        process = multiprocessing.get_context("spawn").Process(target=run_and_die, args=(journal, n_before))
        process.start()
        process.join(60)
        assert process.exitcode == 9
        n_before = 0
    (tmp_path / "killed.jsonl.lock").write_text("")  # What Optuna leaves of a process that dies while it writes,
    with journal.open("ab") as file:
        file.write(b'{"op_code":5,"worker')  # and a line that it began.
    assert run(journal, N) == whole


def test_a_study_of_another_night_is_refused(tmp_path):
    run(tmp_path / "a.jsonl", 2)
    with (
        pytest.raises(TuningError, match="holds the study of night 2017-11-07, so it is none of night 2017-10-31"),
        opened(tmp_path / "a.jsonl", date(2017, 10, 31), SEED),
    ):
        pass


def test_of_equals_the_oldest_is_best(tmp_path):
    trials = run(tmp_path / "a.jsonl", 5, grade=lambda settings: (1.0, {}))
    assert best(trials).number == 0


def test_one_number_is_swept_evenly_from_end_to_end(tmp_path):
    hybrid = registry()["hybrid"]
    space = {"alpha": search_space(hybrid.Settings, {})["alpha"]}
    with opened(tmp_path / "a.jsonl", NIGHT, SEED) as study:
        tried = [study.run(hybrid, space, lambda settings: (settings["alpha"], {})).settings["alpha"] for _ in range(7)]
    assert tried == [hybrid.Settings().alpha, 0, 1, 0.5, 0.25, 0.75, 0.125]


def test_a_journal_is_optunas_own_and_its_tools_read_it(tmp_path):
    trials = run(tmp_path / "a.jsonl", 3)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(tmp_path / "a.jsonl")))
    study = optuna.load_study(study_name=None, storage=storage)
    assert [trial.value for trial in study.trials] == [trial.value for trial in trials]
    assert study.user_attrs == {"night": str(NIGHT)}
