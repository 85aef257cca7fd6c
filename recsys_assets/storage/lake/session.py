"""A session: a plan's tables as a locked in-memory DuckDB, over exactly the plan's files.

What belongs here: the views, the settings of schema ``this``, and the lock that makes everything else unreachable.
DuckDB itself refuses other paths, globs, ATTACH and SET from then on.
"""

from __future__ import annotations

import shutil
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from recsys_assets.nights import cutoff, graded_night
from recsys_assets.selects.contracts import contract
from recsys_assets.selects.list_tables import packed, unpacked
from recsys_assets.selects.quoting import quoted, text
from recsys_assets.selects.resolve import view_text
from recsys_assets.storage.connections import connect
from recsys_assets.storage.lake.plan import PACKED, WITH_NIGHT, declared_columns
from recsys_assets.storage.lake.provenance import noted
from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import duckdb
    import pyarrow as pa

    from recsys_assets.selects.files import TableName
    from recsys_assets.storage.lake.partitions import Partition
    from recsys_assets.storage.lake.plan import Plan

MACROS = (
    "create macro exact_sum(x) as sum(x::decimal(38, 12))::double",
    "create macro exact_avg(x) as (sum(x::decimal(38, 12)) / count(x))::double",
)
VOLATILE = {
    "current_date": ("", "date"),
    "current_localtime": ("", "time"),
    "current_localtimestamp": ("", "timestamp"),
    "gen_random_uuid": ("", "uuid"),
    "get_current_time": ("", "time"),
    "get_current_timestamp": ("", "timestamp"),
    "now": ("", "timestamp"),
    "random": ("", "double"),
    "setseed": ("seed", "double"),
    "today": ("", "date"),
    "transaction_timestamp": ("", "timestamp"),
    "txid_current": ("", "bigint"),
    "uuid": ("", "uuid"),
    "uuidv4": ("", "uuid"),
    "uuidv7": ("", "uuid"),
}
"""Functions that tell of the clock or of chance, with their parameter and the type they give. SQL files that call one
are refused when they are loaded; here they fail in queries that Python writes, too."""
CATALOGS = ("past", "before", "graded", *sorted(PACKED))
_REFUSED = ";".join(
    f"create macro {name}({parameter}) as error('{name}() is another at every run: a night is made of its snapshot. "
    f"Its own instants are in this.night.')::{kind}"
    for name, (parameter, kind) in VOLATILE.items()
)
_SETTINGS = ("horizon", "list_length", "rrf_k", "n_similar", "n_trending")


class Session:
    """The locked connection of one step; a context manager.

    Parameters
    ----------
    plan
        What it shows.
    targets
        Files that the step writes, by table: the only other ones that its SQL can reach.
    """

    def __init__(self, plan: Plan, targets: Mapping[str, Path]) -> None:
        self.plan, self.targets = plan, targets
        # DuckDB lets SQL read and write there, so no two sessions may share it.
        self._spill = plan.profile.folder / "tmp" / uuid4().hex

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "con" in self.__dict__:
            self.con.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the same locked database, e.g. to read while a stream is being written."""
        return self.con.cursor()

    def table(self, query: str, parameters: list[Any] | dict[str, Any] | None = None) -> pa.Table:
        """Run a query over the tables shown and return all of its rows as Arrow."""
        return self.con.sql(query, params=parameters or None).to_arrow_table()

    def row(self, query: str, parameters: list[Any] | None = None) -> tuple[Any, ...]:
        """First row of a query; empty when it has none."""
        rows = self.con.execute(query, parameters or []).fetchall()
        return rows[0] if rows else ()

    def add(self, name: str, rows: pa.Table | pa.RecordBatchReader, *, copied: bool = False) -> None:
        """Show rows made by Python (e.g. a model's lists) under the name ``schema.table`` to this session's SQL.

        Cursors see them only when they are ``copied`` into its database.
        """
        schema, table = name.split(".")
        self.con.register(f"{schema}_{table}", rows)
        self.con.execute(f"create schema if not exists {schema}")
        kind = "table" if copied else "view"
        self.con.execute(f"create or replace {kind} {name} as from main.{schema}_{table}")

    def show(self, name: TableName, files: Sequence[Partition]) -> None:
        """Make a table visible as a view over its files; only files of the plan and the targets can be read."""
        self._show(self.con, name, files)

    @cached_property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The locked database; made for the first query, as opening one takes longer than listing files."""
        con, plan = connect(), self.plan
        private_folder(self._spill.parent)
        con.execute("set temp_directory = $1", [str(self._spill)])
        for catalog in sorted({name.catalog for name in plan.reads} & set(CATALOGS)):
            con.execute(f"attach ':memory:' as {catalog}")
        for macro in MACROS:
            con.execute(macro)
        con.execute(_REFUSED)
        _create_this(con, plan)
        for name, files in plan.shown.items():
            if name not in plan.made_here:
                self._show(con, name, files)
        for name in plan.reads:
            if view := view_text(name):
                con.execute(f"create view {name} as {view}")
        paths = {str(partition.path) for files in plan.shown.values() for partition in files}
        paths |= {str(target) for target in self.targets.values()}
        con.execute("set allowed_paths = $1", [sorted(paths)])
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        return con

    def _show(self, con: duckdb.DuckDBPyConnection, name: TableName, files: Sequence[Partition]) -> None:
        con.execute(f"create schema if not exists {name.catalog or 'memory'}.{name.schema}")
        if files:
            # Finding out that files differ opens each of them: declared tables do not, but for results of other nights,
            # which may be of before a column was added.
            declared = declared_columns(name)
            may_lack = name.catalog in WITH_NIGHT and name.schema != "clean" and not packed(name.stored)
            may_differ = len(files) > 1 and contract(files[0].table) is None
            rows = _rows(name, files, union_by_name=may_differ or may_lack)
            if may_lack and declared is not None:
                rows = f"{_nothing(declared)} union all by name {rows}"
            con.execute(f"create view {name} as {rows}")
        elif name in self.plan.shapes:
            con.execute(f"create table {name} as {_rows(name, [self.plan.shapes[name]])} limit 0")
        else:
            declared = declared_columns(name)
            assert declared is not None, f"{name}: the plan gave neither files nor columns"
            con.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in declared.items())})")


