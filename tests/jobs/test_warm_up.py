"""Pilots: built before the first published night, graded and learned from, and never shown to a reader."""

from datetime import date, datetime

import pytest
from dagster import build_schedule_context

from recsys_assets.storage.lake.partitions import Partitions
from recsys_assets.storage.release.releases import Releases
from recsys_jobs.definitions import build_definitions
from recsys_jobs.warm_up import NO_PILOT_HAS, pilots_before
from tests.helpers import sample

PILOT, NIGHT, NEXT = date(2017, 10, 25), date(2017, 10, 28), date(2017, 10, 31)


@pytest.fixture
def fresh(tmp_path):
    return sample.new(tmp_path / "fresh", settings={"warm_up": "warm_up = 1"})


@pytest.mark.parametrize(
    ("warm_up", "night", "expected"),
    [
        (0, NIGHT, []),
        (1, NIGHT, [PILOT]),
        (3, date(2017, 11, 2), [date(2017, 10, 24), date(2017, 10, 27), date(2017, 10, 30)]),
        (3, NIGHT, [PILOT]),  # No night lies before the profile's first, 2017-10-24.
        (3, date(2017, 10, 24), []),
    ],
)
def test_pilots_lie_a_horizon_apart_and_not_before_the_first_night(fresh, warm_up, night, expected):
    with fresh.active():
        assert pilots_before(fresh.profile.model_copy(update={"warm_up": warm_up}), night) == expected


def test_pilots_decide_nothing_of_a_night(fresh):
    assert fresh.profile.fingerprint == fresh.profile.model_copy(update={"warm_up": 5}).fingerprint


def test_what_was_published_needs_none(built):
    with built.active():
        assert pilots_before(built.profile.model_copy(update={"warm_up": 3}), date(2017, 11, 3)) == []


@pytest.mark.timeout(600)
def test_a_pilot_is_learned_from_and_never_published(fresh, built):
    fresh.land()
    done = fresh.invoke("night", NIGHT)
    assert done.exit_code == 0, done.output
    assert f"{PILOT} (warm-up)" in done.output
    lake, releases = fresh.lake, Releases(fresh.folder)
    assert Partitions(fresh.profile.inside(fresh.data)).built_nights() == [PILOT, NIGHT]
    # No reader ever sees it, and nothing says that it was published.
    assert [release.night for release in releases.list()] == [NIGHT]
    assert lake.partition("releases.published", PILOT) is None
    assert {status for (status,) in fresh.rows("grades.summary", NIGHT, "status")} == {"rebuilt"}
    # All that the night learns is what it would have learned from a published one.
    weights = fresh.rows("recommendations.fusion_weights", NIGHT, "distinct learned_night")
    assert weights == [(PILOT,)]
    for table in ("recommendations.lists", "recommendations.fusion_weights", "recommendations.examples"):
        ours, theirs = (each.lake.partition(table, NIGHT) for each in (fresh, built))
        assert ours.fingerprint == theirs.fingerprint, table
    # Run again, there is nothing left to do; the night after has no pilots, and grades what was published.
    again = fresh.invoke("night", NIGHT)
    assert f"Night {NIGHT} is built and current." in again.output
    with fresh.active():
        assert pilots_before(fresh.profile, NEXT) == []


def test_pilots_that_are_built_are_left_out(fresh):
    with fresh.active():
        assert pilots_before(fresh.profile, NIGHT) == [PILOT]
        folder = fresh.lake.folder("recommendations.lists", PILOT)
        folder.mkdir(parents=True)
        (folder / "000001-aa-bb.parquet").touch()
        assert pilots_before(fresh.profile, NIGHT) == []


def test_the_schedule_asks_for_pilots_first(fresh):
    with fresh.active():
        live = fresh.profile.model_copy(update={"last_night": None, "warm_up": 2, "grace_hours": 2.0})
        definitions = build_definitions(live)
        schedule = definitions.resolve_schedule_def("nightly_at_close")
        at = datetime(2024, 5, 17, 2)
        repository = definitions.get_repository_def()
        with build_schedule_context(scheduled_execution_time=at, repository_def=repository) as context:
            requests = schedule.evaluate_tick(context).run_requests
    assert [request.partition_key for request in requests] == ["2024-05-10", "2024-05-13", "2024-05-16"]
    keys = [request.run_key for request in requests]
    assert len(set(keys)) == 3
    for pilot in requests[:-1]:
        names = {".".join(key.path) for key in pilot.asset_selection}
        assert not names & NO_PILOT_HAS
        assert {"clean.events", "recommendations.lists", "grades.summary"} <= names
        assert {".".join(check.asset_key.path) for check in pilot.asset_check_keys} & names
    assert requests[-1].asset_selection is None
