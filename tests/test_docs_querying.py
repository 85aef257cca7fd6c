"""docs/querying.md: every block runs, on a release that is there as the page says."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.helpers.blocks import Block, blocks
from tests.helpers.committed import PROJECT
from tests.helpers.sample import CLI, Deployment

BLOCKS = blocks(PROJECT / "docs" / "querying.md")
RELEASE = "data/complete_journey/recsys.duckdb"
# This is DuckDB's command line, as far as the page uses it, for machines that do not have it.
DUCKDB = """
import sys, duckdb
option, file, query = sys.argv[1:]
assert option == "-readonly"
for row in duckdb.connect(file, read_only=True).sql(query).fetchall():
    print(*row)
"""


@pytest.fixture
def home(built: Deployment, tmp_path: Path) -> Path:
    """A folder with the release where the page has it, and with its programs in `bin`."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "complete_journey").symlink_to(built.folder)
    programs = {"recsys": CLI} | ({} if shutil.which("duckdb") else {"duckdb": DUCKDB})
    for name, code in programs.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)} "$@"\n')
        program.chmod(0o755)
    return tmp_path


def run(home: Path, built: Deployment, *command: str) -> str:
    environment = built.environment
    environment["PATH"] = f"{home / 'bin'}:{environment['PATH']}"
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def of(language: str) -> list[pytest.param]:
    of_language = [block for block in BLOCKS if block.language == language]
    assert of_language
    return [pytest.param(block, id=f"{language}-{place}") for place, block in enumerate(of_language)]


def test_every_block_is_run():
    assert {block.language for block in BLOCKS} == {"sh", "sql", "python"}


@pytest.mark.parametrize("block", of("sh"))
def test_commands_run(home: Path, built: Deployment, block: Block):
    printed = run(home, built, "sh", "-ec", block.text)
    shown = re.search(r"(?m)\b5\b.*\b(took|bought|popular|trending|new)\b", printed)
    assert shown or printed.splitlines()[:2] == ["Written: lists.parquet, 4,560 rows", "user_id,item_id"]


@pytest.mark.parametrize("block", of("python"))
def test_programs_run(home: Path, built: Deployment, block: Block):
    printed = run(home, built, sys.executable, "-c", block.text)
    assert "print" not in block.text or len(printed.splitlines()) > 9


@pytest.mark.parametrize("block", of("sql"))
def test_queries_have_rows(home: Path, monkeypatch, block: Block):
    monkeypatch.chdir(home)
    with duckdb.connect() if block.text.startswith("attach") else duckdb.connect(RELEASE, read_only=True) as release:
        rows = release.execute(block.text).fetchall()
    # In the sample that is nobody, and nothing moves beyond chance.
    of_few = ("= 'trending'", "users = 'unknown'", "serving.moves(", "lift_lately >")
    assert rows or any(each in block.text for each in of_few)


def test_the_copy_is_written(home: Path, monkeypatch):
    monkeypatch.chdir(home)
    (block,) = [block for block in BLOCKS if block.text.startswith("copy")]
    with duckdb.connect(RELEASE, read_only=True) as release:
        release.execute(block.text)
    assert (home / "next_10.csv").read_text().startswith("user_id,rank,item_id,score\n")


def test_a_program_notices_a_new_release(home: Path, built: Deployment, tmp_path: Path, monkeypatch):
    """The class of the page, where another release is published while it runs."""
    (tmp_path / "data" / "complete_journey").unlink()
    shutil.copytree(built.folder, tmp_path / "data" / "complete_journey", symlinks=True)
    monkeypatch.chdir(home)
    (block,) = [block for block in BLOCKS if "class Release" in block.text]
    program: dict = {}
    exec(block.text, program)
    night = "select max(night)::varchar from meta.nights"
    before = program["release"].cursor()
    link = program["LINK"]
    older = sorted(link.resolve().parent.parent.glob("2*"))[0] / "recsys.duckdb"
    other = link.with_name("next")
    other.symlink_to(older.resolve())
    other.rename(link)
    seen = [cursor.execute(night).fetchall()[0][0] for cursor in (before, program["release"].cursor())]
    assert seen == ["2017-10-31", "2017-10-25"]
