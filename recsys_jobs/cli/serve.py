"""``recsys serve``."""

from __future__ import annotations

import re
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys_jobs.cli.context import Context, finite, given_path

if TYPE_CHECKING:
    from recsys_assets.profile import Profile


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; one beyond this machine needs keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    log: Annotated[bool, typer.Option(help="Write a line of JSON a request to standard output.")] = True,
    log_paths: Annotated[bool, typer.Option(help="Let those lines have paths and queries, and so users' ids.")] = False,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Origin whose pages may read answers in a browser, e.g. https://shop.example."),
    ] = None,
    inbox_seconds: Annotated[
        float,
        typer.Option(
            min=1, max=86_400, callback=finite, help="Seconds for which feedback is gathered before its file lands."
        ),
    ] = 60,
    cache: Annotated[
        Path | None,
        typer.Option(
            parser=given_path, help="Folder for what releases of earlier versions lack; else data/<profile>/serving."
        ),
    ] = None,
    dashboard: Annotated[bool, typer.Option(help="Show the dashboard at /.")] = True,
) -> None:
    """Serve the published release: a dashboard, and lists, similar items and grades over HTTP; and take feedback."""
    from recsys_serving.keys import FILE_NAME
    from recsys_serving.server import Settings
    from recsys_serving.server import serve as run

    for origin in allow_origin or ():
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
            raise typer.BadParameter(f"{origin} is no origin such as https://shop.example. Leave out path and slash.")
    if cache is not None and not cache.is_dir():
        raise typer.BadParameter(f"{cache} is no folder. Make it, or leave --cache out.")
    context = ctx.ensure_object(Context)
    profile = context.profile
    takes = _takes_feedback(profile)
    settings = Settings(
        root=profile.folder,
        keys=profile.folder / FILE_NAME,
        inbox=profile.folder / "inbox" if takes else None,
        no_inbox=f"Profile {profile.name} has no delivery for files like {_NAME}, so feedback would never land. Give "
        "it one whose source reads it; docs/serving.md shows how.",
        inbox_seconds=inbox_seconds,
        host=host,
        port=port,
        cache=cache,
        log=sys.stdout if log else None,
        log_paths=log_paths,
        origins=tuple(allow_origin or ()),
        dashboard=dashboard,
    )
    shown = "the dashboard is at /, and " if dashboard else ""
    context.console.print(
        f"Serving profile {profile.name} on http://{host}:{port}: {shown}GET /openapi.json lists the routes."
    )
    run(settings)


_NAME = "feedback-20171031T120000-0123456789ab.jsonl"


def _takes_feedback(profile: Profile) -> bool:
    return any(fnmatch(_NAME, delivery.files) for delivery in profile.deliveries)
