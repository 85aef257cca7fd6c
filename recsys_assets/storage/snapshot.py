"""Snapshots: what one night may see, as a locked in-memory DuckDB.

What belongs here: the views over exactly the files of the declared tables up to the night, the lock that makes
everything else unreachable, and the one write a step makes. See DESIGN section 1 for what each name shows.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from recsys_assets.nights import ONE_DAY, cutoff, graded_night
from recsys_assets.storage.connections import connect
from recsys_assets.storage.footers import watermark_of, written_by
from recsys_assets.storage.lake import LakeError, Partition
from recsys_assets.storage.readers import text
from recsys_assets.storage.schemas import CONTRACTS, OPEN_ENDED, contract
from recsys_assets.storage.sql import TableName, load_select, select_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

    import duckdb
    import pyarrow as pa

    from recsys_assets.nights import Night
    from recsys_assets.storage.lake import Lake
    from recsys_assets.storage.models import Model

MACROS = (
    "create macro exact_sum(x) as sum(x::decimal(38, 12))::double",
    "create macro exact_avg(x) as (sum(x::decimal(38, 12)) / count(x))::double",
)
CATALOGS = ("past", "before", "graded")


@dataclass(frozen=True)
class Written:
    """What a write made: the partition that is current now, with its size and columns."""

    partition: Partition
    rows: int
    columns: dict[str, str]
    """Column name to DuckDB type, in order."""
    sample: list[dict[str, Any]]
    """The first few rows, for people."""


class Snapshot:
    """One night's view of the lake; a context manager. Opened by `Lake.as_of` only."""

    def __init__(
        self, lake: Lake, night: Night, reads: Iterable[TableName], outputs: Sequence[str], run_id: str
    ) -> None:
        self.lake = lake
        self.night = night
        self.run_id = run_id
        self._targets = {output: lake.temporary(output, night) for output in outputs}
        # DuckDB lets SQL read and write there, so no two snapshots may share it.
        self._spill = lake.profile.folder / "tmp" / uuid4().hex
        self._views = {TableName("clean", name): path for name, path in select_files("clean/views").items()}
        self._reads = sorted(set(reads))
        self._shown = {
            name: self._partitions(name)
            for name in self._base_tables(self._reads)
            if name.catalog or len(outputs) == 1 or name.stored not in self._targets
        }
        several = [output for output in outputs if len(outputs) > 1 and output.startswith("clean.")]
        self._earlier = {output: lake.partitions(output, night - ONE_DAY) for output in several}
        self.turn_to(outputs[0] if outputs else None, self._reads)

    def turn_to(self, output: str | None, reads: Iterable[TableName]) -> None:
        """Make a table the one that is written next, resting on the tables it reads; those must be written by then.

        Raises
        ------
        LakeError
            When what it rests on is not before the night's cutoff.
        """
        self.output = output
        self._models: list[Model] = []
        self.inputs = _each_once(self._shown.get(name, []) for name in self._base_tables(reads))
        self.watermark = max(filter(None, map(watermark_of, self.inputs)), default=None)
        """Latest event (UTC) that anything written rests on."""
        self._check_watermark()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "_con" in self.__dict__:
            self._con.close()
        shutil.rmtree(self._spill, ignore_errors=True)
        for target in self._targets.values():
            target.unlink(missing_ok=True)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the same locked snapshot, e.g. to read while a stream is being written."""
        return self._con.cursor()

    def table(self, query: str, parameters: list[Any] | dict[str, Any] | None = None) -> pa.Table:
        """Run a query over the snapshot's tables and return all of its rows as Arrow."""
        return self._con.sql(query, params=parameters or None).to_arrow_table()

    def row(self, query: str, parameters: list[Any] | None = None) -> tuple[Any, ...]:
        """First row of a query; empty when it has none."""
        rows = self._con.execute(query, parameters or []).fetchall()
        return rows[0] if rows else ()

    def add(self, name: str, rows: pa.Table | pa.RecordBatchReader, *, copied: bool = False) -> None:
        """Show rows made by Python (e.g. a model's lists) under the name ``schema.table`` to this snapshot's SQL.

        Cursors see them only when they are ``copied`` into its database.
        """
        schema, table = name.split(".")
        self._con.register(f"{schema}_{table}", rows)
        self._con.execute(f"create schema if not exists {schema}")
        kind = "table" if copied else "view"
        self._con.execute(f"create or replace {kind} {name} as from main.{schema}_{table}")

    def write(self, query: str, key: tuple[str, ...], code_version: str = "") -> Written:
        """Write the query's rows as the night's partition of the output table, atomically.

        Parameters
        ----------
        query
            A SELECT ordered by ``key``.
        key
            Columns that identify a row.

        Raises
        ------
        LakeError
            When the rows break the table's contract: other columns than declared, a key twice or null.
        """
        assert self.output is not None, "this snapshot has no output"
        target = self._targets[self.output]
        footer = json.dumps(self.provenance(key, code_version), separators=(",", ":"))
        self._con.execute(
            f"copy ({query.rstrip().rstrip(';')}\n) to $target (format parquet, compression zstd, "
            "kv_metadata {recsys: $footer})",
            {"target": str(target), "footer": footer},
        )
        columns, rows, fingerprint = self._examine(key)
        sample = self._con.sql(
            "from read_parquet($1, hive_partitioning = false) limit 5", params=[str(target)]
        ).to_arrow_table()
        partition = self.lake.commit(self.output, self.night, target, fingerprint)
        if self.output in self._earlier:
            self._show_written(partition, target)
        return Written(partition, rows, columns, sample.to_pylist())

    def _show_written(self, partition: Partition, target: Path) -> None:
        """Show a table just written to those after it, by its temporary name: no other may be opened by now."""
        name, earlier = TableName(*partition.table.split(".")), self._earlier[partition.table]
        self._shown[name] = [*earlier, partition]
        if name in self._base_tables(self._reads):
            try:
                os.link(partition.path, target)
            except OSError:  # a file system without hard links; DuckDB looks through symbolic ones
                shutil.copyfile(partition.path, target)
            self._create(self._con, name, [*earlier, replace(partition, path=target)])

    def use_watermark(self, query: str) -> None:
        """Take the watermark from a query over rows added by Python, where the lake's tables do not tell it.

        Raises
        ------
        LakeError
            When it is not before the night's cutoff.
        """
        self.watermark = self.row(query)[0]
        self._check_watermark()

    def use_model(self, model: Model) -> None:
        """Note that what is written rests on a model of this night.

        Raises
        ------
        LakeError
            When the model is of another night, or was fitted on other partitions than this snapshot shows.
        """
        if model.night != self.night:
            raise LakeError(f"{self.output}: night {self.night} may not use the model of night {model.night}.")
        about = model.provenance
        for partition in self.inputs:
            fitted_on = about["inputs"].get(partition.table, {}).get(partition.night.isoformat())
            if fitted_on not in (None, partition.path.stem):
                raise LakeError(
                    f"{self.output}, night {self.night}: model {model.algorithm} was fitted on {partition.table} as it "
                    f"was before night {partition.night} was built again. Materialize models/{model.algorithm} first."
                )
        self._models.append(model)
        if watermark := about["watermark"]:
            self.watermark = max(filter(None, (self.watermark, datetime.fromisoformat(watermark))))
        self._check_watermark()

    def _check_watermark(self) -> None:
        if self.watermark is not None and self.watermark >= cutoff(self.night):
            raise LakeError(
                f"{self.output or 'snapshot'}, night {self.night}: rests on an event of {self.watermark}, "
                f"at or after its cutoff {cutoff(self.night)}."
            )

    def _examine(self, key: tuple[str, ...]) -> tuple[dict[str, str], int, str]:
        """Columns, row count and fingerprint of the file just written."""
        assert self.output is not None
        con, target, name = self._con, str(self._targets[self.output]), f"{self.output}, night {self.night}"
        described = con.execute("describe from read_parquet($1, hive_partitioning = false)", [target]).fetchall()
        columns = {row[0]: row[1] for row in described}
        declared = contract(self.output or "")
        if declared is not None and columns != declared:
            raise LakeError(f"{name}: columns are {columns}, but storage/schemas.py declares {declared}.")
        (content,) = con.execute(
            "select count(*), coalesce(sum(hash(t)::hugeint), 0), coalesce(bit_xor(hash(t)), 0) "
            "from read_parquet($1, hive_partitioning = false) as t",
            [target],
        ).fetchall()
        names = ", ".join(key)
        wrong = con.execute(
            f"select {names}, count(*) from read_parquet($1, hive_partitioning = false) group by all "
            f"having count(*) > 1 or {' or '.join(f'{column} is null' for column in key)} order by all limit 1",
            [target],
        ).fetchall()
        if wrong:
            *values, times = wrong[0]
            raise LakeError(f"{name}: key ({names}) is null or not unique, e.g. {values} in {times} row(s).")
        text = json.dumps([list(columns.items()), [str(part) for part in content]])
        return columns, content[0], hashlib.sha256(text.encode()).hexdigest()[:32]

    def provenance(self, key: tuple[str, ...], code_version: str) -> dict[str, Any]:
        """What a write of this snapshot rests on: in a table's footer, or in a file beside a model."""
        inputs: dict[str, dict[str, str]] = {}
        for partition in self.inputs:
            inputs.setdefault(partition.table, {})[partition.night.isoformat()] = partition.path.stem
        return {
            "table": self.output,
            "night": self.night.isoformat(),
            "key": list(key),
            "code_version": code_version,
            "run_id": self.run_id,
            "profile": self.lake.profile.fingerprint,
            "watermark": self.watermark.isoformat() if self.watermark else None,
            "inputs": inputs,
            "models": {model.algorithm: f"{model.night} {model.fingerprint}" for model in self._models},
        }

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        """The locked database; made for the first query, as opening one takes longer than listing files."""
        con = connect()
        self._spill.parent.mkdir(parents=True, exist_ok=True)
        con.execute("set temp_directory = $1", [str(self._spill)])
        for catalog in sorted({name.catalog for name in self._reads} & set(CATALOGS)):
            con.execute(f"attach ':memory:' as {catalog}")
        for macro in MACROS:
            con.execute(macro)
        self._create_this(con)
        for name, partitions in self._shown.items():
            self._create(con, name, partitions)
        for name in self._reads:
            if name in self._views:
                con.execute(f"create view {name} as {load_select(self._views[name], keyed=False).text}")
        listed = [*self._shown.values(), *self._earlier.values()]
        paths = {str(partition.path) for partitions in listed for partition in partitions}
        paths |= {str(target) for target in self._targets.values()}
        con.execute("set allowed_paths = $1", [sorted(paths)])
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        return con

    def _base_tables(self, reads: Iterable[TableName]) -> list[TableName]:
        """Tables that lie in the lake: what is read, with the clean views taken apart."""
        found: set[TableName] = set()
        for name in reads:
            if name in self._views:
                found |= set(self._base_tables(load_select(self._views[name], keyed=False).reads))
            elif name.schema not in {"this", "landed", "made"}:
                found.add(name)
        return sorted(found)

    def _create(self, con: duckdb.DuckDBPyConnection, name: TableName, partitions: list[Partition]) -> None:
        """Make one table visible: as a view over its files, or empty with its columns when it may be absent."""
        con.execute(f"create schema if not exists {name.catalog or 'memory'}.{name.schema}")
        declared = contract(self.lake.expand(name)[0]) or OPEN_ENDED.get(name.stored)
        if partitions:
            # Finding out that files differ opens each of them: declared tables do not.
            may_differ = len(partitions) > 1 and contract(partitions[0].table) is None
            con.execute(f"create view {name} as {_rows(name, partitions, union_by_name=may_differ)}")
        elif declared is not None:
            columns = dict(declared) | ({"night": "DATE"} if name.catalog in {"past", "before"} else {})
            con.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})")
        elif others := self.lake.partitions(name.stored, self.night):
            con.execute(f"create table {name} as {_rows(name, others[-1:])} limit 0")
        else:
            raise LakeError(f"{name} was never built up to night {self.night}, so its columns are unknown.")

    def _partitions(self, name: TableName) -> list[Partition]:
        lake, tables = self.lake, self.lake.expand(name)
        if name.catalog == "past":
            return [p for table in tables for p in lake.partitions(table, self.night)]
        if name.catalog == "before":
            return [p for table in tables for p in lake.partitions(table, self.night - ONE_DAY)]
        night = graded_night(self.night, lake.profile.horizon) if name.catalog == "graded" else self.night
        current = [lake.partition(table, night) for table in tables]
        missing = [table for table, partition in zip(tables, current, strict=True) if partition is None]
        if missing and not name.catalog:
            raise LakeError(
                f"{missing[0]} has no partition for night {self.night}: build it first "
                f"(recsys night {self.night}, or materialize it in the UI)."
            )
        if name.schema == "clean" and not name.catalog:
            return lake.partitions(name.stored, self.night)
        return [partition for partition in current if partition is not None]

    def _create_this(self, con: duckdb.DuckDBPyConnection) -> None:
        """The night, the settings, and the partitions shown with the run that wrote each (null for the log)."""
        profile, graded = self.lake.profile, graded_night(self.night, self.lake.profile.horizon)
        con.execute("create schema this")
        con.execute(
            "create table this.night as select $1::date as night, $2::timestamp as cutoff, $3::date as graded_night, "
            "$4::timestamp as graded_cutoff",
            [self.night, cutoff(self.night), graded, cutoff(graded)],
        )
        settings = ("horizon", "list_length", "rrf_k", "n_similar", "n_trending")
        columns = [f"${place}::integer as {name}" for place, name in enumerate(settings, 3)]
        con.execute(
            f"create table this.profile as select {', '.join(columns)}, $1 as fingerprint, $2 as settings",
            [profile.fingerprint, profile.settings, *(getattr(profile, name) for name in settings)],
        )
        con.execute(
            "create table this.tasks as select unnest($1::varchar[]) as task, unnest($2::integer[]) as n_candidates",
            [profile.tasks, [profile.n_candidates[task] for task in profile.tasks]],
        )
        con.execute(
            "create table this.event_weights as "
            "select unnest($1::varchar[]) as event_type, unnest($2::double[]) as weight",
            [list(profile.event_weights), list(profile.event_weights.values())],
        )
        inputs = _each_once(self._shown.values())
        con.execute(
            "create table this.inputs as select unnest($1::varchar[]) as table_name, unnest($2::date[]) as night, "
            "unnest($3::varchar[]) as fingerprint, unnest($4::varchar[]) as run_id",
            [
                [p.table for p in inputs],
                [p.night for p in inputs],
                [p.fingerprint for p in inputs],
                [None if p.table.startswith("clean.") else written_by(p.path) for p in inputs],
            ],
        )


def _each_once(tables: Iterable[list[Partition]]) -> list[Partition]:
    return list({partition.path: partition for partitions in tables for partition in partitions}.values())


def _rows(name: TableName, partitions: list[Partition], *, union_by_name: bool = False) -> str:
    """SELECT over the files of a table, showing the night they lie in as its schema does."""
    columns = "*"
    if name.catalog not in {"past", "before"}:
        columns = "* rename (night as visible_night)" if name.schema == "clean" else "* exclude (night)"
    files = ", ".join(text(str(partition.path)) for partition in partitions)
    return (
        f"select {columns} from read_parquet([{files}], hive_partitioning = true, union_by_name = {union_by_name}, "
        "hive_types = {night: date})"
    )


def arrow_schema(columns: dict[str, str]) -> pa.Schema:
    """Arrow schema of declared DuckDB columns, for tables made by Python."""
    import pyarrow as pa

    kinds = {
        "VARCHAR": pa.string(),
        "INTEGER": pa.int32(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in columns.items()])


def declared_rows(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows made by Python as an Arrow table with the columns that a lake table declares; a value left out is null."""
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=arrow_schema(CONTRACTS[table]))
