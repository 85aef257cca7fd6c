"""From which strength on the detectors see a planted leak, and how often they speak of nights without one.

Runs the SELECTs and the arithmetic of the nightly step over the events of each data set that is there (`PARITY_DATA`,
default `../shared/data`): one night every few days, without and with a leak. Features and labels are those of the
nights that the current profile has built.

    python -m benchmarks detectors
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.detectors.data import data_sets, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.detectors.data import DataSet

SAMPLES = {"max_items": 5_000, "max_users": 2_000, "pair_users": 0}
SHARES = (1.0, 0.5, 0.2)
"""Of what came later, how much a planted total holds; of entities, how many a planted text tells."""
NOISES = (0.5, 1.0, 2.0)
"""Standard deviation of a planted score's noise, over that of what it tells."""
OFFSETS = (2, 5, 9)


def run() -> Iterator[str]:
    """A block of lines for each data set, one for the nights that are built, one for simulated ones."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        for some in data_sets():
            yield from columns_of(some)
            yield from clocks_of(some)
        yield from features_of_built_nights()
        yield from simulated()
        yield from simulated_features()
        yield from simulated_clocks()


def columns_of(some: DataSet) -> Iterator[str]:
    """False alarms over all nights, and by kind and strength of leak the share of nights in which it was seen."""
    import numpy as np

    from recsys_assets.evaluation.detectors.column_knows_the_future import correct, judge_columns

    con, seen, alarms, judged, n_nights = opened(some), defaultdict[str, list[bool]](list), [], 0, 0
    for at in range(0, (some.last - some.first).days + 1, some.every):
        night = some.first + timedelta(days=at)
        histories = histories_at(con, some, night)
        rng, findings = np.random.default_rng(at), []
        for entity in ("item", "user"):
            history, columns = entities_at(con, some, histories, entity)
            findings += judge_columns(history, columns)
            leaks = dict(planted(rng, history, later(con, some, night, entity, histories)))
            for leak in judge_columns(history, leaks):
                (found,) = correct([leak])  # As if it were the only column.
                if found.value is not None:
                    seen[f"{entity}: {found.subject}"].append(found.is_suspicious)
        findings = correct(findings)
        judged += sum(found.value is not None for found in findings)
        n_nights += any(found.value is not None for found in findings)
        alarms += [f"{night} {found.subject} {found.value:.2f}" for found in findings if found.is_suspicious]
    yield f"{some.name}: {n_nights} nights, {judged} columns judged, {len(alarms)} false alarm(s) {'; '.join(alarms)}"
    for name, nights in sorted(seen.items()):
        yield f"{some.name}, {name}: seen in {np.mean(nights):.0%} of {len(nights)} nights"


def histories_at(con: duckdb.DuckDBPyConnection, some: DataSet, night: date) -> Any:
    """What `sql/detectors/histories.sql` gives in a night, as a frame."""
    from recsys_assets.selects.files import SQL_FOLDER, load_select

    after, graded = night + timedelta(days=1), night - timedelta(days=some.horizon)
    con.execute(
        "create or replace table this.night as select $1::date as night, $2::timestamp as cutoff, $3::date as "
        "graded_night, $4::timestamp as graded_cutoff",
        [night, after, graded, graded + timedelta(days=1)],
    )
    con.execute(f"create or replace table this.profile as select {some.horizon} as horizon")
    con.execute(
        "create or replace view clean.interactions as select *, 1.0 as weight, event_ts::date as visible_night, "
        "epoch(night.cutoff - event_ts) / 86400.0 as age_days from log, this.night as night "
        "where event_ts < night.cutoff"
    )
    select = load_select(SQL_FOLDER / "detectors" / "histories.sql", keyed=False)
    return con.sql(select.text, params=SAMPLES).to_arrow_table().to_pandas()


def entities_at(
    con: duckdb.DuckDBPyConnection, some: DataSet, histories: Any, entity: str
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[Any]]]:
    """Histories of items or users, and what is known of them: attributes, and counts as of the graded night."""
    import numpy as np

    from recsys_assets.evaluation.detectors.column_knows_the_future import HISTORY

    mine = histories[histories["entity"] == entity]
    history = {name: mine[name].to_numpy(dtype=np.float64) for name in HISTORY}
    ids = con.execute(f"select {entity}_id from clean.{entity}s order by {entity}_key").fetchnumpy()[f"{entity}_id"]
    told = con.sql(f"from {entity}_attributes").to_arrow_table().to_pandas()
    told = told.set_index(told.columns[0]).reindex(ids[mine[f"{entity}_key"].to_numpy(dtype=np.int64) - 1])
    columns: dict[str, NDArray[Any]] = {}
    for name in told.columns:
        is_number = told[name].dtype.kind in "iuf"
        columns[f"{entity} {name}"] = (
            told[name].to_numpy(dtype=np.float64)
            if is_number
            else told[name].astype(object).where(told[name].notna(), None).to_numpy()
        )
    columns |= {
        f"{entity} events": history["n_before"],
        f"{entity} events a horizon ago": history["n_before"] - history["n_last"],
        f"{entity} growth": (history["n_last"] + 1) / (history["n_second"] + 1),
        f"{entity} mean value": history["value_before"] / np.maximum(history["n_before"], 1),
        f"{entity} decayed": history["n_last"] + 0.5 * history["n_second"] + 0.25 * history["n_third"],
    }
    return history, columns


def later(
    con: duckdb.DuckDBPyConnection, some: DataSet, night: date, entity: str, histories: Any
) -> dict[str, NDArray[np.int64]]:
    """Events of each entity from the graded cutoff to several ends: how far a supplier's total may go."""
    import numpy as np

    keys = histories[histories["entity"] == entity][f"{entity}_key"].to_numpy(dtype=np.int64)
    graded = night + timedelta(days=1 - some.horizon)
    ends = {"1 horizon": some.horizon, "4 horizons": 4 * some.horizon, "all": 36_500}
    counts = {}
    for name, days in ends.items():
        rows = con.execute(
            f"select {entity}_key as k, count(*) as n from log where event_ts >= $1 and event_ts < $2 group by all",
            [graded, graded + timedelta(days=days)],
        ).fetchnumpy()
        every = np.zeros(max(keys.max(initial=0), rows["k"].max(initial=0)) + 1, dtype=np.int64)
        every[rows["k"]] = rows["n"]
        counts[name] = every[keys]
    return counts