def _rows(name: TableName, files: Sequence[Partition], *, union_by_name: bool = False) -> str:
    """SELECT over the files of a table, showing the night they lie in as its schema does, and lists as rows."""
    paths = ", ".join(text(str(partition.path)) for partition in files)
    stored = (
        f"read_parquet([{paths}], hive_partitioning = true, union_by_name = {union_by_name}, "
        "hive_types = {night: date})"
    )
    if packed(files[0].table) and name.catalog not in PACKED:
        return unpacked(files[0].table, stored, *(["night"] if name.catalog in WITH_NIGHT else []))
    columns = "*"
    if name.catalog not in WITH_NIGHT:
        columns = "* rename (night as visible_night)" if name.schema == "clean" else "* exclude (night)"
    return f"select {columns} from {stored}"


def _nothing(columns: Mapping[str, str]) -> str:
    """SELECT of no rows with such columns: beside files that lack one it is null."""
    return f"select {', '.join(f'null::{kind} as {quoted(column)}' for column, kind in columns.items())} where false"


def _create_this(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """The night, the settings, and the partitions shown with the run that wrote each (null for the log)."""
    profile, graded = plan.profile, graded_night(plan.night, plan.profile.horizon)
    con.execute("create schema this")
    con.execute(
        "create table this.night as select $1::date as night, $2::timestamp as cutoff, $3::date as graded_night, "
        "$4::timestamp as graded_cutoff",
        [plan.night, cutoff(plan.night), graded, cutoff(graded)],
    )
    columns = [f"${place}::integer as {name}" for place, name in enumerate(_SETTINGS, 3)]
    con.execute(
        f"create table this.profile as select {', '.join(columns)}, $1 as fingerprint, $2 as settings, "
        f"'{profile.repeated_lines}' as repeated_lines, {profile.release.list_users}::integer as list_users, "
        f"{profile.release.co_purchase_days}::integer as co_purchase_days, {profile.release.depth}::integer as depth",
        [profile.fingerprint, profile.settings, *(getattr(profile, name) for name in _SETTINGS)],
    )
    con.execute(
        "create table this.tasks as select unnest($1::varchar[]) as task, unnest($2::integer[]) as n_candidates",
        [profile.tasks, [profile.n_candidates[task] for task in profile.tasks]],
    )
    con.execute(
        "create table this.event_weights as select unnest($1::varchar[]) as event_type, unnest($2::double[]) as weight",
        [list(profile.event_weights), list(profile.event_weights.values())],
    )
    exclude = profile.policy.get("exclude", {})
    listed = {"item_id": exclude.get("items", [])} | exclude.get("attributes", {})
    excluded = [(attribute, value) for attribute, values in listed.items() for value in values]
    con.execute(
        "create table this.excluded as select unnest($1::varchar[]) as attribute, unnest($2::varchar[]) as value",
        [[attribute for attribute, _ in excluded], [value for _, value in excluded]],
    )
    files = plan.files()
    con.execute(
        "create table this.inputs as select unnest($1::varchar[]) as table_name, unnest($2::date[]) as night, "
        "unnest($3::varchar[]) as fingerprint, unnest($4::varchar[]) as run_id",
        [
            [p.table for p in files],
            [p.night for p in files],
            [p.fingerprint for p in files],
            [None if p.table.startswith("clean.") else noted(p.path).run_id for p in files],
        ],
    )
