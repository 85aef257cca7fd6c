"""A full disk and a folder that cannot be written: a sentence and exit code 1, and what was there stays."""

import shlex
import shutil
import subprocess

import pytest
from typer.testing import CliRunner

from recsys_assets.errors import DiskError, disk_error, disk_sentence
from recsys_assets.storage.private import ROOT_WARNING
from recsys_assets.storage.release.releases import Releases
from recsys_assets.storage.space import SLACK, bytes_of, check_room, check_room_for_nights
from recsys_jobs.cli import app
from tests.helpers import sample
from tests.helpers.sample import NIGHTS, Deployment, command
from tests.storage.release import few_rows

WRITING = (("land", "--history"), ("night", NIGHTS[0]), ("prune",), ("rollback",), ("demo",))


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return sample.new(tmp_path_factory.mktemp("disk") / "deployment")


@pytest.fixture
def full(tmp_path):
    """A real disk of 300 kB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def fails(deployment, *words):
    """The sentence that a command ends with."""
    with deployment.active():
        done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    return " ".join(done.stderr.split())


def fails_small(deployment, *words, blocks=100):
    """The sentence of a command in a process that may write no file larger than so many kB."""
    line = f"ulimit -f {blocks}; exec {shlex.join(command(*words))}"
    done = subprocess.run(
        ["bash", "-c", line], env=deployment.environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.replace(ROOT_WARNING, "").split())


@pytest.mark.parametrize("words", WRITING, ids=lambda words: words[0])
def test_a_data_folder_that_cannot_be_is_a_sentence(empty, tmp_path, words):
    (tmp_path / "file").touch()
    said = fails(Deployment(tmp_path / "file" / "data", empty.profile_file), *words)
    assert "Not a directory" in said or "File exists" in said
    assert "again" in said


def test_a_disk_that_is_full_before_work_begins_refuses_it(empty, full):
    said = fails(Deployment(full, empty.profile_file), "land", "--history")
    assert f"There is no room for 6 file(s) to land in {full}/sample: " in said
    assert "MB are needed, 0." in said
    assert [path.name for path in (full / "sample").iterdir()] == []


def test_a_disk_that_becomes_full_in_the_middle_is_a_sentence(empty, full):
    small = empty.files / "demographics.parquet"
    (full / "filler").write_bytes(b"0" * 200_000)
    said = fails(Deployment(full, empty.profile_file), "land", "--history", small)
    assert "no room" in said or "full" in said


def test_a_file_that_may_not_grow_is_a_sentence_and_leaves_nothing(empty, tmp_path):
    deployment = Deployment(tmp_path / "data", empty.profile_file)
    (tmp_path / "data").mkdir()
    few_rows.release(Releases(deployment.folder), NIGHTS[0])
    out = tmp_path / "many.csv"
    said = fails_small(deployment, "query", "select range as n from range(1000000)", "--out", out)
    assert said.startswith("The disk is full: ")
    assert "File too large" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    said = fails_small(deployment, "land", "--history")
    assert said.startswith("The disk is full: ")


def test_a_night_that_would_not_fit_is_refused_by_what_the_newest_one_took(built, tmp_path, monkeypatch):
    taken = bytes_of(built.profile.inside(built.data), NIGHTS[-1])
    on_disk = sum(
        file.stat().st_size
        for name in ("lake/*/*", "models/*")
        for folder in built.folder.glob(f"{name}/night={NIGHTS[-1]}")
        for file in folder.rglob("[!.]*")
        if file.is_file()
    )
    assert 0 < taken <= on_disk + sum(path.stat().st_size for path in built.folder.glob(f"releases/{NIGHTS[-1]}*/*"))
    assert taken > on_disk
    free = shutil.disk_usage(built.folder).free
    with built.active():
        check_room_for_nights(built.profile)
        n_nights = int(free / taken / SLACK) + 2
        with pytest.raises(
            DiskError, match=rf"no room for {n_nights} nights like that of {NIGHTS[-1]} in .* MB are free"
        ):
            check_room_for_nights(built.profile, n_nights)


def test_what_disks_say_is_told_from_other_errors(tmp_path):
    assert "Free some space" in str(disk_sentence("IOException", "Could not write file: No space left on device"))
    assert "Free some space" in str(disk_sentence("sqlalchemy.exc.OperationalError", "(x) database or disk is full"))
    assert "permissions" in str(disk_sentence("PermissionError", "[Errno 13] Permission denied: 'x'"))
    assert disk_sentence("ValueError", "No space left on device") is None
    assert disk_sentence("FileNotFoundError", "[Errno 2] No such file or directory: 'x'") is None
    error = RuntimeError("a step")
    error.__cause__ = OSError(28, "No space left on device")
    assert "Free some space" in str(disk_error(error))
    assert disk_error(KeyError("x")) is None
    check_room(tmp_path / "new", 1, "nothing much")
    assert list((tmp_path / "new").iterdir()) == []