def planted(
    rng: np.random.Generator, history: dict[str, NDArray[np.float64]], came: dict[str, NDArray[np.int64]]
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Columns that know the future, each at three strengths."""
    import numpy as np

    after = history["n_after"]
    for end, counts in came.items():
        yield f"total up to {end} later", history["n_before"] + counts
    for share in SHARES[1:]:
        yield f"total of all, {share:.0%} of what came", history["n_before"] + rng.binomial(came["all"], share)
    yield "rank by the total of all", -np.argsort(np.argsort(history["n_before"] + came["all"])).astype(np.float64)
    told = np.log1p(after)
    for noise in NOISES:
        yield f"score of the next horizon, noise {noise}", told + noise * told.std() * rng.normal(size=len(told))
    classes = np.array(["none", "some", "many"], dtype=object)[np.digitize(after, [1, 4])]
    for share in SHARES:
        mixed = np.where(rng.random(len(after)) < share, classes, rng.permutation(classes))
        yield f"segment of the next horizon, {share:.0%} told", mixed
    total = history["n_before"] + came["all"]
    yield (
        "segment of the total of all",
        np.digitize(total, np.quantile(total, [0.5, 0.8, 0.95])).astype(str).astype(object),
    )


def clocks_of(some: DataSet) -> Iterator[str]:
    """False alarms of the clock over all weeks, and the share of weeks in which an offset was seen."""
    import numpy as np

    from recsys_assets.evaluation.detectors.clock_is_off import by_week, judge_jump, judge_place

    con = opened(some)
    rows = con.execute(
        "select date_trunc('hour', event_ts) as hour, count(distinct user_key) as n from log group by all order by all"
    ).fetchnumpy()
    hours, counts = rows["hour"].astype("datetime64[h]"), rows["n"].astype(np.float64)
    seen = defaultdict[str, list[bool]](list)
    for at in range(56, (some.last - some.first).days, 7):
        cutoff = np.datetime64(some.first + timedelta(days=at), "h")
        for offset in (0, *(sign * off for off in OFFSETS for sign in (1, -1))):
            newest = hours >= cutoff - np.timedelta64(7, "D")
            for name, moved in (("all times", np.full(len(hours), offset)), ("the newest week", newest * offset)):
                shifted = hours + moved.astype("timedelta64[h]")
                kept = shifted < cutoff
                weekly = by_week(shifted[kept], counts[kept], cutoff, some.zone)
                found = judge_place(weekly, some.zone) if name == "all times" else judge_jump(weekly)
                if found.value is not None:
                    seen[f"{name} {offset:+d} h"].append(found.is_suspicious)
    if not seen:
        yield f"{some.name}: no clock is judged, for want of events or of a rhythm of the day"
    for name, weeks in seen.items():
        yield f"{some.name}, clock, {name}: said to be off in {np.mean(weeks):.1%} of {len(weeks)} weeks"


def features_of_built_nights() -> Iterator[str]:
    """The features that part the labels most, and the label itself as a feature, told of so many examples."""
    import numpy as np

    from recsys_assets.evaluation.detectors.feature_separates_labels import SEPARATES, judge_separation, separation
    from recsys_assets.profile_file import load_profile
    from recsys_assets.ranking.candidate_tables import feature_matrix, feature_names
    from recsys_assets.selects.files import TableName
    from recsys_assets.storage.lake.lake import Lake

    profile = load_profile()
    lake, seen, best = Lake(profile), defaultdict[float, list[bool]](list), []
    for night in lake.nights("recommendations.examples"):
        with lake.as_of(night, [TableName("recommendations", "examples")]) as snapshot:
            rows = snapshot.table("select * from recommendations.examples where task = $1", [profile.tasks[0]])
        if not rows.num_rows:
            continue
        names, rng = feature_names(rows.column_names), np.random.default_rng(night.toordinal())
        taken, weights = rows["taken"].to_numpy(), rows["weight"].to_numpy().astype(np.float64)
        distance, _ = separation(names, feature_matrix(rows, names), taken, weights)
        best.append(f"{names[int(distance.argmax())]} {distance.max():.2f}")
        for share in (0.9, 0.8, 0.7, 0.5):
            label = (taken & (rng.random(len(taken)) < share)).astype(np.float32)[:, None]
            (found,) = judge_separation(profile.tasks[0], ["label"], label, taken, weights)
            seen[share].append(found.is_suspicious)
    yield f"{profile.name}: the feature that parts labels most, by night: {', '.join(best) or 'no night is built'}"
    for share, nights in seen.items():
        yield f"label told of {share:.0%} (suspicious from {SEPARATES}): seen in {np.mean(nights):.0%} of {len(nights)}"


def simulated(n_nights: int = 800) -> Iterator[str]:
    """False alarms of simulated nights of a shop in which nothing leaks (`tests/helpers/simulated.py`)."""
    import numpy as np

    from recsys_assets.evaluation.detectors.column_knows_the_future import correct, judge_columns
    from tests.helpers.simulated import clean_night

    alarms = 0
    for seed in range(n_nights):
        history, columns = clean_night(np.random.default_rng(seed), (300, 1_000, 2_000)[seed % 3])
        alarms += any(found.is_suspicious for found in correct(judge_columns(history, columns)))
    yield f"simulated: {n_nights} nights of {len(columns)} columns, {alarms} with a false alarm"


def simulated_features(n_nights: int = 800) -> Iterator[str]:
    """False alarms of simulated examples and candidates in which no feature knows a label."""
    import numpy as np

    from recsys_assets.evaluation.detectors.feature_separates_labels import (
        TELLS,
        judge_drift,
        judge_separation,
        judge_served,
    )
    from tests.helpers.simulated import clean_examples

    alarms, furthest = 0, 0.0
    for seed in range(n_nights):
        graded, tonight, taken = clean_examples(np.random.default_rng(seed), (1_000, 4_000, 20_000)[seed % 3])
        names, weights = list(graded), np.where(taken, 1.0, 3.0)
        before, now = (np.column_stack([rows[name] for name in names]) for rows in (graded, tonight))
        found = judge_separation("next", names, before, taken, weights)
        furthest = max(furthest, *(finding.value or 0.0 for finding in found))
        telling = np.array([(finding.value or 0.0) >= TELLS for finding in found])
        found += judge_served(names, before, before) + judge_drift(names, before, now, telling, 7)
        alarms += any(finding.is_suspicious for finding in found)
    yield (
        f"simulated: {n_nights} nights of {len(names)} features, {alarms} with a false alarm; the feature that parts "
        f"labels most has a distance of {furthest:.2f}"
    )


def simulated_clocks(n_nights: int = 800) -> Iterator[str]:
    """False alarms of simulated weeks of shops whose clocks are right."""
    import numpy as np

    from recsys_assets.evaluation.detectors.clock_is_off import N_WEEKS, judge_apart, judge_jump, judge_place
    from tests.helpers.simulated import clean_weeks

    alarms, judged = 0, 0
    for seed in range(n_nights):
        weekly = clean_weeks(rng := np.random.default_rng(seed), N_WEEKS)
        of_one_device = rng.binomial(weekly.sum(axis=0).astype(np.int64), 0.3).astype(np.float64)
        found = [judge_place(weekly, "UTC"), judge_jump(weekly)]
        found.append(judge_apart("device", of_one_device, weekly.sum(axis=0) - of_one_device))
        judged += any(finding.value is not None for finding in found)
        alarms += any(finding.is_suspicious for finding in found)
    yield f"simulated: {n_nights} nights of clocks, {judged} judged, {alarms} with a false alarm"
