"""Looking at delivered files: their rows, staged as landing stages them, and what each column holds.

What belongs here: the name pattern a file stands for, reading every file it matches, and figures of each column.
Cost: one scan of the files, then a few of a sample of 10,000 rows.
"""

from __future__ import annotations

import codecs
import glob
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_assets.errors import RecsysError
from recsys_assets.profile import Delivery
from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.landing.opening import OpenFile, opened, readable
from recsys_assets.storage.landing.preamble import DOUBLE_COLON, are_data, first_row, lines_above_names
from recsys_assets.storage.landing.readers import UnreadableFile, format_of, stage
from recsys_assets.storage.landing.text_files import as_utf8
from recsys_assets.storage.queries import column_types, first_value
from recsys_jobs.init.encodings import encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

SAMPLE_ROWS = 10_000
"""Rows, spread evenly over the files, that columns are judged by and that are landed on trial."""
TABLE = "events"
"""Raw table that the files are delivered to."""


class InitError(RecsysError):
    """What keeps a file from becoming a source; the message names columns and the option to give."""


@dataclass(frozen=True)
class Column:
    """One column of the files, and what its sampled values look like."""

    name: str
    type: str
    """DuckDB type; text formats have VARCHAR."""
    n_values: int
    """Sampled rows in which it is neither null nor empty."""
    n_distinct: int
    """Distinct values among those."""
    is_number: bool
    """Whether nine of ten values can be read as numbers, with a decimal point or with a comma."""
    examples: tuple[str, ...]
    """Three distinct values, such as are written differently (``9,57 €``, ``(2)``) before others."""


@dataclass(frozen=True)
class Look:
    """The rows of all files that a delivery names: table ``seen``, and 10,000 of them in ``sample``."""

    con: duckdb.DuckDBPyConnection
    delivery: Delivery
    files: tuple[Path, ...]
    n_rows: int
    n_unsplit: int
    """Lines that cannot be split into the file's columns."""
    columns: tuple[Column, ...]
    is_unnamed: bool = False
    """Whether the file has no line of names, and nobody gave any."""
    told: dict[str, str] = field(default_factory=dict)
    """Reason by name of each column that was named by its values."""

    @property
    def read_as(self) -> str:
        """What to say beside names that letters of another encoding may have garbled."""
        encoding = self.delivery.encoding
        return "" if encoding == "utf-8" else f" It was read as {encoding}: if that looks wrong, give --encoding."


@contextmanager
def look(
    file: Path, skip: int | None = None, encoding: str | None = None, columns: list[str] | None = None
) -> Iterator[Look]:
    """Read a file and those that are named and built like it.

    Parameters
    ----------
    skip
        Lines above the line of names; None: as far as the file itself tells.
    encoding
        Python's name of a text file's encoding; None: as far as the file itself tells.
    columns
        Names of the columns of a text file that has no line of names; None: as far as its first line tells.

    Raises
    ------
    InitError
        When it holds no row, or has no line of column names, or nobody knows the encoding.
    LandingError
        When it is a link, cannot be opened, or is no file at all.
    """
    import duckdb

    if not file.is_symlink() and not file.is_file():
        raise InitError(f"{readable(file)} is not a file. Name one file; others named like it in its folder are found.")
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise InitError(
                f"--encoding {encoding}: no such encoding. Give one such as cp1252, cp1251 or shift_jis."
            ) from error
    names = [name.lower() for name in columns or []]
    if "" in names or len(set(names)) < len(names):
        raise InitError(f"--columns {','.join(columns or [])}: give each column a name of its own, parted by commas.")
    file = file.parent.resolve() / file.name
    if readable(file) != file:
        raise InitError(f"{readable(file)}: its name is no UTF-8, so that no profile can say it. Rename it.")
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        con.execute(f"set temp_directory = {text(folder)}")  # What does not fit into memory goes there.
        con.execute("set enable_external_file_cache = false")  # One file after the other is read as /dev/fd/N.
        con.execute((SQL_FOLDER / "landing" / "macros.sql").read_text())
        delivery = Delivery(table=TABLE, files=pattern(file.name), folder=str(file.parent))
        with opened(file) as given:
            delivery = _described(given, delivery, Path(folder), skip, encoding, columns)
        files, n_unsplit = _read_alike(con, delivery, file)
        if len(files) < len(_matching(delivery)):
            delivery = delivery.model_copy(update={"files": glob.escape(file.name)})
        n_rows: int = first_value(con, "select count(*) from seen")
        if not n_rows:
            raise InitError(f"{file} holds no row below its column names. Give a file with events in it.")
        con.execute(
            "create table sample as select * exclude (seen_row) from "
            "(select *, row_number() over (order by rowid) - 1 as seen_row from seen) "
            f"where seen_row % {-(-n_rows // SAMPLE_ROWS)} = 0"
        )
        is_unnamed = delivery.columns is not None and columns is None
        found = tuple(_columns(con, file, is_named=delivery.columns is None))
        yield Look(con, delivery, tuple(files), n_rows, n_unsplit, found, is_unnamed)


