"""``recsys rollback``."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_assets.storage.release.releases import Releases
from recsys_jobs.cli.context import Context


def rollback(
    ctx: typer.Context,
    to: Annotated[str | None, typer.Option(help="Release to go back to (default: the one published before).")] = None,
) -> None:
    """Let readers see an earlier release again; the next newer night publishes as usual."""
    context = ctx.ensure_object(Context)
    context.console.print(Releases(context.profile.folder).rollback(to).reason)
