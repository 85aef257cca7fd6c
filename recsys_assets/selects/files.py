"""SQL files: found by their place, parsed once, refused when they could differ from run to run.

What belongs here: reading a SELECT from ``sql/``, what it reads (its dependencies), its key (its ``order by``),
its description (its leading comment). What is refused is in `selects.rules`.
Loading needs sqlglot only, so that definitions load light.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from recsys_assets.errors import RecsysError
from recsys_assets.profile import PROJECT
from recsys_assets.selects.keys import problems_of_keys
from recsys_assets.selects.labels import problems_of_labels
from recsys_assets.selects.rules import problems

if TYPE_CHECKING:
    from pathlib import Path

    from sqlglot import exp

SQL_FOLDER = PROJECT / "sql"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class SqlError(RecsysError):
    """A SQL file that is refused; the message names the file and the rule and says what to write instead."""


@dataclass(frozen=True, order=True)
class TableName:
    """A table as SQL names it: ``schema.name``, optionally in the catalogue ``past``, ``before`` or ``graded``."""

    schema: str
    name: str
    catalog: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.schema, self.name) if part)

    @property
    def stored(self) -> str:
        """Name of the lake table behind it, whatever the catalogue."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Select:
    """One SQL file: one SELECT, one table."""

    path: Path
    """The file."""
    text: str
    """The file's text."""
    description: str
    """The leading comment, for people."""
    reads: tuple[TableName, ...]
    """Tables it names, sorted, without the ones of schema ``this``."""
    driver: TableName | None
    """Table of the outermost FROM: the one whose rows it maps, one to one, in a source's SELECT."""
    joins: bool
    """Whether it joins or unnests anything, so that a row of the driver might come more than once."""
    columns: tuple[str, ...]
    """Output columns, as far as the text tells (``*`` where it does not)."""
    key: tuple[str, ...]
    """Columns of the final ``order by``: the table's unique key and the order of its rows."""


def load_select(path: Path, *, keyed: bool = True) -> Select:
    """Read and check one SQL file.

    Parameters
    ----------
    keyed
        Whether the file must end with ``order by`` its key; views and a source's SELECTs need not.

    Raises
    ------
    SqlError
        When it is not exactly one SELECT, names no table, has no key, or breaks a rule of reproducibility.
    """
    return _load(path, keyed)


def select_files(folder: str) -> dict[str, Path]:
    """SQL files of a folder below ``sql/`` by table name, sorted."""
    return {path.stem: path for path in sorted((SQL_FOLDER / folder).glob("*.sql"))}


def table_files(folder: str, source: str) -> dict[str, Path]:
    """SQL files of the tables of a schema by name, sorted: those of ``sql/<folder>/`` and the source's own.

    Raises
    ------
    SqlError
        When the source names a table that is there for every source.
    """
    general, own = select_files(folder), select_files(f"sources/{source}/{folder}")
    for name in sorted(general.keys() & own.keys()):
        raise SqlError(f"{_shown(own[name])}: {folder}.{name} is there for every source; name the table otherwise.")
    return dict(sorted((general | own).items()))


@lru_cache(maxsize=1_000)
def _load(path: Path, keyed: bool) -> Select:
    from sqlglot import exp, parse
    from sqlglot.errors import ParseError

    text = path.read_text()
    try:
        statements = [s for s in parse(text, dialect="duckdb") if s is not None]
    except ParseError as error:
        raise SqlError(f"{_shown(path)}: not valid SQL: {_ANSI.sub('', str(error))}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SqlError(f"{_shown(path)}: must hold exactly one SELECT; found {len(statements)} statement(s).")
    query = statements[0]
    reads = _tables(query)
    wrong = [*problems(query, text)]
    if not path.is_relative_to(PROJECT / "dbt_like_checks"):  # Checks look at keys, and at labels beside anything.
        wrong += problems_of_labels(_table_made(path), map(str, reads))
        wrong += problems_of_keys(query) if _has_keys(path, reads) else []
    for problem in wrong:
        raise SqlError(f"{_shown(path)}: {problem}")
    if not reads:
        raise SqlError(f"{_shown(path)}: names no table, so it would depend on nothing. Name them as schema.table.")
    key = _key(query)
    if keyed and not key:
        raise SqlError(f"{_shown(path)}: must end with `order by` the columns of its unique key.")
    return Select(
        path=path,
        text=text,
        description=_description(text),
        reads=tuple(name for name in reads if name.schema != "this"),
        driver=_driver(query),
        joins=query.find(exp.Join, exp.Unnest, exp.Explode, exp.Lateral, exp.SetOperation) is not None,
        columns=tuple(query.named_selects),
        key=key,
    )


def _has_keys(path: Path, reads: list[TableName]) -> bool:
    """Whether a file is held to the rules of keys: not where they are made, nor in checks, nor in rows as delivered."""
    if path in {SQL_FOLDER / "clean" / "user_keys.sql", SQL_FOLDER / "clean" / "item_keys.sql"}:
        return False
    if "dbt_like_checks" in path.parts:
        return False
    return any(name.schema != "raw" for name in reads)


def _table_made(path: Path) -> str:
    """Table that a file of grades or detectors is part of; empty for others, which are held to the rule of learners."""
    if path.parent.name == "detectors":
        return f"audits.{path.stem}"
    return f"grades.{path.stem}" if {"grades", "metrics"} & {*path.parts} else ""


def _shown(path: Path) -> str:
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)


def _description(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return "\n".join(lines)


def _tables(query: exp.Query) -> list[TableName]:
    from sqlglot import exp

    return sorted({_table_name(table) for table in query.find_all(exp.Table) if table.db})


def _table_name(table: exp.Table) -> TableName:
    return TableName(table.db.lower(), table.name.lower(), table.catalog.lower())


def _driver(query: exp.Query) -> TableName | None:
    from sqlglot import exp

    source = query.args.get("from_") or query.args.get("from")
    if source is None or not isinstance(source.this, exp.Table):
        return None
    if source.this.db:
        return _table_name(source.this)
    for cte in query.ctes:
        if cte.alias == source.this.name:
            return _driver(cte.this)
    return None


def _key(query: exp.Query) -> tuple[str, ...]:
    order = query.args.get("order")
    return tuple(ordered.this.name for ordered in order.expressions) if order else ()
