"""Nights as Dagster's partitions."""

from datetime import UTC, date, datetime

from recsys_assets.assets.night_partitions import graded_partition, profile_partitions
from tests.storage.lakes import make_profile

FIRST = date(2017, 11, 1)


def test_the_last_night_is_one_of_them():
    profile = make_profile(first_night=FIRST, last_night=date(2017, 11, 3))
    assert profile_partitions(profile).get_partition_keys() == ["2017-11-01", "2017-11-02", "2017-11-03"]


def test_a_live_shop_has_one_for_every_day_that_is_over():
    days = profile_partitions(make_profile(first_night=FIRST))
    assert days.get_partition_keys(current_time=datetime(2017, 11, 5, 1, tzinfo=UTC))[-1] == "2017-11-04"


def test_days_are_those_of_utc():
    assert str(profile_partitions(make_profile(first_night=FIRST)).timezone) == "UTC"


def test_a_night_depends_on_the_night_it_grades_where_that_exists():
    days, mapping = profile_partitions(make_profile(first_night=FIRST)), graded_partition(7)

    def upstream(*keys):
        mapped = mapping.get_upstream_mapped_partitions_result_for_partitions(
            days.subset_with_partition_keys(keys), days, days, current_time=datetime(2017, 12, 1)
        )
        return sorted(mapped.partitions_subset.get_partition_keys())

    assert upstream("2017-11-08") == ["2017-11-01"]
    assert upstream("2017-11-20") == ["2017-11-13"]
    assert upstream("2017-11-07") == []
