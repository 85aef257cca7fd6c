"""Every planted leak is stopped, by name, before anything is published."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from recsys_assets.profile import PROJECT
from recsys_assets.storage.sql import SqlError, load_select
from tests.leaks import grading, landing, nights, python_code, sql_files
from tests.leaks.harness import SERVED, Deployment, Leak, edit_project, plant

LEAKS = [*sql_files.LEAKS, *landing.LEAKS, *nights.LEAKS, *grading.LEAKS, *python_code.LEAKS]


def each(leaks: Iterable[Leak]) -> list[ParameterSet]:
    """Leaks as parameters; those that nothing stops are expected to fail, and to say so once something does."""
    through = (AssertionError, pytest.fail.Exception)
    return [
        pytest.param(
            leak,
            id=leak.name,
            marks=pytest.mark.xfail(raises=through, strict=True, reason=leak.open) if leak.open else (),
        )
        for leak in leaks
    ]


@pytest.mark.parametrize("leak", each(sql_files.REFUSED))
def test_a_leak_in_a_sql_file_is_refused_when_it_is_loaded(leak: Leak, tmp_path: Path):
    (edit,) = leak.edits
    (tmp_path / edit.file).parent.mkdir(parents=True)
    if (PROJECT / edit.file).exists():
        (tmp_path / edit.file).write_text((PROJECT / edit.file).read_text())
    edit_project(tmp_path, leak.edits)
    with pytest.raises(SqlError, match=leak.says):
        load_select(tmp_path / edit.file)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("leak", each(LEAKS))
def test_a_planted_leak_is_stopped(leak: Leak, base: tuple[Deployment, Path], tmp_path: Path, record_property):
    outcome = plant(leak, *base, tmp_path)
    caught = re.search(leak.says, outcome.message)
    record_property("leak", f"| {leak.name} | {outcome.by} | {caught.group() if caught else '**not by name**'} |")
    assert outcome.by == leak.by, outcome.output[-3000:]
    assert caught, outcome.message[-3000:]
    if "night" in outcome.failed:
        assert outcome.published.startswith(SERVED) or (leak.empty and not outcome.published), "something was published"
