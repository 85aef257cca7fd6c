"""``recsys query``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from recsys_assets.reports import releases as report
from recsys_jobs.cli.context import Context


def query(
    ctx: typer.Context,
    sql: Annotated[str, typer.Argument(help="SQL over the published release.")],
    rows: Annotated[int, typer.Option(help="Rows to print at most.")] = 20,
) -> None:
    """Run SQL on the published release, read-only.

    For example: recsys query "from serving.recommend(900, k := 5)"
    """
    context = ctx.ensure_object(Context)
    result = report.query(context.profile, sql, rows)
    if result is None:
        return
    table = Table(*result.columns)
    for row in result.rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    context.console.print(table)
    if result.has_more:
        context.console.print(f"The first {rows} rows; see more with --rows.")
