"""The arithmetic of the one law, clause by clause."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from dagster import partition_loading_context
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets import nights
from recsys_assets.nights import ONE_DAY, close, cutoff, visible_night

GRACE = timedelta(hours=2)
N = date(2017, 11, 1)
CUTOFF = datetime(2017, 11, 2)
MOMENT = timedelta(microseconds=1)


def visible(event_ts, known_at=None, first_night=date(2017, 1, 1), sealed=None):
    return visible_night(event_ts, known_at or event_ts, grace=GRACE, first_night=first_night, sealed=sealed)


def test_a_night_ends_with_its_day_and_closes_a_grace_later():
    assert cutoff(N) == CUTOFF
    assert close(N, GRACE) == CUTOFF + GRACE
    assert nights.graded_night(N, 7) == date(2017, 10, 25)


def test_the_cutoff_is_exclusive():
    assert visible(CUTOFF - MOMENT) == N
    assert visible(CUTOFF) == N + ONE_DAY


def test_the_close_is_exclusive_too():
    assert visible(datetime(2017, 11, 1, 12), CUTOFF + GRACE - MOMENT) == N
    assert visible(datetime(2017, 11, 1, 12), CUTOFF + GRACE) == N + ONE_DAY


def test_what_happens_after_the_cutoff_is_not_seen_however_early_it_is_known():
    assert visible(CUTOFF + MOMENT, CUTOFF + MOMENT) == N + ONE_DAY


def test_older_history_sits_in_the_first_night():
    assert visible(datetime(2010, 1, 1), first_night=N) == N


def test_a_sealed_night_takes_nothing_more():
    assert visible(datetime(2017, 10, 1), sealed=N) == N + ONE_DAY
    assert visible(datetime(2017, 11, 5), sealed=N) == date(2017, 11, 5)


INSTANTS = st.datetimes(datetime(2017, 10, 20), datetime(2017, 11, 20))
DAYS = st.dates(date(2017, 10, 20), date(2017, 11, 20))


@given(
    event_ts=INSTANTS,
    delay=st.timedeltas(timedelta(0), timedelta(days=9)),
    grace=st.timedeltas(timedelta(0), timedelta(days=1)),
    first_night=DAYS,
    sealed_days=st.none() | st.integers(0, 40),
)
def test_it_is_the_first_night_that_keeps_every_clause(event_ts, delay, grace, first_night, sealed_days):
    known_at = event_ts + delay
    sealed = None if sealed_days is None else first_night + timedelta(days=sealed_days)
    night = date(2017, 10, 1)
    while not (
        event_ts < cutoff(night)
        and known_at < close(night, grace)
        and night >= first_night
        and (sealed is None or night > sealed)
    ):
        night += ONE_DAY
    assert visible_night(event_ts, known_at, grace=grace, first_night=first_night, sealed=sealed) == night


def test_the_newest_closed_night():
    assert nights.last_closed(CUTOFF + GRACE, GRACE) == N
    assert nights.last_closed(CUTOFF + GRACE - MOMENT, GRACE) == N - ONE_DAY


def test_nights_between_are_both_included():
    assert nights.nights_between(N, N) == [N]
    assert nights.nights_between(N, date(2017, 11, 16), every=7) == [N, date(2017, 11, 8), date(2017, 11, 15)]
    assert nights.nights_between(N, N - ONE_DAY) == []


def test_partitions_include_the_last_night():
    keys = nights.partitions(N, date(2017, 11, 3)).get_partition_keys()
    assert keys == ["2017-11-01", "2017-11-02", "2017-11-03"]


def test_a_live_shop_has_a_partition_for_every_day_that_is_over():
    with partition_loading_context(datetime(2017, 11, 5, 1, tzinfo=UTC)):
        assert nights.partitions(N, None).get_last_partition_key() == "2017-11-04"


def test_a_night_depends_on_the_night_it_grades_where_that_exists():
    days = nights.partitions(N, None)
    mapping = nights.graded_partition(7)

    def upstream(*keys):
        found = mapping.get_upstream_mapped_partitions_result_for_partitions(
            days.subset_with_partition_keys(keys), days, days, current_time=datetime(2017, 12, 1)
        )
        return sorted(found.partitions_subset.get_partition_keys())

    assert upstream("2017-11-08") == ["2017-11-01"]
    assert upstream("2017-11-20") == ["2017-11-13"]
    assert upstream("2017-11-07") == []


SCRIPT = """
from datetime import date, datetime, timedelta
from recsys_assets import nights
two = timedelta(hours=2)
print([nights.visible_night(t, t, grace=two, first_night=date(2017, 1, 1), sealed=None).isoformat()
       for t in (datetime(2017, 11, 1, 0, 30), datetime(2017, 11, 1, 23, 59), datetime(2017, 3, 26, 1, 30))],
      nights.cutoff(date(2017, 11, 1)), nights.close(date(2017, 3, 26), two),
      nights.partitions(date(2017, 11, 1), date(2017, 11, 2)).get_partition_keys(),
      abs((nights.utc_now() - datetime(1970, 1, 1)).total_seconds() - __import__("time").time()) < 60)
"""


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_the_clock_on_the_wall_changes_nothing(zone):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == (
        "['2017-11-01', '2017-11-01', '2017-03-26'] 2017-11-02 00:00:00 2017-03-27 02:00:00 "
        "['2017-11-01', '2017-11-02'] True"
    )
