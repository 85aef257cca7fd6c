"""Tuning by itself: never unless the profile asks, and of the newest built night."""

from datetime import UTC, datetime

import pytest
from dagster import DagsterInstance, SkipReason, build_schedule_context
from pydantic import ValidationError

from recsys_assets.tuning_settings import TuningSettings, seconds_of
from recsys_jobs.tuning.asset import tuning_schedules
from tests.helpers.sample import NIGHTS


def ask(profile):
    (made,) = tuning_schedules(profile, "tune")
    with DagsterInstance.ephemeral() as instance:
        at = datetime(2024, 5, 20, 4, tzinfo=UTC)
        return made, made(build_schedule_context(instance=instance, scheduled_execution_time=at))


def test_nothing_runs_unless_the_profile_says_when(built):
    assert tuning_schedules(built.profile, "tune") == []


def test_the_newest_built_night_is_tuned(built, tmp_path):
    with built.active():
        weekly = built.profile.model_copy(update={"tuning": TuningSettings(schedule="0 4 * * 1")})
        made, request = ask(weekly)
        assert (made.cron_schedule, made.execution_timezone) == ("0 4 * * 1", "UTC")
        assert request.partition_key == str(NIGHTS[-1])
        _, skipped = ask(weekly.inside(tmp_path))
        assert isinstance(skipped, SkipReason)


def test_settings_of_tuning_decide_nothing_of_a_night(built):
    weekly = built.profile.model_copy(update={"tuning": TuningSettings(schedule="0 4 * * 1")})
    assert weekly.fingerprint == built.profile.fingerprint


@pytest.mark.parametrize(
    "wrong",
    [{"budget": "soon"}, {"budget": "0m"}, {"trials": 0}, {"trials": 5, "budget": "1h"}, {"schedule": "weekly"}],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TuningSettings(**wrong)


@pytest.mark.parametrize(("said", "seconds"), [("30s", 30), ("10m", 600), (" 1.5 h ", 5400)])
def test_lengths_of_time(said, seconds):
    assert seconds_of(said) == seconds
