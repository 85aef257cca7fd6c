"""Splitting the lines of a text file with DuckDB's CSV reader, and counting its bytes to see that all was read.

What belongs here: what DuckDB reads well. It misreads line ends of several kinds, lets empty fields too many pass, and
is lost after a quote that is never closed; `formats.delimited` takes care of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.storage.landing.text_files import BLOCK, LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb


@dataclass(frozen=True)
class Shape:
    """What the bytes of a file count up to."""

    n_lines: int
    n_delimiters: int
    has_crlf: bool
    """Whether all lines end in CR LF; else all end in LF."""
    has_quotes: bool


def shape_of(path: Path, delimiter: str) -> Shape | None:
    """Shape of a file, or None when it has NUL bytes, an odd quote or line ends of several kinds. One scan."""
    feeds = returns = pairs = n_delimiters = n_quotes = 0
    block = b"\n"
    for block in _blocks(path):
        if b"\0" in block:
            return None
        feeds += block.count(b"\n")
        n_delimiters += block.count(delimiter.encode())
        n_quotes += block.count(b'"')
        if b"\r" in block:
            returns += block.count(b"\r")
            pairs += block.count(b"\r\n")
    is_plain = returns == pairs and pairs in {0, feeds} and n_quotes % 2 == 0
    return Shape(feeds + (not block.endswith(b"\n")), n_delimiters, pairs > 0, n_quotes > 0) if is_plain else None


def some_line_ends_in(delimiter: str, path: Path) -> bool:
    """Whether a line of the file has nothing behind its last delimiter. One scan."""
    last = delimiter.encode()
    return any(last + b"\n" in block or last + b"\r" in block or block.endswith(last) for block in _blocks(path))


def split(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    delimiter: str,
    columns: dict[str, str],
    *,
    header: bool,
    crlf: bool = False,
    quote: str = '"',
    longest_line: int = LONGEST_LINE,
) -> tuple[int, int]:
    """Read a file into the table ``split``; returns how many rows were read and how many errors there were."""
    import duckdb

    con.execute("drop table if exists split; drop table if exists reject_errors; drop table if exists reject_scans")
    ends = duckdb.CSVLineTerminator
    try:
        con.read_csv(
            str(path),
            header=header,
            columns=columns,
            auto_detect=False,
            store_rejects=True,
            delimiter=delimiter,
            quotechar=quote,
            escapechar=quote,
            comment="",
            # Else DuckDB takes the first line end it finds, be it inside quotes.
            lineterminator=ends.CARRIAGE_RETURN_LINE_FEED if crlf else ends.LINE_FEED,
            max_line_size=longest_line,
            strict_mode=bool(quote),
        ).create("split")
    except duckdb.Error:
        return 0, 1
    ((n_rows, n_bad),) = con.execute(
        "select (select count(*) from split), (select count(*) from reject_errors)"
    ).fetchall()
    return n_rows, n_bad


def _blocks(path: Path) -> Iterator[bytes]:
    """A file in blocks that end where a line does (unless it is longer than any line may be)."""
    with path.open("rb") as file:
        while block := file.read(2 * BLOCK):
            yield block + file.readline(LONGEST_LINE)
