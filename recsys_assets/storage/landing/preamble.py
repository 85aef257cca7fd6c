"""Lines that stand above a table: titles of a report, and the ``sep=;`` that spreadsheets write and read.

What belongs here: leaving them out as a delivery says, and finding how many there are in a file that nobody has
described yet.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from recsys_assets.storage.landing.text_files import Lines, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

DELIMITERS = ",;\t|"
"""Those that are looked for where a delivery names none."""
DOUBLE_COLON = "::"
"""What parts the values of MovieLens 1M and 10M. Such lines know no quotes: they are part of values."""
_DATA = r"[-+]?[0-9]+([.,][0-9]+)?|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}.*"
"""What a value may look like and the name of a column hardly: a number or a date."""
_SEP = re.compile(rb'^"?sep=([\t !#-/:-@\[-`{-~])"?\r?\n?$', re.IGNORECASE)
_SAMPLE_LINES = 200
_SAMPLE_CHARACTERS = 100_000


@dataclass(frozen=True)
class FirstRow:
    """The line of names of a file, or its first row of data."""

    delimiter: str
    fields: list[str]

    @property
    def is_data(self) -> bool:
        """Whether it is a row of data; parted by ``::``, one number is enough to tell."""
        some = any(re.fullmatch(_DATA, field) for field in self.fields)
        return some if self.delimiter == DOUBLE_COLON else are_data(self.fields)


def below_preamble(path: Path, skip: int, folder: Path) -> tuple[Path, str | None]:
    """A file without what stands above its table (itself, or a copy in ``folder``), and the delimiter ``sep=`` says.

    Parameters
    ----------
    path
        A file of UTF-8.
    skip
        Lines to leave out; a first line ``sep=;`` is one of them, and is left out in any case.

    Raises
    ------
    UnreadableFile
        When nothing is left.
    """
    with path.open("rb") as file:
        first = next(Lines(file), b"")
        said = _SEP.match(first)
        n_lines = max(skip, 1 if said else 0)
        if not n_lines:
            return path, None
        file.seek(0)
        above = list(islice(Lines(file), n_lines))
        # The mark of UTF-8 is no part of a line.
        file.seek(0)
        start = len(b"\xef\xbb\xbf") if file.read(3) == b"\xef\xbb\xbf" else 0
        file.seek(start + sum(map(len, above)))
        copy = folder / "below.csv"
        with copy.open("wb") as out:
            shutil.copyfileobj(file, out, 2**20)
    if not copy.stat().st_size:
        raise UnreadableFile(f"holds nothing below its first {n_lines} line(s); set skip for its delivery as it is")
    return copy, said[1].decode(errors="replace") if said else None


def likely_delimiter(line: str) -> str:
    """Delimiter that a line tells: of `DELIMITERS` the one that it has most of, or ``::``.

    ``::`` is it where a line has two or more, and fewer commas, semicolons and tabs: titles hold those, and ``|``
    stands between genres.
    """
    n_colons = line.count(DOUBLE_COLON)
    if n_colons >= 2 and n_colons > max(map(line.count, ",;\t")):
        return DOUBLE_COLON
    return max(DELIMITERS, key=line.count)


def first_row(path: Path, skip: int) -> FirstRow:
    """The first line below those to skip, as far as it can be split without more care.

    Parameters
    ----------
    path
        A file of UTF-8.
    """
    with path.open("rb") as file:
        line = next(islice(Lines(file), skip, None), b"").decode(errors="replace").strip("\r\n")
    delimiter = likely_delimiter(line)
    return FirstRow(delimiter, _fields(line, delimiter))


def are_data(fields: list[str]) -> bool:
    """Whether a row looks like values rather than names of columns: half of it are numbers or dates."""
    return 2 * sum(re.fullmatch(_DATA, field.strip()) is not None for field in fields) >= len(fields) > 0


def lines_above_names(path: Path, delimiter: str | None) -> int:
    """Number of lines above the line of names, as far as the first lines tell; 0 where they do not.

    That line is as wide as most lines are, stands above the first row with a number or a date, and of those that do it
    has the most names. Spreadsheets fill the lines above up with delimiters, so that they may be as wide.

    Parameters
    ----------
    path
        A file of UTF-8.
    """
    with path.open("rb") as file:
        first = islice(Lines(file), _SAMPLE_LINES)
        lines = [line[:_SAMPLE_CHARACTERS].decode(errors="replace").strip("\r\n") for line in first]
    if not lines:
        return 0
    if said := _SEP.match(lines[0].encode()):
        delimiter = delimiter or said[1].decode(errors="replace")
    elif likely_delimiter(lines[0]) == DOUBLE_COLON:
        delimiter = delimiter or DOUBLE_COLON  # Else it would be looked for what parts the genres.
    tables = [[_fields(line, each) for line in lines] for each in ([delimiter] if delimiter else DELIMITERS)]
    rows, width = max(((rows, _usual_width(rows)) for rows in tables), key=lambda table: _agreeing(*table))
    if 2 * sum(len(row) == width for row in rows) < sum(line.strip() != "" for line in lines):
        return 0  # It has one column, and some of its values happen to hold a delimiter.
    n_names: dict[int, int] = {}
    for place, row in enumerate(rows):
        if width < 2 or len(row) != width:
            continue
        if any(re.fullmatch(_DATA, name) for name in row):
            break
        n_names[place] = sum(name != "" for name in row)
    best = max(n_names, key=lambda place: n_names[place], default=0)  # Of several the first.
    return 0 if best == 1 and said else best  # A line of sep= alone needs no setting.


def _fields(line: str, delimiter: str) -> list[str]:
    if len(delimiter) > 1:
        return [field.strip() for field in line.split(delimiter)]
    return [field.strip() for row in csv.reader([line], delimiter=delimiter) for field in row]


def _usual_width(rows: list[list[str]]) -> int:
    """Number of fields that most lines of several have."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return max(widths, key=lambda width: (widths[width], width), default=0)


def _agreeing(rows: list[list[str]], width: int) -> tuple[int, int]:
    """How well a delimiter splits: lines of the usual width, then that width."""
    return (sum(len(row) == width for row in rows) if width > 1 else 0), width
