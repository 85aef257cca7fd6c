"""``recsys export``."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_assets.storage.export.base import has_password
from recsys_jobs.cli.console import several_lines
from recsys_jobs.cli.context import Context, NightOption

TO = "RECSYS_EXPORT_TO"


def export(
    ctx: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            envvar=TO,
            help="parquet, csv, jsonl or sqlite; or postgresql://host/database, redis://host or s3://bucket/prefix.",
        ),
    ],
    into: Annotated[
        str | None,
        typer.Option(
            help="Folder (parquet, csv, jsonl) or file (sqlite), else in data/<profile>/exports; schema (PostgreSQL) "
            "or prefix (Redis), else the profile's name."
        ),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(help="Table as the release names it, e.g. meta.grades; may come often. Else five of serving."),
    ] = None,
    night: NightOption = None,
) -> None:
    """Write the published lists, similar items, trends, items and users for another system.

    Whoever reads there sees the export before or this one, never half of it. docs/export.md says how they lie there.
    """
    from recsys_assets.storage.export.exporting import export_release

    source = ctx.get_parameter_source("to")
    if source is not None and source.name == "COMMANDLINE" and has_password(to):
        raise typer.BadParameter(
            "a password that is typed is seen by whoever lists processes. Leave it out and set PGPASSWORD or "
            f"REDISCLI_AUTH, or give the whole URL as {TO}.",
            param_hint="--to",
        )
    if into == "":
        raise typer.BadParameter("is empty. Name a place, or leave it out.", param_hint="--into")
    context = ctx.ensure_object(Context)
    with context.console.status("Looking at the release") as status:

        def progress(table: str, done: int, rows: int) -> None:
            status.update(several_lines([f"{table}: {done:,} of {rows:,} rows"]))

        name, said = export_release(
            context.profile.folder, to, into, table or (), night.date() if night else None, progress
        )
    context.console.print(f"Release {name} is exported. {said[:1].upper()}{said[1:]}.", soft_wrap=True)
