"""Rows of a table as a file, CSV or Parquet: the same question that its page asked, without its limit of rows.

A CSV is opened in spreadsheets, which run what begins like a formula, and anybody who names an item may write one: such
texts get an apostrophe before them (https://owasp.org/www-community/attacks/CSV_Injection). Parquet holds them as they
are.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.responses import PlainTextResponse, Response

from recsys_assets.selects.files import SQL_FOLDER
from recsys_serving.problems import Problem

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_serving.release import Release

MOST = 1_000_000
"""Rows of a file, at most."""
_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


async def download(name: str, request: Request) -> Response:
    """The file of a question: ``<question>.csv`` or ``<question>.parquet``, its values in the query."""
    question, _, ending = name.rpartition(".")
    file = SQL_FOLDER / "serving" / f"{question}.sql"
    if ending not in _TYPES or not question.isidentifier() or not file.is_file():
        return PlainTextResponse("There is no such table.", 404)
    values: dict[str, Any] = dict(request.query_params)
    night = values.pop("night", "")
    if "$most" in file.read_text():
        values["most"] = MOST
    try:
        served = request.app.state.served
        release = served.of_night(date.fromisoformat(night)) if night else served.current()
        content = await asyncio.to_thread(_file, release, question, ending, values)
    except Problem as problem:
        return PlainTextResponse(str(problem), problem.status)
    except (LookupError, ValueError) as error:
        return PlainTextResponse(f"{error}.", 422)
    except TimeoutError as error:
        return PlainTextResponse(f"{error}. Ask again later.", 503)
    called = f"{question}-{release.night}.{ending}"
    return Response(
        content, media_type=_TYPES[ending], headers={"Content-Disposition": f'attachment; filename="{called}"'}
    )


def _file(release: Release, question: str, ending: str, values: dict[str, Any]) -> bytes:
    import pyarrow as pa

    rows = release.ask_table(question, **values)
    sink = pa.BufferOutputStream()
    if ending == "parquet":
        from pyarrow import parquet

        parquet.write_table(rows, sink, compression="zstd")
    else:
        from pyarrow import csv

        csv.write_csv(_without_formulas(rows), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _without_formulas(rows: pa.Table) -> pa.Table:
    """Texts that a spreadsheet would run become texts that it shows; numbers stay numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, column in enumerate(rows.columns):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        runs = pc.match_substring_regex(column, r"\A[=+\-@\t\r]")
        shown = pc.if_else(runs, pc.replace_substring_regex(column, r"\A", "'", max_replacements=1), column)
        rows = rows.set_column(place, rows.schema.names[place], shown)
    return rows
