"""Nights as Dagster's partitions: of a profile, and of the night that another one grades."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from dagster import BetaWarning, DailyPartitionsDefinition, TimeWindowPartitionMapping

from recsys_assets.nights import ONE_DAY

if TYPE_CHECKING:
    from recsys_assets.profile import Profile


def profile_partitions(profile: Profile) -> DailyPartitionsDefinition:
    """Daily partitions of a profile's nights; ``last_night`` is included (Dagster's ``end_date`` is not)."""
    end = None if profile.last_night is None else (profile.last_night + ONE_DAY).isoformat()
    return DailyPartitionsDefinition(start_date=profile.first_night.isoformat(), end_date=end, timezone="UTC")


def graded_partition(horizon: int) -> TimeWindowPartitionMapping:
    """Partition mapping from night N to the night it grades, N-h."""
    with warnings.catch_warnings():
        # The first nights have no night to grade: a beta feature lets them do without.
        warnings.simplefilter("ignore", BetaWarning)
        return TimeWindowPartitionMapping(
            start_offset=-horizon, end_offset=-horizon, allow_nonexistent_upstream_partitions=True
        )
