"""``recsys query``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from recsys_assets.reports import releases as report
from recsys_jobs.cli.console import Table
from recsys_jobs.cli.context import Context, given_path

if TYPE_CHECKING:
    from recsys_assets.storage.release.queries import Format as FileFormat

ROWS_ON_A_TERMINAL = 20


Format = Literal["table", "csv", "json", "parquet"]
"""What a query's result is shown or written as."""


def query(
    ctx: typer.Context,
    sql: Annotated[str, typer.Argument(help="SQL over the published release.")],
    rows: Annotated[
        int | None,
        typer.Option(min=1, max=10**9, help=f"Rows at most (default: {ROWS_ON_A_TERMINAL} on a terminal, else all)."),
    ] = None,
    format: Annotated[
        Format | None, typer.Option("--format", help="Default: what the name of --out ends with, else a table.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write all rows to; one that is there is replaced.", parser=given_path, metavar="FILE"
        ),
    ] = None,
) -> None:
    """Run SQL on the published release, read-only.

    For example: recsys query "from serving.recommend(900, k := 5)"
    """
    context = ctx.ensure_object(Context)
    chosen = format or _by_name(out)
    if chosen != "table":
        _write(context, sql, rows, out, chosen)
        return
    if out:
        raise typer.BadParameter("a table is for reading; a file is csv, json or parquet.", param_hint="--format")
    if rows is None and context.console.is_terminal:
        rows = ROWS_ON_A_TERMINAL
    result = report.query(context.profile, sql, rows)
    if result is None:
        return
    table = Table(*result.columns)
    for row in result.rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    context.console.print(table)
    if result.has_more:
        context.console.print(f"The first {rows} rows; see more with --rows, or write all with --out FILE.csv.")


def _by_name(out: Path | None) -> Format:
    """Format that the name of a file tells.

    Raises
    ------
    BadParameter
        When it tells none.
    """
    ending = "table" if out is None else out.suffix.removeprefix(".").lower()
    formats: tuple[Format, ...] = get_args(Format)
    for known in formats:
        if ending == known and (out is None or known != "table"):
            return known
    raise typer.BadParameter(
        f"{out} does not end with .csv, .json or .parquet; say which with --format.", param_hint="--out"
    )


def _write(context: Context, sql: str, rows: int | None, out: Path | None, kind: FileFormat) -> None:
    """Write the rows to a file, or to where standard output goes."""
    console = context.console
    if out:
        n_rows = report.write_query(context.profile, sql, rows, out, kind)
        console.print(f"Written: {out}, {n_rows:,} rows", soft_wrap=True)
        return
    if console.is_terminal and kind == "parquet":
        raise typer.BadParameter("a terminal shows no Parquet; name a file with --out.", param_hint="--format")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer"
        report.write_query(context.profile, sql, rows, file, kind)
        if console.is_terminal:
            console.print_lines(file.read_text().rstrip("\n"))
            return
        with file.open("rb") as answer:
            shutil.copyfileobj(answer, sys.stdout.buffer)
        sys.stdout.flush()
