"""`recsys check`: what it prints, what it chooses, and how it ends."""

import shutil

import pytest
from dagster import AssetCheckKey, AssetKey, DagsterInstance

from recsys_assets.selects.files import TableName
from recsys_jobs.definitions import NIGHTLY, build_definitions
from recsys_jobs.run import failure_of
from tests.helpers.damage import flip
from tests.helpers.sample import NIGHTS


def test_the_newest_night_passes_and_every_check_has_a_line(built):
    done = built.invoke("check")
    assert done.exit_code == 0, done.stdout + done.stderr
    first, *lines, last = done.stdout.strip().splitlines()
    n_checks = len(lines)
    assert first == f"Night {NIGHTS[-1]} of profile sample: {n_checks} checks"
    assert all(f" of {n_checks} PASS " in line for line in lines), "no false alarm"
    assert [int(line.split()[0]) for line in lines] == list(range(1, n_checks + 1))
    assert f"PASS {n_checks}, WARN 0, ERROR 0, SKIP 0, in all {n_checks}" in last


@pytest.mark.parametrize("night", NIGHTS[:-1])
def test_earlier_nights_pass_too(built, night):
    """The first has no night before it, and neither is the one that readers see."""
    done = built.invoke("check", "--night", night)
    lines = done.stdout.splitlines()
    print(done.stdout)
    assert done.exit_code == 0
    assert "ERROR 0, SKIP 0" in lines[-1]


def test_what_is_wrong_is_told_and_ends_with_exit_code_1(built, tmp_path):
    shop = built.copy(tmp_path / "data")
    lists = TableName("recommendations", "lists")
    with shop.active(), shop.lake.as_of(NIGHTS[-1], [lists], str(lists)) as snapshot:
        snapshot.write(
            f"select * replace (if(rank = 1, 'odd', reason) as reason) from {lists} order by task, user_key, rank",
            ("task", "user_key", "rank"),
        )
    done = shop.invoke("check", "--select", "recommendations.lists", "--select", "readers_see_the_newest_night")
    assert done.exit_code == 1
    (line,) = [line for line in done.stdout.splitlines() if " ERROR reasons_are_known" in line]
    assert "recommendations.lists" in line
    assert "1 of " in done.stdout
    assert "error if != 0, warn if != 0; the first: reason odd, n_rows " in done.stdout
    assert "What to do: Look at sql/recommendations/lists.sql: a new kind of reason was added there." in done.stdout
    chosen = shop.invoke("check", "--select", "recommendations.lists,tag:leakage")
    assert chosen.exit_code == 0, "what is broken bears no such tag"
    assert "discovery_holds_nothing_had" in chosen.stdout
    assert "reasons_are_known" not in chosen.stdout


def test_tables_that_were_not_built_are_skipped(built, tmp_path):
    shop = built.copy(tmp_path / "data")
    shutil.rmtree(shop.folder / "lake" / "grades" / "late" / f"night={NIGHTS[-1]}")
    done = shop.invoke("check", "--select", "grades.late")
    assert done.exit_code == 0
    assert " SKIP " in done.stdout
    assert "grades.late has no partition for night" in done.stdout


def misplaced(shop):
    """An earlier night's file as the newest of the last."""
    earlier, path = (shop.lake.partition("features.user", night).path for night in (NIGHTS[0], NIGHTS[-1]))
    shutil.copy(earlier, path.with_name(f"000099{earlier.name[6:]}"))
    return f"it was written as features.user of night {NIGHTS[0]}"


def damaged(shop):
    """A bit that flipped."""
    flip(shop.lake.partition("features.user", NIGHTS[-1]).path)
    return "its bytes are not those that were written"


@pytest.mark.parametrize("spoil", [misplaced, damaged])
def test_a_snapshot_that_refuses_to_open_is_an_error(built, tmp_path, spoil):
    shop = built.copy(tmp_path / "data")
    said = spoil(shop)
    done = shop.invoke("check", "--select", "features.user", "--select", "grades.late")
    _, *lines, last = done.stdout.strip().splitlines()
    assert done.exit_code == 1
    n_refused = sum(" of features.user " in line for line in lines)
    assert n_refused > 5
    assert all(" ERROR " in line and said in line for line in lines if " of features.user " in line)
    assert f"ERROR {n_refused}, SKIP 0" in last, "what other tables rest on opens"


def test_a_check_step_whose_snapshot_refuses_to_open_fails_the_night(built, tmp_path):
    shop = built.copy(tmp_path / "data")
    said = misplaced(shop)
    key = AssetCheckKey(AssetKey(["features", "user"]), "made_from_the_past_user")
    with shop.active(), DagsterInstance.ephemeral() as instance:
        job = build_definitions(shop.profile).resolve_job_def(NIGHTLY)
        result = job.get_subset(asset_selection=set(), asset_check_selection={key}).execute_in_process(
            partition_key=NIGHTS[-1].isoformat(),
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    assert not result.success
    assert said in failure_of(result).sentence


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--select", "tag:leekage"), "--select tag:leekage chooses no check; did you mean tag:leakage?"),
        (("--night", "2017-10-24"), "Night 2017-10-24 is not built. Built are 2017-10-25"),
    ],
)
def test_what_cannot_be_asked_is_told(built, arguments, message):
    done = built.invoke("check", *arguments)
    assert done.exit_code == 1
    assert message in done.stdout + done.stderr
