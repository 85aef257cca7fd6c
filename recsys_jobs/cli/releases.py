"""``recsys releases``."""

from __future__ import annotations

import typer

from recsys_assets.reports import releases as report
from recsys_jobs.cli.console import Table
from recsys_jobs.cli.context import Context


def releases(ctx: typer.Context) -> None:
    """List the releases, newest first, and which one readers see."""
    context = ctx.ensure_object(Context)
    rows = report.releases(context.profile)
    if not rows:
        context.console.print(
            f"Profile {context.profile.name} has no release yet. Run `recsys night` or `recsys demo`."
        )
        return
    table = Table("", "release", "night", "MB", "built (UTC)", "published (UTC)")
    for row in rows:
        published = f"{row.published_at:%Y-%m-%d %H:%M}" if row.published_at else "never"
        size = f"{row.bytes / 1e6:.1f}"
        mark = "→" if row.is_current else ""
        table.add_row(mark, row.name, str(row.night), size, f"{row.built_at:%Y-%m-%d %H:%M}", published)
    context.console.print(table)
