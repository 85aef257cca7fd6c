"""`recsys check` reads every file and names those that are damaged."""

import shutil

import pytest

from recsys_assets.reports.files import whole_files
from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.models import Models
from tests.helpers.damage import flip
from tests.helpers.sample import NIGHTS

FIRST, SECOND, LAST = NIGHTS


def damaged(deployment):
    with deployment.active():
        stages = {whole.stage: whole for whole in whole_files(deployment.profile)}
    assert list(stages) == ["landing", "lake", "models", "releases"]
    return stages


def test_all_is_whole_as_it_was_built(built):
    stages = damaged(built)
    assert not [sentence for whole in stages.values() for sentence in whole.damaged]
    n_partitions = sum(len(built.lake.partitions(table)) for table in built.lake.tables())
    assert {name: whole.n_files for name, whole in stages.items()} == {
        "landing": 1,
        "lake": n_partitions,
        "models": 18,
        "releases": 3,
    }


def test_a_flipped_bit_of_any_stage_is_named(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    with deployment.active():
        als = Models(deployment.profile).get("als", FIRST).path
    (release,) = deployment.folder.glob(f"releases/{SECOND}-*")
    files = {
        "landing": deployment.folder / "landing.duckdb",
        "lake": deployment.lake.partition("clean.events", FIRST).path,
        "models": max(als.iterdir(), key=lambda file: file.stat().st_size),
        "releases": release / "recsys.duckdb",
    }
    for file in files.values():
        flip(file)
    stages = damaged(deployment)
    for stage, file in files.items():
        (sentence,) = stages[stage].damaged
        named = file.parent if stage == "models" else file
        assert str(named) in sentence
        assert "is damaged" in sentence

    n_bits = files["landing"].stat().st_size * 8
    for place in range(n_bits // 50, n_bits, n_bits // 50):
        flip(files["landing"], place)
    with deployment.active(), pytest.raises(DamagedFile, match=r"landing\.duckdb is damaged"):
        Landing(deployment.profile).export(FIRST)

    earlier = deployment.lake.partition("features.user", FIRST).path
    moved = deployment.lake.folder("features.user", LAST) / f"000099{earlier.name[6:]}"
    shutil.copy(earlier, moved)
    n_before = len(stages["lake"].damaged)
    (named,) = [sentence for sentence in damaged(deployment)["lake"].damaged if str(moved) in sentence]
    assert f"it was written as features.user of night {FIRST}" in named
    assert n_before == 1
    moved.unlink()

    done = deployment.invoke("check", "--select", "files")
    assert done.exit_code == 1
    assert "2 of 4 ERROR files of lake" in done.output
    assert "ERROR, 1 of 18 damaged" in done.output
    assert "PASS" not in done.output.split("Done in")[0]
    assert "is damaged" in done.output
