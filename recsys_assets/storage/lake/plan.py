"""The plan of a snapshot: which files each name shows to a night, and what a write rests on.

What belongs here: the law's arithmetic over files, see DESIGN section 1 for what each name shows. Nothing here opens an
engine: `session` and `writer` do what the plan says. The latest event of a file is asked of `provenance`.

Which nights' files a name shows to night N, of horizon h::

    clean.x          every night up to N        past.x       every night up to N, with its night
    features.x       N alone                    before.x     every night before N, with its night
    graded.clean.x   every night up to N−h      graded.x     N−h alone; empty where it was never built

Labels are what users took since the cutoff of N−h. A step that reads them may read nothing else of the nights since
then (`selects.labels`, when the step is loaded): beside them ``graded.clean.x`` is the log, as the graded night saw it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from recsys_assets.nights import ONE_DAY, cutoff, graded_night
from recsys_assets.selects.contracts import OPEN_ENDED, OPTIONAL_TABLES, contract
from recsys_assets.selects.list_tables import packed
from recsys_assets.selects.resolve import resolve
from recsys_assets.storage.lake.partitions import LakeError, NotBuilt
from recsys_assets.storage.lake.provenance import latest_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.selects.files import TableName
    from recsys_assets.storage.lake.partitions import Partition, Partitions

WITH_NIGHT = frozenset({"past", "before"})
"""Catalogues whose tables show the night that each row lies in."""
PACKED = frozenset({"packed", "graded_packed"})
"""Catalogues that show tables of lists, the night's own and the graded night's, as they are stored: a row a list."""
GRADED = frozenset({"graded", "graded_packed"})
"""Catalogues that show what the graded night saw and made."""


@dataclass(frozen=True)
class Plan:
    """What one step may see, and what it writes."""

    profile: Profile
    night: Night
    reads: tuple[TableName, ...]
    """Tables as the step's SQL names them, sorted."""
    shown: Mapping[TableName, tuple[Partition, ...]]
    """Files behind each stored name. Of a table that the step writes itself: those of earlier nights."""
    shapes: Mapping[TableName, Partition]
    """Of a name without files whose columns no contract tells: a file that has them."""
    outputs: Mapping[str, tuple[TableName, ...]]
    """Tables the step writes, each with the names it reads."""
    made_here: frozenset[TableName]
    """Names of tables that a step writes for those after them, where it writes several."""

    def files(self) -> list[Partition]:
        """Every file that the step may see before it has written anything, each once."""
        visible = [files for name, files in self.shown.items() if name not in self.made_here]
        return list({str(partition.path): partition for files in visible for partition in files}.values())

    def inputs(self, output: str | None, written: Mapping[str, Partition]) -> tuple[Partition, ...]:
        """Files that a write rests on (``None``: that what was read rests on), each once.

        Parameters
        ----------
        written
            Partitions that the step has written by now, by table.

        Raises
        ------
        LakeError
            When the output reads a table that the same step writes and has not written yet.
        """
        files: dict[str, Partition] = {}
        for name in self._names(output):
            mine: tuple[Partition, ...] = ()
            if name in self.made_here and output is not None:
                if name.stored not in written:
                    raise LakeError(f"{output}, night {self.night}: reads {name.stored}, which is not written yet.")
                mine = (written[name.stored],)
            for partition in (*self.shown[name], *mine):
                files[str(partition.path)] = partition
        return tuple(files.values())

    def check_watermark(self, what: str | None, watermark: datetime | None) -> None:
        """Hold what something rests on against the night.

        Raises
        ------
        LakeError
            When the watermark is not before the night's cutoff.
        """
        if watermark is not None and watermark >= cutoff(self.night):
            raise LakeError(
                f"{what or 'snapshot'}, night {self.night}: rests on an event of {watermark}, "
                f"at or after its cutoff {cutoff(self.night)}."
            )

    def _names(self, output: str | None) -> Iterable[TableName]:
        reads = self.outputs[output] if output else self.reads
        return resolve(reads, self.profile.algorithms)


