"""Every planted leak is stopped, by name, before anything is published."""

import re
from pathlib import Path

import pytest

from recsys_assets.profile import PROJECT
from recsys_assets.selects.files import SqlError, load_select
from tests.leaks import (
    grading,
    insights,
    landing,
    nights,
    outside,
    policies,
    python_code,
    sql_files,
    storage,
    trusted_data,
    tuning,
)
from tests.leaks.harness import SERVED, Leak, copy_project, edit_project, plant

LEAKS = [
    *sql_files.LEAKS,
    *landing.LEAKS,
    *nights.LEAKS,
    *grading.LEAKS,
    *policies.LEAKS,
    *python_code.LEAKS,
    *outside.LEAKS,
    *storage.LEAKS,
    *trusted_data.LEAKS,
    *insights.LEAKS,
    *tuning.LEAKS,
]


@pytest.mark.parametrize("leak", sql_files.REFUSED, ids=str)
def test_a_leak_in_a_sql_file_is_refused_when_it_is_loaded(leak: Leak, tmp_path: Path):
    (edit,) = leak.edits
    (tmp_path / edit.file).parent.mkdir(parents=True)
    if (PROJECT / edit.file).exists():
        (tmp_path / edit.file).write_text((PROJECT / edit.file).read_text())
    edit_project(tmp_path, leak.edits)
    with pytest.raises(SqlError, match=leak.says):
        load_select(tmp_path / edit.file)


def test_every_leak_fits_the_project_as_it_is(tmp_path: Path):
    project = copy_project(tmp_path / "project")
    for leak in LEAKS:
        files = [project / edit.file for edit in leak.edits]
        texts = {file: file.read_bytes() for file in files if file.exists()}
        edit_project(project, leak.edits)
        for file in files:
            file.unlink(missing_ok=True)
        for file, text in texts.items():
            file.write_bytes(text)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("leak", LEAKS, ids=str)
def test_a_planted_leak_is_stopped(
    leak: Leak, request: pytest.FixtureRequest, files: Path, tmp_path: Path, record_property
):
    outcome = plant(leak, None if leak.empty else request.getfixturevalue("base"), files, tmp_path)
    said = re.search(leak.says, outcome.message)
    record_property("leak", f"| {leak.name} | {outcome.by} | {said.group() if said else 'not by name'} |")
    assert outcome.by == leak.by, outcome.output[-3000:]
    assert re.search(leak.says, outcome.message), outcome.message[-3000:]
    if outcome.failed.startswith("night"):  # Readers see what they saw before.
        assert outcome.published.startswith(SERVED) or (leak.empty and not outcome.published), "something was published"
