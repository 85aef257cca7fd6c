"""``recsys night``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from recsys_jobs.cli.context import Context
from recsys_jobs.run import newest_night


def night(
    ctx: typer.Context,
    night: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="Night to build (default: the newest closed one).")
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build what is there and current, too.")] = False,
) -> None:
    """Build one night, from the clean log to the published release.

    What is there, whole and made by today's code, settings and inputs is not built again. Building it again would give
    the same tables.
    """
    context = ctx.ensure_object(Context)
    context.build_nights([night.date() if night else newest_night(context.profile)], rebuild=rebuild)
