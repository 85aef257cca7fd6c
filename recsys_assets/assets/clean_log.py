"""The canonical log: its tables in the order in which they are written, and every night since the last sealed one.

What belongs here: sealing, and writing nights out of landing. The tables are ``sql/clean/*.sql``. Nothing of Dagster.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.code_version import code_of, keep, version_of
from recsys_assets.assets.step import Step, sql_step
from recsys_assets.assets.usage import cost_metadata, measured
from recsys_assets.selects.files import SQL_FOLDER, Select, load_select
from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.landing.database import Landing
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot
    from recsys_assets.storage.lake.writer import Written

    Describe = Callable[[Snapshot, Select, Written], dict[str, Any]]

TABLES = (
    "user_keys",
    "item_keys",
    "events",
    "cancellations",
    "retractions",
    "cancellation_counts",
    "user_versions",
    "item_versions",
    "deliveries",
)
"""Tables in the order in which they are written: each reads what stands before it."""
LOGS = {"events": ("events", "event_id"), "cancellations": ("retractions", "cancellation_id")}
"""Tables of which equal rows count as often as one file holds them: the rows they are made of, and their id."""


def write_log(
    profile: Profile, night: Night, run_id: str, tell: Callable[[str], object], describe: Describe | None = None
) -> Iterator[tuple[Night, dict[str, tuple[Written, dict[str, Any]]]]]:
    """Bring the clean log up to a night: each night that is to be written, with what `write_night` gives."""
    lake, landing = Lake(profile), Landing(profile)
    todo = _unwritten(lake, clean_steps(landing), landing.seal(night), night)
    # The next night's rows are exported while this one's are written.
    exported = in_order(landing.export, todo, 1)
    for step, (n, rows) in enumerate(zip(todo, exported, strict=True), 1):
        tell(f"night {n}: {step} of {len(todo)} nights to bring the clean log up to {night}")
        yield n, write_night(lake, landing, n, run_id, rows, describe)


def _unwritten(lake: Lake, steps: Mapping[str, Step], sealed: Iterable[Night], night: Night) -> list[Night]:
    """Nights to write: this one, those never written, and of those since the night built before the damaged and stale.

    What lies before that belongs to other nights, which may be built again, too.
    """
    before = max((built for built in lake.built_nights() if built < night), default=night)
    versions = {name: version_of(code_of(step)) for name, step in steps.items()}
    return [
        n
        for n in sealed
        if n == night or not all(_is_written(lake, name, n, versions[name] if n > before else "") for name in steps)
    ]


def _is_written(lake: Lake, name: str, night: Night, version: str) -> bool:
    """Whether a table has a night's partition; with a version also, whether that is whole and made by it."""
    partition = lake.partition(f"clean.{name}", night)
    if partition is None or not version:
        return partition is not None
    try:
        lake.verify(partition)
        return provenance(partition.path).code_version == version
    except DamagedFile:
        return False


def clean_selects(landing: Landing) -> dict[str, Select]:
    """SELECT of every clean table, in the order they are written: the canonical ones, then the source's extra ones."""
    files = {name: name for name in TABLES} | dict.fromkeys(landing.source.extras, "extra/rows")
    return {name: load_select(SQL_FOLDER / "clean" / f"{file}.sql") for name, file in files.items()}


def clean_steps(landing: Landing) -> dict[str, Step]:
    """Every clean table as a step, by its name in schema ``clean``.

    The graph does not know what they read of each other, as one asset writes all of them.
    """
    profile = landing.profile
    raw = tuple(sorted({f"raw.{delivery.table}" for delivery in profile.deliveries}))
    source = tuple(select.path for select in landing.source.selects.values())
    return {
        name: replace(
            sql_step(f"clean.{name}", select), reads=(), after=raw, sql=(select.path, *source), modules=(__name__,)
        )
        for name, select in clean_selects(landing).items()
    }


def write_night(
    lake: Lake,
    landing: Landing,
    night: Night,
    run_id: str,
    rows: dict[str, pa.Table] | None = None,
    describe: Describe | None = None,
) -> dict[str, tuple[Written, dict[str, Any]]]:
    """Write every clean table of one sealed night.

    Parameters
    ----------
    rows
        What landing exports for the night, where that is done already.
    describe
        What else is told of a table just written.

    Returns
    -------
    dict
        What was written and what is told of it (its cost, and how many rows arrived), by table name.
    """
    rows = rows or landing.export(night)
    selects, steps, done = clean_selects(landing), clean_steps(landing), {}
    outputs = {f"clean.{name}": select.reads for name, select in selects.items()}
    with lake.as_of(night, (), outputs, run_id) as snapshot:
        for name, select in selects.items():
            with measured() as usage:
                writer = snapshot.writer(f"clean.{name}")
                for read in select.reads:
                    if read.schema == "landed":
                        snapshot.add(str(read), rows[f"landed.{name}" if read.name == "extra" else str(read)])
                if name == "events":
                    writer.use_watermark(
                        snapshot.row(
                            "select max(event_ts) from (from landed.events union all by name from before.clean.events)"
                        )[0]
                    )
                written = writer.write(select.text, select.key, keep(landing.profile, code_of(steps[name])))
                told = describe(snapshot, select, written) if describe else {}
            told |= cost_metadata(usage)
            if name in LOGS:
                told |= _added(snapshot, name)
            done[name] = (written, told)
    return done


def _added(snapshot: Snapshot, name: str) -> dict[str, int]:
    """Rows that arrived with the night, and those of them that add nothing: equal ones are in the log already."""
    landed, id_column = LOGS[name]
    arrived, nothing = snapshot.row(
        f"select count(*), count(*) filter (where landed_id not in (select {id_column} from clean.{name} "
        "where visible_night = (select night from this.night))) "
        f"from landed.{landed} where visible_night = (select night from this.night)"
    )
    return {"rows_arrived": arrived, "rows_adding_nothing": nothing}