def pattern(name: str) -> str:
    """Pattern of the names a file's successors have: what follows the last letter before the ending may vary."""
    stem, ending = re.fullmatch(r"(.*?)((?:\.[A-Za-z]+)?(?:\.gz)?)", name, re.DOTALL | re.IGNORECASE).groups()  # type: ignore[union-attr]
    constant = re.sub(r"[-_. ]*[0-9][-_.: T0-9]*$", "", stem)
    return (glob.escape(constant) or "[0-9]") + "*" + ending


def _described(
    file: OpenFile, delivery: Delivery, folder: Path, skip: int | None, encoding: str | None, columns: list[str] | None
) -> Delivery:
    """The delivery with what must be said of a text file: encoding, lines above its names, and names where it has none.

    Such columns are called column1, column2, ... until their values say better.
    """
    try:
        kind = format_of(file.path.name, delivery).name
        if kind == "parquet":
            return delivery
        encoding = encoding or encoding_of(file.content, delivery)
        delivery = delivery.model_copy(update={"encoding": encoding, "skip": skip or 0, "columns": columns})
        if kind == "csv":
            path = as_utf8(file.content, delivery, folder)
            if skip is None and columns is None:
                delivery = delivery.model_copy(update={"skip": lines_above_names(path, None)})
            first = first_row(path, delivery.skip)
            if first.delimiter == DOUBLE_COLON:  # A line of a later file may tell less.
                delivery = delivery.model_copy(update={"delimiter": DOUBLE_COLON})
            if columns is None and first.is_data:
                delivery = delivery.model_copy(
                    update={"columns": [f"column{n}" for n in range(1, len(first.fields) + 1)]}
                )
    except UnreadableFile:
        pass  # Whoever reads it says what is wrong.
    return delivery


def _matching(delivery: Delivery) -> list[Path]:
    assert delivery.folder is not None
    found = Path(delivery.folder).glob(delivery.files)
    return sorted(path for path in found if path.is_file() and not path.is_symlink())  # A link would not land.


def _read_alike(con: duckdb.DuckDBPyConnection, delivery: Delivery, file: Path) -> tuple[list[Path], int]:
    """Read a file into ``seen``, and all its likes if they have the same columns; returns files and unsplit lines."""
    try:
        n_unsplit = _stage(con, file, delivery)
    except UnreadableFile as error:
        why = str(error).replace(", or set format for its delivery", "")  # No delivery is written down yet.
        why = re.sub('set encoding = "..." (.*) for its delivery', r"give --encoding \1", why)
        raise InitError(f"{readable(file)}: {why}.") from error
    con.execute("create table seen as from staged")
    names = column_types(con, "staged")
    others = [path for path in _matching(delivery) if path != file]
    for path in others:
        try:
            n_more = _stage(con, path, delivery)
        except UnreadableFile:
            n_more = -1
        if n_more < 0 or {name.lower() for name in column_types(con, "staged")} != {name.lower() for name in names}:
            con.execute("drop table seen")
            n_unsplit = _stage(con, file, delivery)
            con.execute("create table seen as from staged")
            return [file], n_unsplit
        con.execute("insert into seen by name from staged")
        n_unsplit += n_more
    return sorted([file, *others]), n_unsplit


def _stage(con: duckdb.DuckDBPyConnection, file: Path, delivery: Delivery) -> int:
    """Read a file into ``staged``; returns how many of its lines cannot be split."""
    with opened(file) as given:
        return len(stage(con, given, delivery))


def _columns(con: duckdb.DuckDBPyConnection, file: Path, *, is_named: bool) -> Iterator[Column]:
    names = {name: kind for name, kind in column_types(con, "sample").items() if name != "landed_row"}
    if is_named and are_data(list(names)):
        raise InitError(
            f"{file}: its columns are called {', '.join(names)}, which looks like data, not like names. Name them."
        )
    for name, kind in names.items():
        values = f"(select nullif(trim({quoted(name)}::varchar), '') as v, landed_row from sample)"
        figures = con.execute(
            "select count(v), count(distinct v), count(coalesce(read_number(v, '.'), read_number(v, ','))) "
            f"from {values}"
        ).fetchall()[0]
        examples = con.execute(
            "with firsts as (select v, min(landed_row) as first_row, regexp_replace(v, '[0-9]+', '0', 'g') as written "
            f"from {values} where v is not null group by v) "
            "select v from firsts "
            "order by row_number() over (partition by written order by first_row, v), first_row, v limit 3"
        ).fetchall()
        n_values, n_distinct, n_numbers = figures
        yield Column(
            name=name,
            type=kind,
            n_values=n_values,
            n_distinct=n_distinct,
            is_number=n_numbers >= max(0.9 * n_values, 1),
            examples=tuple(value for (value,) in examples),
        )
