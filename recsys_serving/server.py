"""Starting the server: what it refuses, and how it runs."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from recsys_assets.errors import RecsysError
from recsys_serving.app import make_app
from recsys_serving.journal import Journal
from recsys_serving.keys import Keys
from recsys_serving.releases import Served
from recsys_serving.services import Services

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn

    from recsys_serving.front import Front

__all__ = ["ServingError", "Settings", "application", "config", "serve"]


class ServingError(RecsysError):
    """A server that will not start so; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """How a server runs.

    Attributes
    ----------
    root : Path
        The profile's folder.
    keys : Path
        File of API keys; need not exist.
    inbox : Path or None
        Where feedback goes; None: it is not taken, for the reason in `no_inbox`.
    """

    root: Path
    keys: Path
    inbox: Path | None
    no_inbox: str = ""
    inbox_seconds: float = 60.0
    """How long feedback is gathered before it is handed over as a file."""
    host: str = "127.0.0.1"
    port: int = 8000
    cache: Path | None = None
    log: TextIO | None = None
    """Where a line a request goes."""
    log_paths: bool = False
    origins: tuple[str, ...] = ()
    dashboard: bool = False
    """Whether there is a dashboard, at ``/``; one server of a process may have it."""


def application(settings: Settings) -> Front:
    """The application of a deployment, its current release open.

    Raises
    ------
    ServingError
        When it would listen beyond this machine without keys.
    KeysError, ReleaseError
        When keys cannot be read, or nothing that is published can be served.
    """
    keys, served = Keys(settings.keys), Served(settings.root, settings.cache)
    if not keys and not _is_this_machine(settings.host):
        raise ServingError(
            f"{settings.host} is reached from other machines, and there are no keys: anybody there could read what "
            "people buy. Make one first (recsys keys add NAME), or listen on 127.0.0.1."
        )
    served.start()
    journal = Journal(settings.inbox, settings.inbox_seconds) if settings.inbox else None
    services = Services(served, journal, settings.no_inbox)
    return make_app(
        services,
        keys,
        log=settings.log,
        log_paths=settings.log_paths,
        origins=settings.origins,
        dashboard=settings.dashboard,
    )


def config(settings: Settings) -> uvicorn.Config:
    """How uvicorn runs it; raises what `application` does."""
    import uvicorn

    return uvicorn.Config(
        application(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,  # The front layer writes one without users' ids.
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        limit_concurrency=1_000,
    )


def serve(settings: Settings) -> None:
    """Run until the process is told to end; raises what `application` does."""
    import uvicorn

    uvicorn.Server(config(settings)).run()


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
