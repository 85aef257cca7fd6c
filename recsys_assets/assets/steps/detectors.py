"""``audits.detectors``: whether trusted data knows the future, asked of the graded night, whose future is known by now.

What belongs here: gathering what `evaluation.detectors` judges, over samples by the hash of ids. In schema ``audits``:
it holds what happened since the graded night against what that night saw, and nothing learns from it.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.night_features import NightFeatures, night_feature_reads
from recsys_assets.assets.pages import markdown_table, picture
from recsys_assets.assets.step import Made, Step
from recsys_assets.evaluation.detectors import clock_is_off, column_knows_the_future, feature_separates_labels
from recsys_assets.evaluation.detectors.finding import Finding, rounded
from recsys_assets.evaluation.plots import detectors_figure
from recsys_assets.ranking.candidate_tables import feature_matrix, feature_names
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import TableName, load_select, select_files, table_files
from recsys_assets.selects.quoting import quoted
from recsys_assets.selects.source import Source
from recsys_assets.threads import hold_blas_to_one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

    Columns = dict[str, NDArray[Any]]

TABLE = "audits.detectors"
_SELECTS = {name: load_select(path, keyed=False) for name, path in select_files("detectors").items()}
_SAMPLES = {"max_items": 5_000, "max_users": 2_000, "pair_users": 50}
LEARNERS, SERVED = 400, 50
"""Users of a task whose examples are looked at, and users whose candidates of the two nights are compared: each night
others that lie side by side, so that of each table only their part is read."""
KEYS = {"item": ("item_key",), "user": ("user_key",), "user_item": ("item_key", "user_key")}
AHEAD = frozenset({"clean.items.retired_at"})
"""Attributes whose meaning is what comes."""
N_SHOWN = 20


def steps(profile: Profile) -> list[Step]:
    """One row for each column, feature and clock; nothing where the profile switches every detector off."""
    if not profile.detectors.running:
        return []
    extras = [TableName("clean", name) for name in Source(profile.source).extras]
    own = {name for select in _SELECTS.values() for name in select.reads if name.schema != "made"}
    features = (*night_feature_reads(profile), *night_feature_reads(profile, "graded"))
    return [
        Step(
            name=TABLE,
            description="What the detectors say of the graded night, now that its future is known: whether a column "
            "knows it, whether a feature is the label, whether a clock is off. Figures of all that was looked at; what "
            "is suspicious has a likely reason. See docs/detectors.md.",
            make=partial(_findings, profile),
            reads=tuple(sorted({*own, *extras, *features})),
            # Tonight's candidates and features: a dependency on a table is on one of its nights, here the graded one.
            after=("recommendations.rankings",),
            key=("detector", "subject", "measure"),
            stage="detectors",
            kinds=("python", "numpy"),
            sql=tuple(select.path for select in _SELECTS.values()),
        )
    ]


def _findings(profile: Profile, snapshot: Snapshot) -> Made:
    detectors = {
        column_knows_the_future.NAME: _columns,
        feature_separates_labels.NAME: _features,
        clock_is_off.NAME: _clocks,
    }
    weekly = _weekly(profile, snapshot)
    hold_blas_to_one_thread()  # Small products: threads would wait for one another.
    found = rounded(
        finding for name in profile.detectors.running for finding in detectors[name](profile, snapshot, weekly)
    )
    found = [finding for finding in found if finding.subject not in profile.detectors.trusted]
    rows = [asdict(finding) for finding in found]
    return Made(declared_rows(TABLE, rows), partial(_results, found, weekly), _facts(found))


def _columns(profile: Profile, snapshot: Snapshot, _: Any) -> list[Finding]:
    """Every attribute of items and users, every extra table about them, every feature by item, by user or by both."""
    histories = snapshot.table(_SELECTS["histories"].text, _SAMPLES)
    snapshot.add("made.histories", histories)
    findings: list[Finding] = []
    for entity, keys in KEYS.items():
        chosen = histories.filter(_equal(histories["entity"], entity))
        history = {name: _numbers(chosen[name]) for name in column_knows_the_future.HISTORY}
        columns = dict(_columns_of(profile, snapshot, entity, keys))
        findings += column_knows_the_future.judge_columns(history, columns)
    return [*column_knows_the_future.correct(findings), *_of_other_keys(profile)]


def _of_other_keys(profile: Profile) -> Iterator[Finding]:
    """Feature tables whose rows are no items, users or pairs: their columns are looked at beside the labels only."""
    for name, path in table_files("features", profile.source).items():
        key = load_select(path).key
        if not any(set(key) == set(keys) for keys in KEYS.values()):
            why = f"not judged: its rows are by {', '.join(key)}; see {feature_separates_labels.NAME}"
            yield Finding(column_knows_the_future.NAME, f"features.{name}", column_knows_the_future.MEASURE, reason=why)


def _columns_of(
    profile: Profile, snapshot: Snapshot, entity: str, keys: tuple[str, ...]
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Columns of the entities by name, in the order of their histories."""
    if entity != "user_item":
        rows = snapshot.table(_SELECTS[f"{entity}_attributes"].text)
        yield from _named(f"clean.{entity}s", rows, keys)
        for name in Source(profile.source).extras:
            if f"{entity}_id" in snapshot.table(f"describe clean.{name}")["column_name"].to_pylist():
                for subject, values in _named(f"clean.{name}", _of_extra(snapshot, name, entity), keys):
                    yield f"{subject} by {entity}", values  # Such a table can be about items and users, as tags are.
    order = ", ".join(f"histories.{key}" for key in reversed(keys))
    for name, path in table_files("features", profile.source).items():
        if set(load_select(path).key) == set(keys):
            on = " and ".join(f"features.{key} = histories.{key}" for key in keys)
            rows = snapshot.table(
                f"select features.* from made.histories as histories left join graded.features.{name} as features "
                f"on {on} where histories.entity = '{entity}' order by {order}"
            )
            yield from _named(f"features.{name}", rows, keys)


