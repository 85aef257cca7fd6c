"""``recsys audit future``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from recsys_jobs.audit.report import sentence, verdict
from recsys_jobs.cli.context import Context, finite

if TYPE_CHECKING:
    from recsys_jobs.audit.outcome import Audit
    from recsys_jobs.cli.console import Console


def future(
    ctx: typer.Context,
    night: Annotated[
        datetime | None,
        typer.Option("--night", formats=["%Y-%m-%d"], help="Night to audit (default: the newest built)."),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Build the graded night and the clean log anew, too, in each build.")
    ] = False,
    users: Annotated[
        float,
        typer.Option(min=0.0001, max=1, callback=finite, help="Share of users to audit on; a sample is audited deep."),
    ] = 1.0,
) -> None:
    """Prove that a night saw nothing that came after it: build it with its future deleted and altered, and compare.

    Works in a folder of its own; nothing is published. Takes up to three times the night. Exit code 1: it saw some.
    """
    from recsys_jobs.audit.future import audit_future  # It loads Dagster.

    context = ctx.ensure_object(Context)
    audited = night.date() if night else context.newest_built_night()
    with context.console.status(f"Auditing night {audited}") as status:
        audit = audit_future(context.profile, audited, lambda text: status.update(text), deep=deep, users=users)
    _print_audit(context.console, audit)
    if audit.stale:
        context.console.print(f"The lake may differ for another reason: {audit.stale}", style="yellow", soft_wrap=True)
    if not audit.passed:
        raise typer.Exit(1)


def _print_audit(console: Console, audit: Audit) -> None:
    for asset, _ in audit.compared:
        differing = [d for d in audit.differences if d.asset == asset]
        style = "red" if differing else None
        console.print(f"{'DIFFERS' if differing else 'EQUAL  '} {asset}", style=style)
        for difference in differing:
            console.print(f"        {sentence(difference)}")
            for row in difference.rows:
                console.print(f"        {row}", overflow="ellipsis", no_wrap=True)
    compared = {asset for asset, _ in audit.compared}
    for difference in audit.differences:
        if difference.asset not in compared:
            console.print(f"FAILS   {sentence(difference)}", style="red")
    seconds = ", ".join(f"{name} {taken:.0f} s" for name, taken in audit.seconds.items())
    console.print(f"Builds: {seconds}")
    style = None if audit.passed else "red"
    console.print(verdict(audit), style=style, soft_wrap=True)
