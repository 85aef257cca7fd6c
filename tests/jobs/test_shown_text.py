"""Delivered text, shown by every command: nothing acts on the terminal or is taken for markup, and nothing is lost."""

import ast
import csv
import unicodedata
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.assets.pages import markdown_table
from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.visible import visible
from recsys_jobs import cli
from recsys_jobs.cli import app
from recsys_jobs.cli.console import Console, Table
from tests.helpers.project import copy_project, recsys
from tests.helpers.sample import Deployment

FIRST = date(2017, 10, 20)
DAYS = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=2)]
NASTY = (
    "[/]",
    "[sale] mug",
    "[bold red]loud",
    "[link=https://example.org]here[/link]",
    ":smile:",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://example.org\x07click\x1b]8;;\x07",
    "\x1b]0;title\x1b\\",
    "\x9b2J",
    "bell\x07 back\x08 form\x0c",
    "two\nlines",
    "over\rwritten",
    "tab\tbed",
    "\u202etxt.exe",
    "in\u200bvisible",
    "<script>alert(1)</script>",
    "| a *b* _c_ `d` $e$ &lt;",
    "quoted \"twice\" 'once'",
    "back\\slash",
    "$(touch here) `touch here`",
    "%s {0} {name}",
)
USER, ITEM = NASTY[5], NASTY[0]
FILE = f"transactions {NASTY[1]} {NASTY[5]} {NASTY[13]} {{day:%Y%m%d}}.csv"
PROFILE = """
title = "A shop of [/] \\u001b[31m names"
source = "complete_journey"
first_night = 2017-10-20
last_night = 2017-10-22
demo_nights = [2017-10-20]
horizon = 1
audit = "off"
[[deliveries]]
table = "products"
files = "products*"
folder = "{files}"
[[deliveries]]
table = "demographics"
files = "demographics*"
folder = "{files}"
[[deliveries]]
table = "transactions"
files = "transactions*"
folder = "{files}"
[algorithms.popularity]
"""
HEADERS = {
    "products": "product_id manufacturer_id department brand product_category product_type package_size",
    "demographics": "household_id age income home_ownership marital_status household_size household_comp kids_count",
    "transactions": "household_id store_id basket_id product_id quantity sales_value transaction_timestamp",
}
SHOWN = {text: visible(text) for text in NASTY}
with duckdb.connect() as con:
    con.execute((SQL_FOLDER / "landing" / "macros.sql").read_text())
    IDS = {text: con.execute("select visible_text($1)", [text]).fetchone()[0] for text in NASTY}
    """What cannot be seen is no part of an id, so landing takes it out."""
# What each command is run with, and what it must show. A command that is not here is run without anything.
RUNS = {
    "demo": ((), [visible(FILE.format(day=FIRST))]),
    "land": (
        ("--history", "{files}", "{nowhere}"),
        [visible(FILE.format(day=FIRST)), "a[/]\\x1b[31m.csv does not exist"],
    ),
    "backtest": (("--from", FIRST, "--to", FIRST), []),
    "query": (("select user_id, '[/]' as \"[/]\x1b\" from serving.users",), [*map(visible, IDS.values()), "[/]\\x1b"]),
    "export": (("--to", "jsonl", "--table", "[/]\x1b"), ["[/]\\x1b", "serving.items"]),
    "why": ((IDS[USER], ITEM), [SHOWN[ITEM], f"t {SHOWN[ITEM]}, 1", visible(FILE.format(day=FIRST))]),
    "rollback": (("--to", USER), [SHOWN[USER]]),
    "night": (("2017-10-25",), []),
    "costs": (("--night", USER), []),
    "tune": (("--algorithm", USER), [SHOWN[USER]]),
    "keys add": ((USER,), []),
    "keys remove": ((USER,), []),
}
BUILDING = {"night": ((DAYS[1],), []), "audit future": (("--night", FIRST), [])}
SLOW = {"replay": (("--days", 1), [visible(FILE.format(day=DAYS[1]))])} | BUILDING


def acting(output):
    """Characters of an output that a terminal would act on."""
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {char for char in output if unicodedata.category(char) in kinds and char not in "\n\u200c\u200d"}


