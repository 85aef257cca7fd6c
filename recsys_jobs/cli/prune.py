"""``recsys prune``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.release.releases import Releases
from recsys_jobs.cli.context import Context


def prune(
    ctx: typer.Context,
    keep: Annotated[int, typer.Option(min=2, help="Newest releases to keep.")] = 14,
) -> None:
    """Delete partitions superseded for over a day, and old releases; never what is current."""
    context = ctx.ensure_object(Context)
    freed = Lake(context.profile).prune()
    removed = Releases(context.profile.folder).prune(keep, timedelta(days=1))
    context.console.print(
        f"Freed {freed / 1e6:,.1f} MB of superseded partitions; removed {len(removed)} old release(s)."
    )
