"""``recsys keys add``."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_jobs.cli.context import Context, finite


def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Who has it, e.g. shop.")],
    write: Annotated[bool, typer.Option(help="Whether it may send feedback.")] = False,
    read: Annotated[bool, typer.Option(help="Whether it may ask for lists and the rest.")] = True,
    per_second: Annotated[float, typer.Option(min=0.001, max=1e6, callback=finite, help="Requests a second.")] = 100.0,
) -> None:
    """Make an API key and show it, this once: only its hash is kept."""
    from recsys_serving.keys import FILE_NAME, Scope, add_key

    context = ctx.ensure_object(Context)
    if not (read or write):
        raise typer.BadParameter("a key that may neither read nor write is none")
    scopes: list[Scope] = [*(["read"] if read else []), *(["write"] if write else [])]  # type: ignore[list-item]
    key = add_key(context.profile.folder / FILE_NAME, name, scopes, per_second)
    context.console.print(f"{key}\nSend it as: Authorization: Bearer <key>. It is shown this once.")
