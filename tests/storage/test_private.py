"""Who may read what a deployment produces: its owner alone, and a group where the environment names one."""

import grp
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from recsys_assets.storage.private import AccessError, keep_closed, private_folder
from recsys_assets.storage.release.releases import Releases
from tests.helpers.sample import Deployment
from tests.storage.release.few_rows import FIRST, SECOND, release

ROOT = os.geteuid() == 0
GROUP = grp.getgrgid(os.getegid()).gr_name


def modes(folder: Path) -> dict[str, str]:
    """Mode of everything in a folder, links aside."""
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in [folder, *folder.rglob("*")]
        if not path.is_symlink()
    }


@pytest.mark.slow
def test_what_a_night_writes_is_for_its_owner_alone(built: Deployment, tmp_path: Path) -> None:
    """Whatever the umask: this one lets everybody write."""
    copy = built.copy_before_last(tmp_path / "data")
    shutil.rmtree(copy.folder)
    shutil.rmtree(copy.data / ".dagster", ignore_errors=True)
    program = (
        "import os; os.umask(0); from recsys_jobs.cli import app; "
        "app(['land', '--history'], standalone_mode=False); app(['night', '2017-10-25'], standalone_mode=False)"
    )
    environment = {name: value for name, value in copy.environment.items() if name != "DAGSTER_HOME"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=250, cwd=copy.data
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = modes(copy.folder)
    assert {name.partition("/")[0] for name in found} >= {"lake", "models", "releases", "landing.duckdb", "mlflow.db"}
    folders = {name: mode for name, mode in found.items() if (copy.folder / name).is_dir()}
    sealed = {name for name in folders if name.startswith("releases/2")}
    assert {name: mode for name, mode in folders.items() if name not in sealed and mode != "0o700"} == {}
    assert sealed
    assert {folders[name] for name in sealed} == {"0o500"}
    files = {name: mode for name, mode in found.items() if name not in folders}
    written_once = {name for name in files if name.startswith("lake/") and name.endswith(".parquet")}
    written_once |= {name for name in files if str(Path(name).parent) in sealed}
    assert len(written_once) > 50
    assert {files[name] for name in written_once} == {"0o400"}
    assert {name: mode for name, mode in files.items() if name not in written_once and mode != "0o600"} == {}
    assert ("This runs as root" in done.stderr) is ROOT


def test_a_folder_of_an_earlier_version_is_closed_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "shop"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    keep_closed(folder)
    assert modes(folder) == {".": "0o700"}
    assert f"{folder} was open to others (mode 755)" in caplog.text
    caplog.clear()
    keep_closed(folder)
    assert caplog.text == ""


def test_folders_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert set(modes(tmp_path / "a").values()) == {"0o700"}


def test_a_group_reads_the_releases_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    releases = Releases(tmp_path / "shop")
    release(releases, FIRST)
    (releases.root / "landing.duckdb").touch()
    (releases.root / "landing.duckdb").chmod(0o644)
    (releases.root / "lake").mkdir()
    (releases.root / "lake").chmod(0o755)
    (releases.root / "inbox").mkdir()
    (releases.root / "inbox").chmod(0o770)
    assert modes(releases.folder / f"{FIRST}-a") == {".": "0o500", "recsys.duckdb": "0o400", "checksum": "0o400"}
    monkeypatch.setenv("RECSYS_RELEASE_GROUP", GROUP)
    release(releases, SECOND)
    found = modes(releases.root)
    expected = {
        ".": "0o710",
        "releases": "0o750",
        f"releases/{SECOND}-a": "0o550",
        f"releases/{SECOND}-a/recsys.duckdb": "0o440",
        f"releases/{FIRST}-a": "0o500",  # Until it is current again.
        "landing.duckdb": "0o600",
        "lake": "0o700",
        "inbox": "0o770",
    }
    assert {name: found[name] for name in expected} == expected
    releases.rollback()
    assert modes(releases.folder / f"{FIRST}-a") == {".": "0o550", "recsys.duckdb": "0o440", "checksum": "0o440"}
    monkeypatch.delenv("RECSYS_RELEASE_GROUP")
    Releases(releases.root).rollback(f"{SECOND}-a")
    assert modes(releases.root)["."] == "0o700"


def test_a_group_that_does_not_exist_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_RELEASE_GROUP", "no_such_readers")
    with pytest.raises(AccessError, match="RECSYS_RELEASE_GROUP names no_such_readers, which is no group"):
        keep_closed(tmp_path)


@pytest.mark.skipif(not ROOT, reason="only root can become a stranger")
@pytest.mark.parametrize(("group", "reads"), [(None, False), ("4321", True)])
def test_a_stranger_reads_only_what_his_group_may(
    monkeypatch: pytest.MonkeyPatch, group: str | None, reads: bool
) -> None:
    if group:
        monkeypatch.setenv("RECSYS_RELEASE_GROUP", group)
    with TemporaryDirectory() as passable:  # Folders of pytest keep strangers out by themselves.
        Path(passable).chmod(0o755)
        releases = Releases(Path(passable) / "shop")
        release(releases, FIRST)
        done = as_stranger(releases)
    assert (done.returncode == 0) is reads, done.stderr
    if not reads:
        assert "PermissionError" in done.stderr


def as_stranger(releases: Releases) -> subprocess.CompletedProcess[str]:
    """Another user, of one group, reads the release, and tries what he may not."""
    program = (
        "import os, sys; os.setgroups([]); os.setgid(4321); os.setuid(4321)\n"
        f"open({str(releases.link)!r}, 'rb').read(1)\n"
        "try: os.listdir(sys.argv[1]); sys.exit('lists it')\nexcept PermissionError: pass\n"
        f"try: open({str(releases.link)!r}, 'ab'); sys.exit('writes')\nexcept PermissionError: pass\n"
    )
    return subprocess.run([sys.executable, "-c", program, str(releases.root)], capture_output=True, text=True)


def test_a_folder_without_releases_lets_no_group_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_RELEASE_GROUP", GROUP)
    keep_closed(tmp_path / ".dagster", has_releases=False)
    assert modes(tmp_path / ".dagster") == {".": "0o700"}
