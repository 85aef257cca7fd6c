"""Delimited text into a table of staged rows, as RFC 4180 has it, and a reason for every line that does not fit.

What belongs here: DuckDB reads a file in which nothing is amiss, and a count of its bytes confirms that. Any other is
split here, a line at a time and so some times slower. Lines end in LF, CR LF or CR, also mixed; blank ones are no
rows. Values parted by ``::`` are not RFC 4180's: quotes are part of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted
from recsys_assets.storage.landing.formats.base import Format, Reject
from recsys_assets.storage.landing.preamble import DOUBLE_COLON, below_preamble, likely_delimiter, lines_above_names
from recsys_assets.storage.landing.splitting import shape_of, some_line_ends_in, split
from recsys_assets.storage.landing.text_files import LONGEST_LINE, Lines, UnreadableFile, as_utf8, line_fault, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from recsys_assets.profile import Delivery

_NOT_CLOSED = "a quote that opens a value is never closed; close it, or double the quotes inside a value"
_AFTER_QUOTE = "text after the quote that closes a value; double the quotes inside a value"
_LINE_ENDS = {b"", b"\n", b"\r", b"\r\n"}
_INSIDE_QUOTES = re.compile(rb'[^"]*+(?:""[^"]*+)*+')


@dataclass(frozen=True)
class Dialect:
    """How the lines of one file are split, and into what."""

    delimiter: str
    names: list[str]
    """Names of its columns, all different, also where only their case differs."""
    has_header: bool
    encoding: str
    """What its bytes are said to be; only named in reasons."""


def _stage(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery, folder: Path) -> list[Reject]:
    """Read a delimited file into ``staged``; returns the lines that cannot be split into its columns.

    Raises
    ------
    UnreadableFile
        When it has no usable line of column names, or no line at all fits them.
    """
    path, said = below_preamble(as_utf8(path, delivery, folder), delivery.skip, folder)
    dialect = _dialect(path, delivery, said)
    rejects: list[Reject] = []
    if _read_as_it_is(con, path, dialect):
        landed_row = "rowid + 1"
    else:
        _read_what_fits(con, path, dialect, folder / "fits.csv", rejects)
        landed_row = "landed_row"
    fields = ", ".join(f"c{place} as {quoted(name)}" for place, name in enumerate(dialect.names))
    con.execute(f"create temp table staged as select {fields}, {landed_row} as landed_row from split; drop table split")
    return rejects


def _dialect(path: Path, delivery: Delivery, said: str | None) -> Dialect:
    with path.open("rb") as file:
        lines = Lines(file)
        first = next(lines, b"")
        if fault := line_fault(first, delivery.encoding):
            raise UnreadableFile(f"its first line is no text: {fault}")
        likely = likely_delimiter(first.decode())
        delimiter = delivery.delimiter or said or likely
        if likely in first.decode() and delimiter not in first.decode():
            raise UnreadableFile(
                f"its first line has no {delimiter!r} but {likely!r}: deliver it as agreed, or set delimiter = "
                f'"{likely}" for its delivery'
            )
        if delivery.columns is not None:
            return Dialect(delimiter, delivery.columns, False, delivery.encoding)
        given, _, problem = _record(first, lines, delimiter.encode())
    if n_above := lines_above_names(path, delivery.delimiter) if len(given) == 1 else 0:
        raise UnreadableFile(
            f"its column names seem to stand {n_above} line(s) further down: set skip = {delivery.skip + n_above} for "
            "its delivery"
        )
    if problem:
        raise UnreadableFile(f"its first line cannot be split into column names: {problem}")
    if not any(name.strip() for name in given):
        raise UnreadableFile("its first line holds no column names; add them, or set columns = [...] for its delivery")
    return Dialect(delimiter, _unique([name.decode().strip() for name in given]), True, delivery.encoding)


def _unique(given: list[str]) -> list[str]:
    """Column names made different, also where only their case differs; the first of a name keeps it."""
    names: list[str] = []
    delivered = {name.lower() for name in given}
    for place, name in enumerate(given):
        taken = {known.lower() for known in names}
        free = name or f"column{place}"
        if free.lower() in (taken if name else taken | delivered):
            free = next(new for n in count(place) if (new := f"{free}_{n}").lower() not in taken | delivered)
        names.append(free)
    return names


def _read_as_it_is(con: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect) -> bool:
    """Let DuckDB read the file into ``split``; False when anything about it asks for more care."""
    width = len(dialect.names)
    shape = shape_of(path, dialect.delimiter)
    if shape is None or width == 1:  # Where there is one column only, DuckDB takes a blank line for a row.
        return False
    if shape.has_quotes and dialect.delimiter == DOUBLE_COLON:
        return False  # To DuckDB they would quote.
    n_rows, n_bad = split(
        con, path, dialect.delimiter, _columns(dialect), header=dialect.has_header, crlf=shape.has_crlf
    )
    if n_bad or n_rows != shape.n_lines - dialect.has_header:
        return False
    # DuckDB lets empty fields too many pass; there are none where every delimiter is accounted for.
    return shape.n_delimiters == shape.n_lines * (width - 1) or not some_line_ends_in(dialect.delimiter, path)


def _columns(dialect: Dialect) -> dict[str, str]:
    return {f"c{place}": "varchar" for place in range(len(dialect.names))}


def _read_what_fits(
    con: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, copy: Path, rejects: list[Reject]
) -> None:
    """Let DuckDB read the rows that can be split, each behind its number, into ``split``."""
    n_rows = 0
    with copy.open("wb") as out:
        for line in _fitting(path, dialect, rejects):
            out.write(line)
            n_rows += 1
    if rejects and not n_rows:
        row, _, reason, start = rejects[0]
        raise UnreadableFile(f"none of its {len(rejects)} row(s) can be read; row {row}, {start[:80]!r}: {reason}")
    n_read, n_bad = split(
        con,
        copy,
        dialect.delimiter,
        {"landed_row": "bigint"} | _columns(dialect),
        header=False,
        longest_line=2 * LONGEST_LINE + 1024,  # Quotes may have been doubled.
    )
    if n_bad or n_read != n_rows:
        raise UnreadableFile(f"only {n_read} of the {n_rows} rows in it that are well-formed could be read")


def _fitting(path: Path, dialect: Dialect, rejects: list[Reject]) -> Iterator[bytes]:
    """Lines of the rows that can be split, behind their numbers; the others become rejects."""
    delimiter, width = dialect.delimiter.encode(), len(dialect.names)
    row = 0
    with path.open("rb") as file:
        lines = Lines(file)
        if dialect.has_header:
            _record(next(lines), lines, delimiter)
        for first in lines:
            if first in _LINE_ENDS:
                continue
            row += 1
            fields, held, problem = _record(first, lines, delimiter)
            if problem is None and len(fields) != width:
                problem = _misfit(len(fields), width, dialect.delimiter)
            if problem:
                # Only its first line is bad: a quote that is never closed must not swallow the rows after it.
                lines.give_back(held[1:])
                held = [first]
            raw = b"".join(held)
            if fault := line_fault(raw, dialect.encoding):
                rejects.append((row, "" if problem else _faulty(fields, dialect), fault, shown(raw)))
            elif problem:
                rejects.append((row, "", problem, shown(raw)))
            else:
                if b'"' in raw:
                    fields = [b'"%s"' % field.replace(b'"', b'""') for field in fields]
                yield b"%d%s%s\n" % (row, delimiter, delimiter.join(fields))


def _misfit(n_fields: int, width: int, delimiter: str) -> str:
    if n_fields > width:
        return f"{n_fields} fields, but the file has {width} column(s); put values that hold a {delimiter!r} in quotes"
    return f"{n_fields} field(s), but the file has {width} columns; the line is cut short or a value is missing"


def _faulty(fields: list[bytes], dialect: Dialect) -> str:
    """Name of the column whose field is no text."""
    return next(
        (name for name, field in zip(dialect.names, fields, strict=True) if line_fault(field, dialect.encoding)), ""
    )


def _record(first: bytes, lines: Lines, delimiter: bytes) -> tuple[list[bytes], list[bytes], str | None]:
    """Fields of the record that begins with a line, the lines that it takes, and why it is none.

    A quoted value may go on over more lines. Spaces around a quoted value do not count.
    """
    if b'"' not in first or delimiter == DOUBLE_COLON.encode():
        return first.rstrip(b"\r\n").split(delimiter), [first], None
    gap = re.compile(b"" if delimiter.startswith(b" ") else b" *+")
    fields: list[bytes] = []
    held, line, place, size = [first], first, 0, len(first)
    while True:
        start = _end(gap, line, place)
        if line.startswith(b'"', start):
            value, place = [], start + 1
            while (end := _end(_INSIDE_QUOTES, line, place)) == len(line):
                value.append(line[place:])
                line, place = next(lines, b""), 0
                size += len(line)
                if not line:
                    return fields, held, _NOT_CLOSED
                held.append(line)
                if size > LONGEST_LINE:
                    return fields, held, _NOT_CLOSED
            fields.append(b"".join([*value, line[place:end]]).replace(b'""', b'"'))
            place = _end(gap, line, end + 1)
        else:
            end = line.find(delimiter, place)
            end = len(line.rstrip(b"\r\n")) if end < 0 else end
            fields.append(line[place:end])
            place = end
        if line.startswith(delimiter, place):
            place += len(delimiter)
        else:
            return fields, held, None if line[place:] in _LINE_ENDS else _AFTER_QUOTE


def _end(pattern: re.Pattern[bytes], line: bytes, place: int) -> int:
    """Where a pattern that matches anywhere, be it nothing, stops."""
    match = pattern.match(line, place)
    assert match is not None
    return match.end()


FORMAT = Format("csv", ("csv", "tsv", "txt", "dat"), _stage)
