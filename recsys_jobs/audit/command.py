"""``recsys audit future``: the audit on the command line."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console


def future(
    night: Annotated[
        datetime | None,
        typer.Option("--night", formats=["%Y-%m-%d"], help="Night to audit (default: the newest built)."),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Build the graded night and the clean log anew, too, in each build.")
    ] = False,
    users: Annotated[
        float, typer.Option(min=0.0001, max=1, help="Share of users to audit on; a sample is audited deep.")
    ] = 1.0,
) -> None:
    """Prove that a night saw nothing that came after it: build it with its future deleted and altered, and compare.

    Works in a folder of its own; nothing is published. Takes up to three times the night. Exit code 1: it saw some.
    """
    from recsys_assets.profile import load_profile
    from recsys_assets.storage.lake.lake import Lake
    from recsys_jobs.audit.future import audit_future
    from recsys_jobs.audit.report import sentence, verdict
    from recsys_jobs.run import NightFailed

    console, profile = Console(highlight=False), load_profile()
    built = Lake(profile).built_nights()
    if night is None and not built:
        raise NightFailed(f"No night of profile {profile.name} is built yet: name one with --night, or build one.")
    audited = night.date() if night else built[-1]
    with console.status(f"Auditing night {audited}") as status:
        found = audit_future(profile, audited, lambda text: status.update(text), deep=deep, users=users)
    for asset, _ in found.compared:
        differing = [d for d in found.differences if d.asset == asset]
        console.print(f"{'DIFFERS' if differing else 'EQUAL  '} {asset}", style="red" if differing else None)
        for difference in differing:
            console.print(f"        {sentence(difference)}", markup=False)
            for row in difference.rows:
                console.print(f"        {row}", markup=False, overflow="ellipsis", no_wrap=True)
    for difference in found.differences:
        if not any(asset == difference.asset for asset, _ in found.compared):
            console.print(f"FAILS   {sentence(difference)} {' '.join(difference.rows)}", style="red", markup=False)
    seconds = ", ".join(f"{name} {taken:.0f} s" for name, taken in found.seconds.items())
    console.print(f"Builds: {seconds}")
    console.print(verdict(found), style=None if found.passed else "red", markup=False, soft_wrap=True)
    if not found.passed:
        raise typer.Exit(1)