def make_plan(
    lake: Partitions, night: Night, reads: Iterable[TableName], outputs: Mapping[str, Sequence[TableName]]
) -> Plan:
    """Plan a step, and hold each of its files against the law and the bytes that were written.

    Lists every table once, O(nights x tables); reads each file once in a process.

    Parameters
    ----------
    reads
        Tables the step names, as `selects.files.Select.reads` lists them.
    outputs
        Tables the step writes, each with the names it reads. Several are written in an order in which each finds
        those it reads.

    Raises
    ------
    NotBuilt
        When a table has no partition for the night, or was never built.
    LakeError
        When one rests on an event of later, or is a table of lists that an earlier version wrote.
    DamagedFile
        When a file is not what was written in its place.
    """
    if lake.root.is_symlink() and (lake.root.resolve().parent / "landing.duckdb").exists():
        raise LakeError(
            f"{lake.root} is a link to the lake of another deployment, {lake.root.resolve()}: what that sees is not "
            "what landed here. Delete the link, and build the nights (recsys backtest)."
        )
    plan = list_files(lake, night, reads, outputs)
    for partition in (*plan.files(), *plan.shapes.values()):
        lake.verify(partition)
        if packed(partition.table) and not _holds_lists(partition.path):
            raise LakeError(
                f"{partition.table}, night {partition.night}: holds a row an item, as earlier versions wrote it. Build "
                f"the night again: recsys night {partition.night}."
            )
    # What each table rests on is held against the night when it is written; what is only read, here.
    plan.check_watermark(next(iter(outputs), None), latest_event(plan.files()))
    return plan


@lru_cache(maxsize=4096)
def _holds_lists(path: Path) -> bool:
    """Whether a file, which never changes, holds a row a list."""
    import pyarrow.parquet as pq

    return "items" in pq.read_schema(path).names


def list_files(
    lake: Partitions, night: Night, reads: Iterable[TableName], outputs: Mapping[str, Sequence[TableName]]
) -> Plan:
    """Plan a step without a look into any file; see `make_plan`.

    Raises
    ------
    NotBuilt
        When a table has no partition for the night, or was never built.
    """
    names = tuple(sorted({*reads, *(name for each in outputs.values() for name in each)}))
    shown: dict[TableName, tuple[Partition, ...]] = {}
    shapes: dict[TableName, Partition] = {}
    made_here: set[TableName] = set()
    for name, tables in resolve(names, lake.profile.algorithms).items():
        if len(outputs) > 1 and name.stored in outputs and not name.catalog:
            made_here.add(name)
            shown[name] = tuple(lake.partitions(name.stored, night - ONE_DAY)) if name.schema == "clean" else ()
            continue
        shown[name] = tuple(_visible(lake, name, tables, night))
        # A log that was empty when the graded night was built has the columns that its source adds since.
        is_known = declared_columns(name) is not None and not (name.catalog == "graded" and name.schema == "clean")
        if not shown[name] and not is_known:
            others = lake.partitions(name.stored, night)
            if not others:
                raise NotBuilt(f"{name} was never built up to night {night}, so its columns are unknown.")
            shapes[name] = others[-1]
    reads_of = {table: tuple(each) for table, each in outputs.items()}
    return Plan(lake.profile, night, names, shown, shapes, reads_of, frozenset(made_here))


def declared_columns(name: TableName) -> dict[str, str] | None:
    """Columns (name to DuckDB type) that a contract declares of a name, with the night where it shows one."""
    declared = contract(name.stored) or OPEN_ENDED.get(name.stored)
    if name.catalog in PACKED:
        declared = packed(name.stored)
    if declared is None:
        return None
    return dict(declared) | ({"night": "DATE"} if name.catalog in WITH_NIGHT else {})


def _visible(lake: Partitions, name: TableName, tables: Sequence[str], night: Night) -> list[Partition]:
    """Files that a name shows to a night."""
    if name.catalog == "past":
        return [p for table in tables for p in lake.partitions(table, night)]
    if name.catalog == "before":
        return [p for table in tables for p in lake.partitions(table, night - ONE_DAY)]
    of_night = graded_night(night, lake.profile.horizon) if name.catalog in GRADED else night
    if name.catalog == "graded" and name.schema == "clean":
        return [p for table in tables for p in lake.partitions(table, of_night)]
    current = [lake.partition(table, of_night) for table in tables]
    missing = [table for table, partition in zip(tables, current, strict=True) if partition is None]
    if missing and name.catalog not in GRADED and name.stored not in OPTIONAL_TABLES:
        raise NotBuilt(
            f"{missing[0]} has no partition for night {night}: build it first "
            f"(recsys night {night}, or materialize it in the UI)."
        )
    if name.schema == "clean" and not name.catalog:
        return lake.partitions(name.stored, night)
    return [partition for partition in current if partition is not None]
