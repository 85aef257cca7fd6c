"""The command line ``recsys``: one command a file, found by its place.

A module of this package with a function of the module's own name is a command; a package in it is a group of commands,
and its docstring their help. Nothing else registers them. What a command prints comes from `recsys_assets.reports`.

Starting stays light: modules that load Dagster or a heavy library are imported inside the commands that need them.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from recsys_assets.errors import RecsysError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ORDER = (
    *("demo", "init", "land", "night", "status", "backtest", "replay", "check", "releases", "rollback"),
    *("query", "why"),
)
"""Commands that the help lists first, as one comes to need them; the others follow by name."""

app = typer.Typer(
    name="recsys",
    help="Nightly recommendation tables from raw interactions, and proof that no night saw its own future.\n\n"
    "Start with `recsys demo`. A night is a UTC day; RECSYS_PROFILE chooses the deployment.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _add_commands(group: typer.Typer, package: str, path: Iterable[str]) -> None:
    names = [module.name for module in pkgutil.iter_modules(path)]
    for name in sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)):
        module = importlib.import_module(f"{package}.{name}")
        if hasattr(module, "__path__"):
            commands = typer.Typer(help=module.__doc__, no_args_is_help=True)
            _add_commands(commands, module.__name__, module.__path__)
            group.add_typer(commands, name=name)
        elif hasattr(module, name):
            group.command()(_guarded(getattr(module, name)))


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with expected failures printed as one sentence; they end with exit code 1."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        import duckdb

        try:
            command(*args, **kwargs)
        except (RecsysError, duckdb.Error, OSError) as error:
            Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
            raise typer.Exit(1) from error

    return guarded


_add_commands(app, __name__, __path__)
