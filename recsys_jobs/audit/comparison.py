"""Comparison: what a night holds in one deployment against what it holds in another.

What belongs here: the fingerprints of a night's tables, models and release tables, of what MLflow was told, and what
differs where two do.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_assets.selects.quoting import quoted, text
from recsys_assets.selects.tuning_contracts import TRIALS, TUNED
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.models import PROVENANCE, Models
from recsys_assets.storage.queries import column_types
from recsys_assets.storage.release.releases import Releases

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

N_ROWS, MACROS = 3, "macros"
_NOT_COMPARED = frozenset(
    {"releases.published", "audits.detectors", "audits.future", "recommendations.sentences", TUNED, TRIALS}
)
"""Tables that say when something was published or looked at, not what; sentences, which no audit has made; and studies,
which no build of a night makes."""


@dataclass(frozen=True)
class Content:
    """One table or model of a night."""

    fingerprint: str
    path: Path
    """Its file; of a model its folder; of a release table the release's file."""
    table: str = ""
    """Name in the release's file."""


def contents(profile: Profile, night: Night, *, releases: bool = True) -> dict[str, Content]:
    """Every table and model of a night by asset, and every table of its release as ``release <name>``.

    Raises
    ------
    DamagedFile
        When a table or model is not what was written in its place.
    """
    lake, by_asset = Lake(profile), {}
    for table in lake.tables():
        if table not in _NOT_COMPARED and (partition := lake.partition(table, night)):
            lake.verify(partition)  # Its fingerprint is told by its name.
            by_asset[table] = Content(partition.fingerprint, partition.path)
    for model in Models(profile).all():
        if model.night == night:
            model.verify()
            by_asset[f"models.{model.algorithm}"] = Content(model.fingerprint, model.path)
    by_asset |= _told(profile.folder / "mlflow.db", night)
    current = Releases(profile.folder).current() if releases else None
    if current is not None and current.night == night:
        by_asset |= _released(profile, Releases(profile.folder))
    return by_asset


def explain(one: Content | None, other: Content | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns that differ between two contents (of models: files), and a few rows of each as text."""
    if one is None or other is None:
        return (), ("there only without the poison" if other is None else "there only with it",)
    if one.path.suffix == ".db" or one.table == MACROS:
        return (), ()
    if one.path.is_dir():
        names = {file.name for folder in (one.path, other.path) for file in folder.iterdir()} - {PROVENANCE}
        return tuple(sorted(name for name in names if _bytes(one.path / name) != _bytes(other.path / name))), ()
    import duckdb

    with duckdb.connect() as con:
        for name, content in (("one", one), ("other", other)):
            if content.table:
                con.execute(f"attach {text(str(content.path))} as file_{name} (read_only)")
                con.execute(f"create view {name} as from file_{name}.{content.table}")
            else:
                con.from_parquet(str(content.path), hive_partitioning=False).create_view(name)
        return _differing(con, () if one.table else provenance(one.path).key)


def _differing(con: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    columns = [list(column_types(con, name)) for name in ("one", "other")]
    shared = [name for name in columns[0] if name in columns[1]]
    changed = [name for name in columns[0] + columns[1] if name not in shared]
    rows: list[str] = []
    listed = ", ".join(map(quoted, shared))
    for name, against, said in (("one", "other", "plain"), ("other", "one", "here")):
        only_here = con.execute(
            f"select {listed} from {name} except select {listed} from {against} order by all limit {N_ROWS}"
        ).fetchall()
        values = [", ".join(f"{c}={_short(v)}" for c, v in zip(shared, row, strict=True)) for row in only_here]
        rows += [f"{said}: {row}" for row in values]
    if key:
        counts = ", ".join(f"count(*) filter (one.{c} is distinct from other.{c})" for c in map(quoted, shared))
        using = ", ".join(map(quoted, key))
        counted = con.execute(f"select {counts} from one join other using ({using})").fetchall()[0]
        changed += [name for name, n in zip(shared, counted, strict=True) if n]
    return tuple(changed or key or ["rows"]), tuple(rows)


def _short(value: Any) -> str:
    whole = str(value)
    return whole if len(whole) <= 40 else whole[:37] + "..."


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _released(profile: Profile, releases: Releases) -> dict[str, Content]:
    path = profile.folder / "recsys.duckdb"
    with releases.connect() as con:
        names = [
            f"{schema}.{table}"
            for schema, table in con.execute(
                "select schema_name, table_name from duckdb_tables() "
                "where schema_name in ('serving', 'meta') order by all"
            ).fetchall()
        ]
        tables = {}
        for name in names:
            (print_,) = con.execute(
                "select concat_ws(' ', count(*), sum(hash(t)::hugeint), bit_xor(hash(t))) "
                f"from (select columns(lambda c: c <> 'run_id') from {name}) as t"
            ).fetchall()
            tables[f"release {name}"] = Content(print_[0], path.resolve(), name)
        macros = con.execute(
            "select schema_name, function_name, parameters, macro_definition from duckdb_functions() "
            "where function_type in ('macro', 'table_macro') and not internal order by all"
        ).fetchall()
    said = "\n".join(map(str, macros))
    return tables | {f"release {MACROS}": Content(hashlib.sha256(said.encode()).hexdigest(), path.resolve(), MACROS)}


def _told(store: Path, night: Night) -> dict[str, Content]:
    """What MLflow was last told of a night's models: settings and inputs, without what is another at each run."""
    if not store.exists():
        return {}
    with closing(sqlite3.connect(store)) as con:
        rows = con.execute(
            "with nights as (select run_uuid, row_number() over (partition by name order by start_time desc) as place "
            "from runs where run_uuid in (select run_uuid from tags where key = 'night' and value = ?)), "
            "told as (select run_uuid, key, value from params union all select run_uuid, key, value from tags) "
            "select name, key, value from told join nights using (run_uuid) join runs using (run_uuid) "
            "where place = 1 and key not like 'mlflow.%' and key <> 'dagster_run' order by name, key, value",
            [night.isoformat()],
        ).fetchall()
    said = "\n".join(map(str, rows))
    return {"tracking.mlflow": Content(hashlib.sha256(said.encode()).hexdigest(), store)} if rows else {}