def _of_extra(snapshot: Snapshot, name: str, entity: str) -> pa.Table:
    """What the graded night saw of each entity in an extra table: rows, those of its last horizon, and means."""
    kinds = {row["column_name"]: row["column_type"] for row in snapshot.table(f"describe clean.{name}").to_pylist()}
    numbers = [column for column, kind in kinds.items() if kind in {"INTEGER", "BIGINT", "DOUBLE", "FLOAT"}]
    means = "".join(f", avg(extra.{quoted(column)}::decimal(38, 6)) as {quoted(column)}" for column in numbers)
    at = "coalesce(extra.known_from, extra.known_at)" if "known_at" in kinds else "extra.known_from"
    return snapshot.table(
        f"select count(extra.{entity}_id) as n_rows, count(*) filter (where {at} >= night.graded_cutoff - "
        f"to_days(profile.horizon)) as n_rows_of_the_last_horizon{means} from made.histories as histories "
        f"cross join this.night as night cross join this.profile as profile inner join clean.{entity}_keys as keys "
        f"on keys.{entity}_key = histories.{entity}_key left join clean.{name} as extra "
        f"on extra.{entity}_id = keys.{entity}_id and extra.visible_night <= night.graded_night "
        f"where histories.entity = '{entity}' group by histories.{entity}_key order by histories.{entity}_key"
    )


def _features(profile: Profile, snapshot: Snapshot, _: Any) -> list[Finding]:
    """Every feature of the examples: by the label, and as it was served then and is served tonight."""
    import numpy as np

    examples = snapshot.table(_SELECTS["examples"].text, {"max_users": LEARNERS})
    if not examples.num_rows:
        return []
    names = feature_names(examples.column_names)
    findings, telling = [], np.zeros(len(names), dtype=np.bool_)
    for task in profile.tasks:
        rows = examples.filter(_equal(examples["task"], task))
        matrix, taken = feature_matrix(rows, names), rows["taken"].to_numpy(zero_copy_only=False)
        judged = feature_separates_labels.judge_separation(task, names, matrix, taken, _numbers(rows["weight"]))
        findings += judged
        telling |= np.array([(found.value or 0) >= feature_separates_labels.TELLS for found in judged])
    (n_users,) = snapshot.row("select count(*) from clean.users, this.night where available_from <= graded_night")
    first = snapshot.night.toordinal() * SERVED % max(n_users - SERVED, 1)
    graded, tonight = (NightFeatures(snapshot, catalog).rows(first, first + SERVED - 1) for catalog in ("graded", ""))
    snapshot.add("made.candidates", tonight)
    tonight = snapshot.table(_SELECTS["candidates"].text)
    findings += _served(names, examples, graded)
    both = feature_matrix(graded, names), feature_matrix(tonight, names)
    return findings + feature_separates_labels.judge_drift(names, *both, telling, profile.horizon)