def commands(group=None, path=()):
    """Every command of ``recsys``, as the words that call it: found as the command line finds them."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name))


def write(path, table, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADERS[table].split(), *rows])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A deployment whose ids, titles, categories and file names are `NASTY`, with its first night built."""
    folder = tmp_path_factory.mktemp("nasty")
    files = folder / "files[bold]"
    files.mkdir()
    write(files / "products.csv", "products", [(t, t, f"d {t}", t, f"c {t}", f"t {t}", "1") for t in NASTY])
    write(files / "demographics.csv", "demographics", [[text] * 8 for text in NASTY])
    for place, day in enumerate(DAYS):
        rows = [
            (user, "3", f"{user} {day}", NASTY[(at - 5 + step + place) % len(NASTY)], 1, 2.5, f"{day} 10:0{step}:00")
            for at, user in enumerate(NASTY)
            for step in range(3)
        ]
        unreadable = ("u", "3", "b", NASTY[0], f"0 {NASTY[5]}", "2.5", f"{day} 10:00:00")
        write(files / FILE.format(day=day), "transactions", [*rows, unreadable])
    (files / "transactions [/sale] \x1b[31m broken 20171019.csv".replace("/", "")).write_bytes(b"\x00\xff\xfe\x00")
    data = folder / "data"
    data.mkdir()
    profile_file = folder / "nasty.toml"
    profile_file.write_text(PROFILE.replace("{files}", str(files)))
    deployment = Deployment(data, profile_file)
    first_day = [files / "products.csv", files / "demographics.csv", files / FILE.format(day=FIRST)]
    assert deployment.invoke("land", "--history", *first_day).exit_code == 0
    deployment.build(FIRST, checks=False)
    return deployment


def check_shown(deployment, command, arguments, expected):
    places = {"files": deployment.files, "nowhere": deployment.data / "a[" / "]\x1b[31m.csv"}
    words = [str(word).format(**places) if str(word).startswith("{") else word for word in arguments]
    result = deployment.invoke(*command.split(), *words)
    assert not acting(result.output), (command, acting(result.output))
    assert result.exit_code in (0, 1, 2, 3), (command, result.output)
    assert "Traceback" not in result.output
    for text in expected:
        assert text in result.output, (command, text, result.output)
    assert "Missing argument" not in result.output, f"say in RUNS what {command} is to be run with"


@pytest.mark.parametrize("command", [*sorted({*commands()} - {"init", "serve"} - SLOW.keys()), "night"])
def test_a_command_shows_delivered_text_and_nothing_else(shop, command):
    arguments, expected = RUNS.get(command, ((), []))
    check_shown(shop, command, arguments, expected)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", SLOW)
def test_so_does_one_that_builds(shop, tmp_path, command):
    deployment = shop.copy(tmp_path / "copy")
    check_shown(deployment, command, *SLOW[command])


def test_init_shows_columns_and_values_as_they_are(tmp_path):
    project = copy_project(tmp_path / "project")
    file = tmp_path / f"sales [/sale] {NASTY[5]}.csv".replace("[/", "[")
    with file.open("w", newline="") as rows:
        csv.writer(rows).writerows(
            [
                ("user", "item", "time", "[/] \x1b[31mnote"),
                *(
                    (user, NASTY[place - 1], f"2025-01-{place + 1:02d} 10:00:00", user)
                    for place, user in enumerate(NASTY)
                ),
            ]
        )
    output = recsys(project, "init", "shop", "--file", file)
    assert not acting(output)
    for text in (visible(file.name), "[/] \\x1b[31mnote", "[/]", "[sale] mug", "[bold red]loud"):
        assert text in output


def test_every_character_is_shown_or_written_out():
    for text, shown in SHOWN.items():
        assert not acting(shown)
        assert "\n" not in shown
        kept = [char for char in text if not acting(char) and char != "\n"]
        at = 0
        for char in kept:  # In the same order.
            at = shown.index(char, at) + 1
    assert visible("\x1b[31m\x9b\n\u202e\udcff\u200d") == "\\x1b[31m\\x9b\\n\\u202e\\xff\u200d"


@given(st.text(alphabet=st.characters(codec=None)), st.text())
def test_any_text_is_on_the_terminal_as_it_is(one, other):
    console, table = Console(), Table(visible("head [/]"))
    console.width = 4 * (len(one) + len(other)) + 400
    table.add_row(one)
    with console.capture() as captured:
        console.print(one, soft_wrap=True)
        console.print(table)
    output = captured.get()
    assert not acting(output)
    assert visible(one).rstrip() in output
    assert output.count(visible(one).strip()) >= 2
    (cell,) = markdown_table([{other: one}]).text.split("\n")[2:]
    assert not acting(cell)
    assert cell.count("\\") >= sum(char in "`*<>[]|&~\\" for char in one)


def test_only_the_console_knows_how_rich_prints():
    """So a new command cannot print without it."""
    for module in Path(cli.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if module.name != "console.py":
                assert not {"rich", "rich.console", "rich.table", "rich.text", "rich.markup", "click"} & {*names}, (
                    module
                )
            assert not (isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "typer.echo"}), module


def test_a_long_word_of_a_table_goes_on_in_the_next_line():
    console, table = Console(), Table("id", "title")
    console.width = 30
    table.add_row("x" * 60, "y" * 20)
    with console.capture() as captured:
        console.print(table)
    assert (captured.get().count("x"), captured.get().count("y")) == (60, 20)
