"""The command line ``recsys``: one command a file, found by its place.

A module of this package with a function of the module's own name is a command; a package in it is a group of commands,
and its docstring their help. Nothing else registers them. What a command prints comes from `recsys_assets.reports`.

How a command ends that does not end well is in `recsys_jobs.cli.failures`.

Starting stays light: modules that load Dagster or a heavy library are imported inside the commands that need them.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import typer

from recsys_jobs.cli.failures import Commands

if TYPE_CHECKING:
    from collections.abc import Iterable

ORDER = (
    *("demo", "init", "land", "night", "status", "backtest", "replay", "check", "releases", "rollback"),
    *("query", "why", "export", "serve"),
)
"""Commands that the help lists first, as one comes to need them; the others follow by name."""

app = typer.Typer(
    name="recsys",
    cls=Commands,
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
            group.command()(getattr(module, name))


_add_commands(app, __name__, __path__)
