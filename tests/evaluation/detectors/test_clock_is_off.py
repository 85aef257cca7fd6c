"""A clock that is off is found with its offset; a weak rhythm, daylight saving and other habits are not one."""

import numpy as np
import pytest

from recsys_assets.evaluation.detectors.clock_is_off import (
    N_WEEKS,
    by_week,
    judge_apart,
    judge_jump,
    judge_place,
    quiet_middle,
)
from tests.helpers.simulated import clean_weeks

CUTOFF = np.datetime64("2017-06-12T00:00")
SHOP = np.array([3, 2, 1, 0, 0, 1, 3, 6, 9, 11, 12, 12, 12, 11, 11, 12, 14, 16, 17, 16, 13, 10, 7, 5], dtype=float)
OFFICE = np.array([0] * 8 + [3, 7, 12, 12, 15, 13, 12, 10, 6, 3, 1, 1] + [0] * 4, dtype=float)
ALWAYS = np.full(24, 10.0)


def weeks(hours, offset=0, newest=None, zone=None, seed=0):
    """Eight weeks of random counts about a profile of the day; the newest with an offset of its own."""
    rng = np.random.default_rng(seed)
    at = np.arange(CUTOFF - np.timedelta64(56, "D"), CUTOFF, np.timedelta64(1, "h")).astype("datetime64[h]")
    is_newest = at >= CUTOFF - np.timedelta64(7, "D")
    moved = np.where(is_newest, offset if newest is None else newest, offset)
    place = ((at - np.datetime64(0, "h")).astype(int) - moved) % 24
    return by_week(at, rng.poisson(hours[place]).astype(float), CUTOFF, zone)


@pytest.mark.parametrize("hours", [SHOP, OFFICE], ids=["shop", "office"])
@pytest.mark.parametrize("offset", [0, 1, -1])
def test_an_honest_clock_is_let_be(hours, offset):
    found = judge_place(weeks(hours, offset), "UTC")
    assert not found.is_suspicious
    assert found.value is not None


@pytest.mark.parametrize("offset", [5, -5, 9, 12])
def test_times_that_are_off_are_told_with_the_offset(offset):
    found = judge_place(weeks(SHOP, offset), "UTC")
    assert found.is_suspicious
    told = float(found.reason.split("about ")[1].split(" h")[0])
    assert abs((told - offset + 12) % 24 - 12) <= 2


def test_the_zone_of_the_place_is_what_counts():
    assert not judge_place(weeks(SHOP, 5, zone="America/Chicago"), "America/Chicago").is_suspicious
    assert judge_place(weeks(SHOP, 0, zone="America/Chicago"), "America/Chicago").is_suspicious


def test_hours_of_the_zone_are_those_of_python():
    """Half an hour from UTC, too; each hour is put where its beginning lies."""
    counts = np.zeros(24 * 56)
    counts[-24:] = np.arange(24)  # The last day before the cutoff.
    at = np.arange(CUTOFF - np.timedelta64(56, "D"), CUTOFF, np.timedelta64(1, "h")).astype("datetime64[h]")
    (newest, *_) = by_week(at, counts, CUTOFF, "Asia/Kolkata")
    assert newest.tolist() == np.roll(np.arange(24), 5).tolist()


@pytest.mark.parametrize(
    ("counts", "zone"), [(weeks(ALWAYS), "UTC"), (weeks(SHOP, 5), None), (np.zeros((8, 24)), "UTC")], ids=str
)
def test_nothing_is_said_without_evidence(counts, zone):
    found = judge_place(counts, zone)
    assert (found.value, found.is_suspicious) == (None, False)
    assert "not judged" in found.reason


@pytest.mark.parametrize("hours", [SHOP, OFFICE], ids=["shop", "office"])
@pytest.mark.parametrize(("offset", "seen"), [(0, False), (1, False), (-1, False), (2, True), (5, True), (-5, True)])
def test_a_newest_week_that_is_off_is_told_with_the_offset(hours, offset, seen):
    found = judge_jump(weeks(hours, newest=offset))
    assert found.is_suspicious == seen
    assert not seen or f"about {offset:+d} h" in found.reason


def test_no_week_of_another_rhythm_is_taken_for_a_clock():
    assert judge_jump(weeks(ALWAYS, newest=5)).value is None
    assert judge_jump(weeks(SHOP)[:2]).value is None


@pytest.mark.parametrize(("offset", "seen"), [(0, False), (2, False), (5, True), (-6, True)])
def test_a_device_whose_clock_is_off_is_told_with_the_offset(offset, seen):
    found = judge_apart("clean.events of device mobile", weeks(SHOP, offset).sum(axis=0), weeks(SHOP).sum(axis=0))
    assert found.is_suspicious == seen
    assert not seen or f"about {offset:+d} h" in found.reason


def test_a_device_of_the_evening_is_none():
    evening = np.array([9, 4, 2, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 6, 10, 16, 22, 26, 24, 16], dtype=float)
    assert not judge_apart("x", evening * 50, OFFICE * 50).is_suspicious


def test_the_quiet_middle_is_opposite_to_the_day():
    assert quiet_middle(np.roll(np.eye(24)[0], 14)) == pytest.approx(2.5)


def test_what_is_watched_in_the_evening_has_a_clock_that_is_right():
    films = [70, 45, 28, 18, 12, 10, 12, 18, 25, 32, 38, 42, 46, 50, 53, 57, 62, 70, 80, 92, 100, 100, 98, 88]
    found = judge_place(weeks(np.array(films, dtype=float)), "UTC")
    assert (found.value, found.is_suspicious) == (pytest.approx(5.7, abs=0.1), False)
    assert judge_place(weeks(np.array(films, dtype=float), 2), "UTC").is_suspicious


def test_places_of_all_kinds_raise_no_alarm():
    judged = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        weekly = clean_weeks(rng, N_WEEKS)
        device = rng.binomial(weekly.sum(axis=0).astype(np.int64), 0.3).astype(float)
        apart = judge_apart("device", device, weekly.sum(axis=0) - device)
        found = [judge_place(weekly, "UTC"), judge_jump(weekly), apart]
        assert not [f for f in found if f.is_suspicious], seed
        judged += any(f.value is not None for f in found)
    assert judged > 150
