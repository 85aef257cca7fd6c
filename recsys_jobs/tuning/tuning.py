"""Tuning a night: a study for each algorithm, what it gained on the night held out, and the tables that say so.

What belongs here: the order of things. ``models.tuned_settings`` and ``models.trials`` get one partition each, of the
night whose data the studies saw; nights after it look the settings up.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms.instances import configured
from recsys_assets.algorithms.search_space import search_space
from recsys_assets.assets.algorithm_settings import written
from recsys_assets.assets.code_version import code_below, version_of
from recsys_assets.assets.training import reads
from recsys_assets.evaluation.plots import trials_over_settings
from recsys_assets.nights import ONE_DAY
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import TableName
from recsys_assets.selects.tuning_contracts import TRIALS, TUNED
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.night_lock import building
from recsys_assets.storage.studies import studies_folder
from recsys_jobs.tuning.folds import RELEVANT, USERS, Fold, TuningError, nights_of, read_fold
from recsys_jobs.tuning.gain import Gain, gains_of, pooled, worth
from recsys_jobs.tuning.study import Study, Trial, best, has_optuna, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from recsys_assets.algorithms import Recommender
    from recsys_assets.algorithms.search_space import Space
    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

    Tell = Callable[[str, int, float], object]
    """Called with (algorithm, trials finished, best value so far) at the start of each study and after each trial."""

KEYS = {TUNED: ("algorithm", "task"), TRIALS: ("algorithm", "trial")}


@dataclass(frozen=True)
class Tuned:
    """What came of one algorithm's study."""

    algorithm: str
    settings: dict[str, Any]
    """The best trial's; of the search space only."""
    is_adopted: bool
    """Whether nights use them: on the night held out they did better than the settings before, beyond chance."""
    trials: list[Trial]
    gains: list[Gain]
    """By task."""

    def drawn(self) -> bytes:
        """PNG of NDCG@10 over each setting."""
        return trials_over_settings([vars(trial) for trial in self.trials])


@dataclass(frozen=True)
class _Candidate:
    """An algorithm that is tuned, as the profile has it."""

    name: str
    algorithm: type[Recommender]
    settings: Recommender.Settings
    """What the profile writes, and defaults."""
    space: Space

    def fitted(self, fold: Fold, learned: dict[str, Any], seed: int) -> Recommender:
        return self.algorithm(self.with_learned(learned), seed=seed).fit(fold.train)

    def with_learned(self, learned: dict[str, Any]) -> Recommender.Settings:
        return self.algorithm.Settings.model_validate(self.settings.model_dump() | learned)


def tunable(profile: Profile) -> dict[str, Space]:
    """Algorithms of the profile that have something to tune, and where to look for it; by name."""
    spaces = {
        name: search_space(algorithm.Settings, written(profile.algorithms[name]))
        for name, (algorithm, _) in configured(profile.algorithms).items()
    }
    return {name: space for name, space in spaces.items() if space}


def tune(
    profile: Profile,
    night: Night,
    names: Sequence[str],
    tell: Tell,
    *,
    n_trials: int | None = None,
    seconds: float | None = None,
    setting: str = "",
    run_id: str = "",
) -> list[Tuned]:
    """Study algorithms at a night, and write what was learned after each.

    Parameters
    ----------
    names
        Algorithms of the profile, each with a search space.
    n_trials
        Trials of each; those that an earlier call made at this night count.
    seconds
        Time for all of them; each gets an equal share of what is left, and the defaults and one trial at least.
    setting
        The only one that is looked for, if any: a sweep.

    Raises
    ------
    TuningError
        When an algorithm is none of the profile's or has nothing to tune, the night is too early, or nobody known took
        anything.
    LakeError
        When the log of a night is not in the lake.
    """
    has_optuna()
    spaces = tunable(profile)
    if unknown := [name for name in names if name not in spaces]:
        raise TuningError(
            f"{unknown[0]} has nothing to tune in profile {profile.name}. What has: {', '.join(spaces) or 'nothing'}."
        )
    for name in names if setting else ():
        if setting not in spaces[name]:
            raise TuningError(f"{name} has no setting {setting} to tune. What it has: {', '.join(spaces[name])}.")
        spaces[name] = {setting: spaces[name][setting]}
    chosen = configured(profile.algorithms)
    candidates = [_Candidate(name, *chosen[name], spaces[name]) for name in names]
    held_out, tried = nights_of(profile, night)
    uses = frozenset().union(*(each.algorithm.uses for each in candidates))
    folds = [fold for fold in (read_fold(profile, each, uses) for each in tried) if fold.judged]
    last = read_fold(profile, held_out, uses)
    judged = {task for fold in folds for task in fold.judged} & last.judged.keys()
    candidates = [each for each in candidates if each.algorithm.tasks & judged]
    if not candidates:
        raise TuningError(f"Nobody whom a night knew took anything in the horizons before {night}: wait for more days.")
    begun, done = time.monotonic(), list[Tuned]()
    for place, each in enumerate(candidates):
        now = time.monotonic()
        until = None if seconds is None else now + (begun + seconds - now) / (len(candidates) - place)
        done.append(_studied(profile, night, each, folds, last, tell, n_trials, until))
        _write(profile, night, each, done[-1], len(folds), held_out, run_id)
    return done


