"""Whether a night is current: what is damaged, stale or missing is named, and a rerun builds that and no more."""

import shutil
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

from recsys_assets.assets.clean_log import TABLES
from recsys_assets.selects.files import TableName
from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.models import Models
from recsys_assets.storage.night_lock import building
from recsys_jobs.staleness import Inspection, nights_to_build
from tests.helpers.damage import flip
from tests.helpers.sample import NIGHTS

FIRST, SECOND, LAST = NIGHTS
CLEAN = [f"clean.{table}" for table in (*TABLES, "promotions")]


def states(deployment, night, profile=None):
    """State and reason of each table and model of a night that is not current."""
    with deployment.active():
        tables = Inspection(profile or deployment.profile).tables(night)
    assert len(tables) > 30
    return {table.name: (table.state, table.reason) for table in tables if table.state != "current"}


def model(deployment, name, night):
    with deployment.active():
        return Models(deployment.profile).get(name, night)


def test_nights_just_built_are_current(built):
    for night in NIGHTS:
        assert states(built, night) == {}


@pytest.mark.timeout(600)
def test_what_is_damaged_is_named_and_a_rerun_replaces_it(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    before = deployment.content()
    (release,) = deployment.folder.glob(f"releases/{LAST}-*")
    lists = deployment.lake.partition("recommendations.lists", LAST).path
    als = model(deployment, "als", LAST).path
    for file in (
        deployment.lake.partition("features.user", LAST).path,
        max(als.iterdir(), key=lambda file: file.stat().st_size),
        model(deployment, "popularity", LAST).path / "provenance.json",
        release / "recsys.duckdb",
    ):
        flip(file)
    lists.chmod(0o600)
    lists.write_bytes(lists.read_bytes()[:100])
    # These are whole, and of another night.
    for earlier in (
        deployment.lake.partition("features.item", FIRST).path,
        deployment.lake.partition("clean.retractions", SECOND).path,
        model(deployment, "buy_again", SECOND).path,
    ):
        place = earlier.parent.with_name(f"night={LAST}") / f"000099{earlier.name[6:]}"
        shutil.copytree(earlier, place) if earlier.is_dir() else shutil.copy(earlier, place)

    found = states(deployment, LAST)
    damaged = {name for name, (state, _) in found.items() if state == "damaged"}
    assert damaged == {
        "clean.retractions",
        "features.item",
        "features.user",
        "models.als",
        "models.buy_again",
        "models.popularity",
        "recommendations.lists",
        "releases.published",
    }
    assert f"it was written as features.item of night {FIRST}" in found["features.item"][1]
    assert str(lists) in found["recommendations.lists"][1]
    assert f"recsys night {LAST}" in found["recommendations.lists"][1]
    with deployment.active():
        assert nights_to_build(deployment.profile, NIGHTS) == [LAST]
    told = deployment.invoke("status", "--night", LAST)
    assert told.exit_code == 1
    assert f"8 damaged. To build it: recsys night {LAST}" in told.output

    done = deployment.invoke("night", LAST)
    assert done.exit_code == 0, done.output
    assert states(deployment, LAST) == {}
    told = deployment.invoke("status", "--night", LAST)
    assert (told.exit_code, "stale" in told.output, "damaged" in told.output) == (0, False, False)
    changed = {name for name, content in deployment.content().items() if before[name] != content}
    assert changed == {f"releases.published {LAST}"}, (
        "readers saw the damaged release, so the whole one has another name"
    )
    (user,) = deployment.released("select max(user_id) from serving.users")[0]
    assert deployment.released("from serving.recommend(?)", user)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_damage_in_the_log_stops_a_later_night_by_name_and_the_night_that_owns_it_mends_it(built, tmp_path):
    deployment = built.copy_before_last(tmp_path / "copy")
    day = SECOND - timedelta(days=1)  # It has no lists of its own.
    events = deployment.lake.partition("clean.events", day)
    flip(events.path)
    stopped = deployment.invoke("night", LAST)
    assert stopped.exit_code == 1
    said = " ".join((stopped.output + stopped.stderr).split()).replace(" ", "")
    assert f"{events.path}isdamaged" in said
    assert f"recsysnight{SECOND}" in said
    assert deployment.lake.partition("recommendations.lists", LAST) is None

    mended = deployment.invoke("night", SECOND)
    assert mended.exit_code == 0, mended.output
    again = deployment.lake.partition("clean.events", day)
    assert (again.fingerprint, again.sequence) == (events.fingerprint, 2)
    deployment.build(LAST, only=CLEAN, checks=False)
    before, now = built.content(), deployment.content()
    assert {name: before[name] for name in now} == now


def test_a_night_that_is_current_is_not_built_again(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    files = sorted(deployment.folder.rglob("*.parquet"))
    done = deployment.invoke("night", LAST)
    assert done.exit_code == 0, done.output
    assert f"Night {LAST} is built and current." in done.output
    assert sorted(deployment.folder.rglob("*.parquet")) == files


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_after_a_kill_only_what_is_missing_is_built(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    missing = ("recommendations.lists", "recommendations.champions")
    for table in missing:
        shutil.rmtree(deployment.lake.folder(table, LAST))
    shutil.rmtree(deployment.lake.folder("releases.published", LAST))
    done = deployment.invoke("night", LAST)
    assert done.exit_code == 0, done.output
    assert deployment.content() == built.content()
    assert states(deployment, LAST) == {}
    for table in ("features.user", "candidates.als", "recommendations.rankings", "grades.summary"):
        partition = deployment.lake.partition(table, LAST)
        assert partition.sequence == 1, table


def test_what_other_code_made_is_stale(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    with deployment.active():
        reads = [TableName("recommendations", "trending")]
        name = "recommendations.trending"
        about = provenance(deployment.lake.partition(name, LAST).path)
        with deployment.lake.as_of(LAST, reads, name) as snapshot:
            snapshot.write("from recommendations.trending order by all", about.key, "0123456789ab")
    (reason,) = {reason for state, reason in states(deployment, LAST).values() if state == "stale"}
    assert reason == "made by other code"
    told = deployment.invoke("status", "--night", LAST)
    assert told.exit_code == 3
    assert "recommendations.trending" in told.output
    assert "made by other code" in told.output
    with deployment.active():
        assert nights_to_build(deployment.profile, NIGHTS) == [LAST]


def test_other_settings_and_other_inputs_are_told(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    shorter = deployment.profile.model_copy(update={"list_length": 15})
    reasons = {reason for _, reason in states(deployment, LAST, shorter).values()}
    assert "changed: settings of profile sample" in reasons
    deployment.build(SECOND, profile=shorter, only=["recommendations.lists"], checks=False)
    said = states(deployment, LAST)["grades.judged_published"]
    assert said == ("stale", f"recommendations.lists of {SECOND} is another since")


def test_a_night_waits_until_another_process_has_built_its_own(built):
    told, order = [], []
    profile = built.profile

    def wait():
        with building(profile, "night two", told.append):
            order.append("two")

    with built.active():
        script = (
            "import sys\n"
            "from recsys_assets.profile_file import load_profile\n"
            "from recsys_assets.storage.night_lock import building\n"
            "with building(load_profile(), 'night one', print):\n"
            "    print('held', flush=True)\n"
            "    sys.stdin.readline()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            env=built.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdout.readline() == "held\n"
            thread = threading.Thread(target=wait)
            thread.start()
            while not told:
                time.sleep(0.05)
            assert told[0].startswith("waiting until night one (process ")
            assert order == []
            order.append("one")
            other.communicate("go on\n")
        thread.join()
    assert order == ["one", "two"]


def test_a_damaged_file_stops_whoever_opens_it(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    path = deployment.lake.partition("features.item", LAST).path
    flip(path)
    reads = [TableName("features", "item")]
    with (
        deployment.active(),
        pytest.raises(DamagedFile, match=f"{path} is damaged"),
        deployment.lake.as_of(LAST, reads),
    ):
        pass
