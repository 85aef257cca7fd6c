"""A study: one algorithm's settings looked for by Optuna, trial by trial, in a journal that survives a kill.

What belongs here: the only code that knows Optuna. A study that goes on after a kill makes the trials it would have
made without: what a trial tries is a function of the seed and of the trials finished before it.

The sampler is the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kégl, "Algorithms for
hyper-parameter optimization", 2011), after ten trials drawn at random (Bergstra and Bengio, 2012); the first tries the
defaults.
"""

from __future__ import annotations

import json
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from recsys_assets.algorithms.search_space import Choice, is_whole
from recsys_assets.storage.private import private_folder
from recsys_assets.storage.studies import cut_torn_line
from recsys_jobs.tuning.folds import TuningError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import optuna

    from recsys_assets.algorithms import Recommender
    from recsys_assets.algorithms.search_space import Space
    from recsys_assets.nights import Night

    Grade = Callable[[dict[str, Any]], tuple[float, dict[str, float]]]

N_RANDOM = 10
"""Trials drawn at random, the defaults among them, before there is something to learn from."""


@dataclass(frozen=True)
class Trial:
    """A trial that is finished."""

    number: int
    """Place among those that are finished, from 0."""
    settings: Mapping[str, Any]
    value: float
    """How many times as good as the defaults; see `gain.worth`."""
    ndcg: Mapping[str, float]
    """NDCG@10 by task, over the user-nights of all folds."""


def has_optuna() -> None:
    """Refuse to begin without the library.

    Raises
    ------
    TuningError
        When it is not installed.
    """
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise TuningError("Optuna is not installed, which looks for settings: pip install 'optuna>=5,<6'.")


@contextmanager
def opened(journal: Path, night: Night, seed: int) -> Iterator[Study]:
    """Open the study that a journal holds, or begin one; for one process at a time.

    Parameters
    ----------
    journal
        File of JSON lines, made if absent. What a killed process left of a line is cut off.
    night
        The night whose data its trials may see.

    Raises
    ------
    TuningError
        When it is the study of another night.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    private_folder(journal.parent)
    with FileLock(journal.with_suffix(".held")), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        Path(f"{journal}.lock").unlink(missing_ok=True)  # Optuna's own, of a process that was killed.
        cut_torn_line(journal)
        storage = JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal))))
        study = optuna.create_study(storage=storage, study_name="settings", direction="maximize", load_if_exists=True)
        of = study.user_attrs.get("night", str(night))
        if of != str(night):
            raise TuningError(
                f"{journal.name} holds the study of night {of}, so it is none of night {night}: studies are not shared "
                "between nights, as a later one has seen what an earlier one may not."
            )
        study.set_user_attr("night", str(night))
        for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)  # Whoever ran it is gone.
        yield Study(study, seed)


class Study:
    """The trials of one algorithm; see `opened`."""

    def __init__(self, study: optuna.Study, seed: int) -> None:
        self._study, self._seed = study, seed

    @property
    def trials(self) -> list[Trial]:
        """Finished trials, the oldest first."""
        import optuna

        done = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        return [
            Trial(place, *(json.loads(trial.user_attrs[name]) for name in ("settings", "value", "ndcg")))
            for place, trial in enumerate(done)
        ]

    def run(self, algorithm: type[Recommender], space: Space, grade: Grade) -> Trial:
        """Make one trial more.

        Where there is one number to look for, trials fill its range evenly: that is a sweep.

        Parameters
        ----------
        grade
            Value of settings, of the search space only, the greater the better; and NDCG@10 by task.
        """
        import optuna

        n_done = len(self.trials)
        # Of a seed of its own, a trial is the same whether or not the process has made those before it.
        self._study.sampler = optuna.samplers.TPESampler(n_startup_trials=N_RANDOM, seed=self._seed + n_done)
        waiting = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,))
        if n_done == 0 and not waiting:
            self._study.enqueue_trial(_defaults(algorithm, space))
        elif not waiting and (swept := _swept(algorithm, space, n_done - 1)):
            self._study.enqueue_trial(swept)
        trial = self._study.ask(_distributions(algorithm, space))
        settings = {name: _rounded(value) for name, value in trial.params.items()}
        trial.set_user_attr("settings", json.dumps(settings))
        value, ndcg = grade(settings)
        trial.set_user_attr("value", json.dumps(value))
        trial.set_user_attr("ndcg", json.dumps(ndcg))
        self._study.tell(trial, value)
        return Trial(n_done, settings, value, ndcg)


def best(trials: list[Trial]) -> Trial:
    """The trial of the greatest value; of equals the oldest, which the defaults are."""
    return max(trials, key=lambda trial: (trial.value, -trial.number))


def _distributions(algorithm: type[Recommender], space: Space) -> dict[str, optuna.distributions.BaseDistribution]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    made: dict[str, optuna.distributions.BaseDistribution] = {}
    for name, where in space.items():
        if isinstance(where, Choice):
            made[name] = CategoricalDistribution(where.values)
        elif is_whole(algorithm.Settings, name):
            made[name] = IntDistribution(int(where.low), int(where.high), log=where.log)
        else:
            made[name] = FloatDistribution(where.low, where.high, log=where.log)
    return made


def _defaults(algorithm: type[Recommender], space: Space) -> dict[str, Any]:
    defaults = algorithm.Settings()
    return {name: getattr(defaults, name) for name in space}


def _swept(algorithm: type[Recommender], space: Space, place: int) -> dict[str, Any]:
    """Where a sweep looks next: both ends, then always halfway (van der Corput's sequence); {}: this is none."""
    ((name, where), *more) = space.items()
    if more or isinstance(where, Choice):
        return {}
    share, digit, rest = float(place == 1), 0.5, max(place - 1, 0)
    while rest:
        rest, bit = divmod(rest, 2)
        share, digit = share + bit * digit, digit / 2
    ratio = where.high / where.low if where.log else 0.0
    value = where.low * ratio**share if where.log else where.low + share * (where.high - where.low)
    return {name: round(value) if is_whole(algorithm.Settings, name) else value}


def _rounded(value: Any) -> Any:
    """Three digits of a number are enough, and can be read."""
    return float(f"{value:.3g}") if isinstance(value, float) else value
