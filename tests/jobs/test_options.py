"""Every option of every command with values that it cannot take: a sentence, never a traceback, and nothing is done."""

import pytest
import typer.main

from recsys_jobs.cli import app
from tests.helpers.examples import examples
from tests.helpers.sample import NIGHTS

FIRST, _, LAST = NIGHTS
NEEDED = {
    "why": ("20", "1"),
    "query": ("select 1",),
    "init": ("tried", "--file", "nowhere.csv"),
    "backtest": ("--from", FIRST, "--to", FIRST),
    "replay": ("--files", "."),
    "keys add": ("shop",),
}
"""What a command needs besides the option that is tried."""
WRONG = (
    "",
    "-1",
    "nan",
    "0001-01-01",
    " ",
    "0",
    "inf",
    "9" * 30,
    "9999-12-31",
    "tonight",
    "nowhere/at/all",
    "[/] \x1b[31m",
)
"""Tried are the first of them; all with `--slow`."""
ANY_NAME = {("keys add", "name")}
"""What takes almost any word, and is tried beside the keys: tests/serving/test_conventions.py."""
FINE = {("prune", "keep", "9" * 30), ("backtest", "every", "9" * 30)}
"""What a command may take after all."""


def commands(group=None, path=()):
    """Every command with the words that call it."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def words_with(command, parameter, value):
    """The words of a command in which one option or argument has a value, and what else it needs is there."""
    needed = list(NEEDED.get(command, ()))
    if parameter.param_type_name == "option":
        option = parameter.opts[0]
        if option in needed:
            needed[needed.index(option) + 1] = value
            return needed
        return [*needed, option, value]
    arguments = [each.name for each in dict(commands())[command].params if each.param_type_name == "argument"]
    place = arguments.index(parameter.name)
    return [*needed[:place], "--", value, *needed[place + 1 :]]


TRIED = [
    (name, parameter)
    for name, command in commands()
    for parameter in command.params
    if parameter.name != "help" and not getattr(parameter, "is_flag", False) and (name, parameter.name) not in ANY_NAME
]


@pytest.fixture(scope="module")
def deployment(built, tmp_path_factory):
    return built.copy(tmp_path_factory.mktemp("options") / "copy")


@pytest.mark.parametrize(("command", "parameter"), TRIED, ids=lambda tried: getattr(tried, "name", tried))
def test_what_an_option_cannot_take_is_a_sentence(deployment, command, parameter):
    before = deployment.content()
    for value in WRONG[: examples(len(WRONG))]:
        words = words_with(command, parameter, value)
        done = deployment.invoke(*command.split(), *words)
        said = f"{command} {words}: {done.exit_code} {done.output}"
        assert done.exit_code in ({0} if (command, parameter.name, value) in FINE else {1, 2}), said
        assert done.exit_code == 0 or done.stderr.strip(), said
        assert "Traceback" not in done.output
        assert "\x1b" not in done.output, said
    assert deployment.content() == before
