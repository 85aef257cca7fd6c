"""A source: the SELECTs that map raw tables to canonical ones.

What belongs here: finding a source's SQL files, and which raw tables each reads; landing runs them over chosen raw
rows. The table in a SELECT's outermost FROM is its driver: it maps those rows one to one. All other raw tables it names
are looked up in, never listed. Several SELECTs may have one driver: a till line can be an event and a version of its
item.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from recsys_assets.profile import PROJECT
from recsys_assets.selects.canonical import CANONICAL, SourceError
from recsys_assets.selects.files import Select, load_select, select_files
from recsys_assets.selects.resolve import clean_views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

_TIMES = ("event_ts", "known_from")
"""Columns with a row's own time."""
_DAYS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_OF_DAYS = frozenset({"to_days", "to_weeks", "to_months", "to_quarters", "to_years"})


class Source:
    """The SELECTs of one folder under ``sql/sources/``."""

    def __init__(self, name: str) -> None:
        self.name = name
        files = select_files(f"sources/{name}")
        if "events" not in files:
            raise SourceError(f"sql/sources/{name}/events.sql is missing: a source needs at least its events.")
        self.selects = {stem: load_select(path, keyed=False) for stem, path in files.items()}
        for select in self.selects.values():
            if select.driver is None or select.driver.schema != "raw":
                raise SourceError(f"{shown(select)}: must select from one raw table (from raw.<table> ...).")
            if problem := _rewritten_time(select.text):
                raise SourceError(f"{shown(select)}: {problem}")
        self.extras = [stem for stem in self.selects if stem not in CANONICAL]
        """Names of its extra tables, e.g. promotions: ``clean.<name>``."""
        taken = {*select_files("clean"), *(view.name for view in clean_views())}
        for stem in self.extras:
            if stem in taken:
                raise SourceError(
                    f"{shown(self.selects[stem])}: clean.{stem} is taken; name the extra table otherwise."
                )

    def driven_by(self, raw_table: str) -> dict[str, Select]:
        """Canonical tables whose rows are the rows of ``raw_table``."""
        return {name: select for name, select in self.selects.items() if driver(select) == raw_table}

    def looked_up(self, raw_table: str) -> set[str]:
        """Raw tables that the SELECTs driven by ``raw_table`` look up in."""
        return {read.name for select in self.driven_by(raw_table).values() for read in select.reads} - {raw_table}

    def feeds_extras_only(self, raw_table: str) -> bool:
        """Whether the SELECTs that name ``raw_table`` are those of extra tables, which it drives."""
        named = {name for name, s in self.selects.items() if any(read.name == raw_table for read in s.reads)}
        return named == self.driven_by(raw_table).keys() and named <= set(self.extras)


def driver(select: Select) -> str:
    """Name of the raw table whose rows the SELECT maps."""
    assert select.driver is not None, f"{select.path} was not loaded through Source"
    return select.driver.name


def shown(select: Select) -> str:
    """Path of the file as people know it."""
    return str(select.path.relative_to(PROJECT))


@lru_cache(maxsize=1_000)
def _rewritten_time(text: str) -> str:
    """What is wrong with how a SELECT makes a row's own time; empty where nothing is.

    In history that time says when the row was known, and nothing that was delivered can tell a wrong one. Hours may be
    taken off, as a time zone wants it.
    """
    from sqlglot import exp, parse_one

    for column, made in _expressions_of_times(parse_one(text, dialect="duckdb")):
        if column in _TIMES and made.find(exp.Column) is None:
            return (
                f"{column} is the same for all rows, {made.sql(dialect='duckdb')}, so it is no time of theirs. Take it "
                "from the delivered row, or leave known_from out where rows have none: see docs/bring-your-own-data.md."
            )
        for moved in made.find_all(exp.Sub, exp.Add, exp.DateAdd):
            if _takes_days_off(moved):
                return (
                    f"makes {column} days earlier than it was delivered, {moved.sql(dialect='duckdb')}: no row is "
                    "known before its own time. Of an extra table whose rows are, the profile says so: known_earlier."
                )
    return ""


def _expressions_of_times(tree: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    """What a row's own time is made of: its expressions and those of columns that they name, each with its name."""
    from sqlglot import exp

    waiting, seen = list(_TIMES), set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for alias in tree.find_all(exp.Alias):
            if alias.alias.lower() == name:
                yield name, alias.this
                waiting += [used for c in alias.this.find_all(exp.Column) if (used := c.name.lower()) not in seen]


def _takes_days_off(moved: exp.Expr) -> bool:
    """Whether an addition or subtraction makes an instant earlier by days or more."""
    from sqlglot import exp

    step = moved.expression
    is_days = any(
        isinstance(part, exp.ToDays)
        or part.name.lower() in _OF_DAYS
        or (isinstance(part, exp.Interval) and part.text("unit").upper().startswith(_DAYS))
        for part in step.find_all(exp.Interval, exp.ToDays, exp.Anonymous)
    )
    is_date = isinstance(moved.this, exp.Cast) and moved.this.is_type("date")
    is_negative = step.find(exp.Neg) is not None or step.name.startswith("-")
    return (is_days or is_date) and isinstance(moved, exp.Sub) is not is_negative
