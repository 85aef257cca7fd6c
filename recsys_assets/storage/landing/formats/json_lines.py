"""JSON lines: one object a line, read as text, a column for each field of any line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.landing.formats.base import Format, Reject
from recsys_assets.storage.landing.splitting import shape_of, split
from recsys_assets.storage.landing.text_files import Lines, UnreadableFile, as_utf8, line_fault, shown

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from recsys_assets.profile import Delivery

_NO_DELIMITER = "\x01\x02\x03\x04"  # No line holds it, so that a whole line is one column.
_LINE = {"line": "varchar"}


def _stage(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery, folder: Path) -> list[Reject]:
    """One object a line; a blank line is no row, but has a number."""
    path = as_utf8(path, delivery, folder)
    rejects: list[Reject] = []
    shape = shape_of(path, _NO_DELIMITER)
    if shape is None or split(con, path, _NO_DELIMITER, _LINE, header=False, crlf=shape.has_crlf, quote="") != (
        shape.n_lines,
        0,
    ):
        blanked = folder / "blanked.jsonl"
        _blank_what_is_no_text(path, blanked, delivery.encoding, rejects)
        split(con, blanked, _NO_DELIMITER, _LINE, header=False, quote="")
    con.execute(
        "create or replace temp table objects as select rowid + 1 as landed_row, line, "
        "case when json_valid(line) and coalesce(json_type(try_cast(line as json)) = 'OBJECT', false) "
        "then json_keys(line::json) end as names from split where line is not null; drop table split"
    )
    layouts = [
        names for (names,) in con.execute("select distinct names from objects where names is not null").fetchall()
    ]
    # A name that comes twice in one object, in whatever case, has two values for one column.
    doubtful = [names for names in layouts if len({name.lower() for name in names}) < len(names)]
    con.execute(
        "create or replace temp table fitting as select landed_row, line::json as object from objects "
        "where names is not null and names not in (select unnest($1::varchar[][]))",
        [doubtful],
    )
    columns: dict[str, list[str]] = {}
    for name in sorted({name for names in layouts if names not in doubtful for name in names}):
        columns.setdefault(name.lower(), []).append(name)
    if not columns:
        raise UnreadableFile("holds no JSON object with a field; deliver one object a line, not an array")
    fields = ", ".join(
        f"coalesce({', '.join(f'object ->> {text(_pointer(name))}' for name in names)}) as {quoted(names[0])}"
        for names in columns.values()
    )
    con.execute(f"create temp table staged as select {fields}, landed_row from fitting order by landed_row")
    rejects += con.execute(
        "select landed_row, '', if(names is null, 'not a JSON object', 'a field comes twice in the object'), line "
        "from objects where landed_row not in (select landed_row from fitting)"
    ).fetchall()
    con.execute("drop table objects; drop table fitting")
    return sorted(rejects)


def _blank_what_is_no_text(path: Path, blanked: Path, encoding: str, rejects: list[Reject]) -> None:
    """Write a file's lines, each ended by LF; those that are no text stay blank and become rejects."""
    with path.open("rb") as file, blanked.open("wb") as out:
        for row, line in enumerate(Lines(file), 1):
            if fault := line_fault(line, encoding):
                rejects.append((row, "", fault, shown(line)))
            out.write((b"" if fault else line.strip()) + b"\n")


def _pointer(name: str) -> str:
    """JSON pointer (RFC 6901) to a field, whatever characters its name has."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


FORMAT = Format("jsonl", ("jsonl", "ndjson", "json"), _stage)