def _studied(
    profile: Profile,
    night: Night,
    each: _Candidate,
    folds: list[Fold],
    last: Fold,
    tell: Tell,
    n_trials: int | None,
    until: float | None,
) -> Tuned:
    defaults = [fold.grades(each.fitted(fold, {}, profile.seed)) for fold in folds]
    served = [task for task in profile.tasks if any(task in grades for grades in defaults)]

    def grade(learned: dict[str, Any]) -> tuple[float, dict[str, float]]:
        grades = [fold.grades(each.fitted(fold, learned, profile.seed)) for fold in folds]
        return worth(grades, defaults, served), {task: pooled(grades, task) for task in served}

    with opened(_journal(profile, night, each, folds), night, profile.seed) as study:
        trials = study.trials
        tell(each.name, len(trials), best(trials).value if trials else 1.0)
        while _goes_on(study, n_trials, until):
            study.run(each.algorithm, each.space, grade)
            tell(each.name, len(study.trials), best(study.trials).value)
        trials = study.trials
    winner = best(trials)
    before, after = (last.grades(each.fitted(last, s, profile.seed)) for s in ({}, dict(winner.settings)))
    gains = gains_of(trials[0].ndcg, winner.ndcg, before, after, served, profile.seed)
    # Being better there by chance is likely: of 78 user-nights, settings so chosen lost (docs/tuning.md).
    is_sure = any(gain.low > 0 for gain in gains) and all(gain.high >= 0 for gain in gains)
    is_adopted = winner.number > 0 and is_sure and worth([after], [before], served) > 1
    return Tuned(each.name, dict(winner.settings), is_adopted, trials, gains)


def _goes_on(study: Study, n_trials: int | None, until: float | None) -> bool:
    n_done = len(study.trials)
    if n_trials is not None and n_done >= n_trials:
        return False
    return n_done < 2 or until is None or time.monotonic() < until


def _journal(profile: Profile, night: Night, each: _Candidate, folds: list[Fold]) -> Path:
    """File of a study: another one for another night, data, space, or settings written by hand."""
    lake = Lake(profile)
    log = [p.fingerprint for p in lake.partitions("clean.events", folds[0].night + profile.horizon * ONE_DAY)]
    about = [profile.fingerprint, each.settings.model_dump_json(), repr(each.space), [str(f.night) for f in folds], log]
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
    return studies_folder(profile, night) / f"{each.name}-{digest}.jsonl"


def _write(
    profile: Profile, night: Night, each: _Candidate, tuned: Tuned, n_nights: int, held_out: Night, run_id: str
) -> None:
    """Write the partitions of the night anew, with this algorithm's rows in place of what they held of it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    of = profile.algorithms[each.name].get("algorithm", each.name)
    about = {"algorithm": each.name, "is_instance_of": of, "settings": json.dumps(tuned.settings)}
    about |= {"is_adopted": tuned.is_adopted, "n_trials": len(tuned.trials), "n_nights": n_nights}
    new = {
        TUNED: [{**about, "held_out_night": held_out, **vars(gain)} for gain in tuned.gains],
        TRIALS: [
            {"algorithm": each.name, "trial": trial.number, "value": trial.value}
            | {"settings": json.dumps(trial.settings), "ndcg": json.dumps(trial.ndcg)}
            for trial in tuned.trials
        ],
    }
    rests_on = {*RELEVANT.reads, *reads(each.algorithm.uses)}
    version = version_of(
        code_below(("recsys_assets.evaluation.metrics", each.algorithm.__module__), (RELEVANT.path, USERS.path))
    )
    lake = Lake(profile)
    with building(profile, f"what was tuned at night {night}", print):
        kept = {}
        if lake.partition(TUNED, night) and lake.partition(TRIALS, night):
            names = {table: TableName(*table.split(".")) for table in KEYS}
            with lake.as_of(night, names.values()) as snapshot:
                kept = {table: snapshot.table(f"from {table}") for table in names}
        with lake.as_of(night, rests_on, dict.fromkeys(KEYS, tuple(sorted(rests_on))), run_id) as snapshot:
            for table, key in KEYS.items():
                rows = [declared_rows(table, new[table])]
                if table in kept:
                    rows.append(kept[table].filter(pc.not_equal(kept[table]["algorithm"], each.name)))
                snapshot.add("made.rows", pa.concat_tables(rows, promote_options="default"))
                query = f"select * from made.rows order by {', '.join(key)}"
                snapshot.writer(table).write(query, key, version)
