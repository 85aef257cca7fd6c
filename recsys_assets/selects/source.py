"""A source: the SELECTs that map raw tables to canonical ones.

What belongs here: finding a source's SQL files, and which raw tables each reads; landing runs them over chosen raw
rows. The table in a SELECT's outermost FROM is its driver: it maps those rows one to one. All other raw tables it names
are looked up in, never listed. Several SELECTs may have one driver: a till line can be an event and a version of its
item.
"""

from __future__ import annotations

from recsys_assets.profile import PROJECT
from recsys_assets.selects.canonical import CANONICAL, SourceError
from recsys_assets.selects.files import Select, load_select, select_files
from recsys_assets.selects.resolve import clean_views


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
