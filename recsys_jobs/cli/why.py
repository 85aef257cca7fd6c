"""``recsys why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recsys_assets.reports.recommendations import explain
from recsys_assets.visible import visible
from recsys_jobs.cli.console import Table
from recsys_jobs.cli.context import Context, NightOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recsys_assets.reports.recommendations import Contributions, Evidence
    from recsys_jobs.cli.console import Console

MAX_EVENTS = 20
"""Events listed one by one."""
MAX_PARTS = 10
"""Parts of a score listed one by one."""
_EXPLAINED = {
    "raw_score": "the raw score",
    "lambdamart": "the trees that order a list",
    "binary": "the trees that estimate (log odds)",
}
"""What contributions add up to."""
MAX_WIDTH = 40
"""Characters of a file's name that are shown in one line."""


def why(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="User id as delivered.")],
    item: Annotated[str, typer.Argument(help="Item id as delivered.")],
    night: NightOption = None,
) -> None:
    """Show why a user was recommended an item, down to the delivered rows it rests on."""
    context = ctx.ensure_object(Context)
    console, built = context.console, context.built_night(night)
    why = explain(context.profile, user, item, built)
    for listing in why.listings:
        console.print(
            f"{listing.title} is at rank {listing.rank} of task {listing.task}: {listing.reason_text}", soft_wrap=True
        )
        console.print(
            f"Ranked by {listing.configuration}: raw score {listing.raw_score:.4g}, score {listing.score:.3f} of 1.",
            soft_wrap=True,
        )
        if listing.confidence is not None:
            taken = f"{100 * listing.confidence:.3g}"
            console.print(
                f"Confidence: {taken} of 100 such rows were taken within {context.profile.horizon} days.",
                soft_wrap=True,
            )
    if not why.listings:
        console.print(f"Night {built} does not list item {item} for user {user}.")
    proposals = Table("task", "algorithm", "its rank", "its score", "weight in the fusion", title="Proposed by")
    for row in why.proposals:
        proposals.add_row(row.task, row.algorithm, str(row.rank), f"{row.score:.4g}", f"{row.weight:.3f}")
    console.print(proposals if why.proposals else "No algorithm proposed it to this user.")
    for made in why.contributions:
        _print_contributions(console, made)
    _print_evidence(console, why.evidence)


def _print_contributions(console: Console, made: Contributions) -> None:
    total = made.base + sum(contribution for _, contribution in made.parts)
    table = Table("part", "contribution", title=f"What makes {_EXPLAINED[made.explains]} of {made.task}: {total:.4g}")
    if made.explains != "raw_score":
        table.add_row("base: where nothing is known", f"{made.base:+.4f}")
    for part, contribution in made.parts[:MAX_PARTS]:
        table.add_row(part, f"{contribution:+.4f}")
    if len(made.parts) > MAX_PARTS:
        rest = sum(contribution for _, contribution in made.parts[MAX_PARTS:])
        table.add_row(f"{len(made.parts) - MAX_PARTS} others", f"{rest:+.4f}")
    console.print(table)


def _print_evidence(console: Console, events: Sequence[Evidence]) -> None:
    shown = events[:MAX_EVENTS]
    table = Table(title="Evidence")
    for name in ("when (UTC)", "what", "item", "quantity", "visible from night", "delivered in", "row"):
        # A file is copied from here: its name stays in one line, unless it would take half of the terminal.
        in_one_line = name == "delivered in" and all(len(visible(event.file)) <= MAX_WIDTH for event in shown)
        table.add_column(name, no_wrap=in_one_line or name in {"when (UTC)", "row"})
    for event in shown:
        table.add_row(
            str(event.event_ts),
            event.event_type,
            f"{event.item_id} {event.title}",
            "" if event.quantity is None else f"{event.quantity:g}",
            str(event.visible_night),
            event.file,
            str(event.row_number),
        )
    console.print(table if events else "No event of this user rests behind it.")
    if len(events) > MAX_EVENTS:
        console.print(f"and {len(events) - MAX_EVENTS} earlier events.")
