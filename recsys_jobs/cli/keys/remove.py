"""``recsys keys remove``."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_jobs.cli.context import Context


def remove(ctx: typer.Context, name: Annotated[str, typer.Argument(help="Whose key it is.")]) -> None:
    """Take an API key back: servers refuse it within a second."""
    from recsys_serving.keys import FILE_NAME, remove_key

    context = ctx.ensure_object(Context)
    remove_key(context.profile.folder / FILE_NAME, name)
    context.console.print(f"The key {name} is removed.")
