"""The plan of a snapshot: which files each name shows, and what a write rests on."""

from datetime import datetime

import pytest

from recsys_assets.storage.lake.partitions import LakeError
from recsys_assets.storage.lake.plan import make_plan
from recsys_assets.storage.lake.provenance import provenance
from tests.storage.lakes import MONDAY, THURSDAY, TUESDAY, WEDNESDAY, named, write

NIGHTS = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)


@pytest.fixture
def written(lake):
    """A table of features and one of the log on four nights; the last lies after the night that is planned."""
    for night in NIGHTS:
        write(lake, "features.user", night, [{"k": night.day}])
        write(lake, "clean.user_keys", night, [{"user_key": night.day, "user_id": str(night)}], "user_key")
    return lake


@pytest.mark.parametrize(
    ("name", "nights"),
    [
        ("features.user", [WEDNESDAY]),
        ("past.features.user", [MONDAY, TUESDAY, WEDNESDAY]),
        ("before.features.user", [MONDAY, TUESDAY]),
        ("graded.features.user", [MONDAY]),
        ("clean.user_keys", [MONDAY, TUESDAY, WEDNESDAY]),
    ],
)
def test_a_name_shows_the_nights_that_the_design_says_and_never_a_later_one(written, name, nights):
    plan = make_plan(written, WEDNESDAY, named(name), {})
    ((_, shown),) = plan.shown.items()
    assert [partition.night for partition in shown] == nights
    assert plan.inputs(None, {}) == shown


def test_of_the_log_the_graded_night_shows_every_night_up_to_it(written):
    plan = make_plan(written, THURSDAY, named("graded.clean.user_keys"), {})
    assert [partition.night for partition in plan.inputs(None, {})] == [MONDAY, TUESDAY]


def test_a_table_of_the_same_step_is_read_as_of_the_nights_before_and_as_written_now(written):
    outputs = {"clean.user_keys": [], "clean.retractions": named("clean.user_keys")}
    plan = make_plan(written, WEDNESDAY, [], outputs)
    assert not plan.files(), "nothing of this night may be seen before it is written"
    with pytest.raises(LakeError, match=r"clean\.retractions, night 2020-03-04: reads clean\.user_keys, which is not"):
        plan.inputs("clean.retractions", {})
    tonight = written.partition("clean.user_keys", WEDNESDAY)
    rests_on = plan.inputs("clean.retractions", {"clean.user_keys": tonight})
    assert [partition.night for partition in rests_on] == [MONDAY, TUESDAY, WEDNESDAY]
    assert plan.inputs("clean.user_keys", {}) == ()


def test_outside_of_the_log_a_table_of_the_same_step_is_tonights_alone(lake):
    for night in (MONDAY, TUESDAY):
        with lake.as_of(night, (), {"features.one": [], "features.two": named("features.one")}) as snapshot:
            snapshot.writer("features.one").write(f"select {night.day} as k order by k", ("k",))
            two = snapshot.writer("features.two").write("select k from features.one order by k", ("k",))
        assert two.sample == [{"k": night.day}]
        assert provenance(two.partition.path).inputs.keys() == {"features.one"}
        assert list(provenance(two.partition.path).inputs["features.one"]) == [night]


def test_what_belongs_to_one_of_several_tables_is_said_to_its_writer(lake):
    outputs = {"features.one": [], "features.two": []}
    with lake.as_of(MONDAY, (), outputs) as snapshot, pytest.raises(AssertionError, match="use the writer of each"):
        snapshot.use_watermark(datetime(2020, 3, 1))


def test_each_file_counts_once_however_many_names_show_it(written):
    plan = make_plan(written, WEDNESDAY, named("features.user", "past.features.user"), {})
    assert len(plan.inputs(None, {})) == len(plan.files()) == 3


def test_what_happened_at_the_cutoff_is_too_late(lake):
    event = {"event_id": "0" * 32, "user_key": 1, "item_key": 1, "event_ts": datetime(2020, 3, 5)}
    write(lake, "clean.events", WEDNESDAY, [event], "event_id")
    said = r"features\.made, night 2020-03-04: rests on an event of 2020-03-05 00:00:00, at or after its cutoff"
    with pytest.raises(LakeError, match=said):
        make_plan(lake, WEDNESDAY, named("clean.events"), {"features.made": named("clean.events")})
