"""``recsys costs``."""

from __future__ import annotations

import typer

from recsys_jobs.cli.console import Table
from recsys_jobs.cli.context import Context, NightOption
from recsys_jobs.costs import algorithm_costs


def costs(ctx: typer.Context, night: NightOption = None) -> None:
    """Show what each algorithm of a night cost: seconds and memory of fitting it and of making its lists."""
    context = ctx.ensure_object(Context)
    console, built = context.console, context.built_night(night)
    rows = algorithm_costs(context.profile, built)
    if not rows:
        console.print(f"Dagster has no record of night {built} in this deployment: it was not built here.")
        return
    names = ("model", "fit: seconds", "CPU", "lists: seconds", "CPU", "peak MB", "model MB")
    table = Table(*names, title=f"What the algorithms of night {built} cost")
    for row in rows:
        figures = []
        for step in (row.fit, row.lists):
            figures += [f"{step.seconds:.1f}", f"{step.cpu_seconds:.1f}"] if step else ["", ""]
        table.add_row(row.algorithm, *figures, f"{row.peak_memory_mb:,.0f}", f"{row.model_bytes / 1e6:,.1f}")
    console.print(table)
    seconds, cpu_seconds = sum(row.seconds for row in rows), sum(row.cpu_seconds for row in rows)
    console.print(f"In all {seconds:.0f} s, {cpu_seconds:.0f} s of CPU.")