def _served(names: list[str], examples: pa.Table, graded: pa.Table) -> list[Finding]:
    """Whether examples hold what the same candidates were ranked by."""
    import numpy as np

    keys = [rows.select(["task", "user_key", "item_key"]).to_pandas() for rows in (examples, graded)]
    places = [
        rows.assign(**{side: np.arange(len(rows))}) for rows, side in zip(keys, ("learned", "served"), strict=True)
    ]
    same = places[0].merge(places[1], on=["task", "user_key", "item_key"])
    known = [name for name in names if name in graded.column_names]
    learned, served = (
        feature_matrix(rows, known, same[side].to_numpy()) for rows, side in ((examples, "learned"), (graded, "served"))
    )
    return feature_separates_labels.judge_served(known, learned, served)


def _clocks(
    profile: Profile, snapshot: Snapshot, weekly: Mapping[tuple[str, str], NDArray[np.float64]]
) -> list[Finding]:
    """The clock of the place, of the newest week, and of everything that could have one of its own."""
    everything = weekly.get(("all", ""))
    if everything is None:
        return []
    findings = [
        clock_is_off.judge_place(everything, profile.detectors.time_zone),
        clock_is_off.judge_jump(everything),
    ]
    for (clock, reading), own in weekly.items():
        others = sum(other for (kind, told), other in weekly.items() if kind == clock and told != reading)
        if clock != "all" and not isinstance(others, int):
            subject = f"clean.events of {clock} {reading}"
            findings.append(clock_is_off.judge_apart(subject, own.sum(axis=0), others.sum(axis=0)))
    return findings


def _weekly(profile: Profile, snapshot: Snapshot) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Users by week and hour of day, of all events and of each clock."""
    import numpy as np

    hours = snapshot.table(_SELECTS["hours"].text).to_pandas()
    (cutoff,) = snapshot.row("select cutoff from this.night")
    return {
        key: clock_is_off.by_week(
            part["hour"].to_numpy().astype("datetime64[h]"),
            part["n_users"].to_numpy(dtype=np.float64),
            np.datetime64(cutoff),
            profile.detectors.time_zone,
        )
        for key, part in hours.groupby(["clock", "reading"])
    }


def _named(table: str, rows: pa.Table, keys: tuple[str, ...]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Columns of a table by their full name: numbers and instants as floats, all else as texts."""
    import pyarrow as pa

    for name in rows.column_names:
        kind, subject = rows[name].type, f"{table}.{name}"
        if name in keys or subject in AHEAD:
            continue
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            yield subject, rows[name].to_pandas().to_numpy(dtype=object, na_value=None)
        elif pa.types.is_temporal(kind):
            yield subject, _numbers(rows[name].cast(pa.timestamp("us")).cast(pa.int64()))
        elif pa.types.is_primitive(kind) or pa.types.is_decimal(kind):
            yield subject, _numbers(rows[name])
        else:  # A list of genres is as good as a text.
            yield subject, rows[name].to_pandas().astype(str).to_numpy(dtype=object)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Values as floats, NaN where null."""
    import pyarrow as pa

    numbers = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    values: NDArray[np.float64] = numbers.cast(pa.float64(), safe=False).to_pandas().to_numpy(dtype="float64")
    return values


def _equal(column: pa.ChunkedArray, value: str) -> Any:
    import pyarrow.compute as pc

    return pc.equal(column, value)


def _facts(found: list[Finding]) -> dict[str, Any]:
    judged = [finding for finding in found if finding.value is not None]
    return {"judged": len(judged), "not_judged": len(found) - len(judged)}


def _results(found: list[Finding], weekly: Mapping[tuple[str, str], NDArray[np.float64]]) -> dict[str, Any]:
    """What is suspicious, the highest figures of each detector, and a picture of both."""
    suspicious = [asdict(finding) for finding in found if finding.is_suspicious]
    judged = sorted((f for f in found if f.value is not None), key=lambda f: -abs(f.value or 0) / (f.threshold or 1))
    if not judged:
        return {"Detectors": "nothing to judge yet: no night was graded, and too few events have come"}
    shown = [
        {
            "subject": f.subject,
            "measure": f.measure,
            "value": f.value,
            "reference": f.reference,
            "suspicious from": f.threshold,
        }
        for f in judged[:N_SHOWN]
    ]
    return {
        "Detectors": f"{len(suspicious)} suspicious of {len(judged)} judged",
        "Suspicious": markdown_table(suspicious[:N_SHOWN]),
        "Highest figures": markdown_table(shown),
        "Figures": picture(detectors_figure(found, weekly.get(("all", ""))), "What the detectors saw"),
    }
