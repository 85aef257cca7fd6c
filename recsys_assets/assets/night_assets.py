"""Every asset of a night: what lands, the clean log, and the steps that are found by their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.assets.clean import clean_assets
from recsys_assets.assets.factory import asset_of
from recsys_assets.assets.raw import raw_assets
from recsys_assets.assets.steps import all_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster import AssetExecutionContext, AssetsDefinition

    from recsys_assets.profile import Profile


def all_assets(
    profile: Profile, log_written: Callable[[AssetExecutionContext], object] | None = None
) -> list[AssetsDefinition]:
    """Every asset of a profile's nights but the audit, which attacks them.

    Parameters
    ----------
    log_written
        Called in a run as soon as the night's clean log is written.

    Raises
    ------
    ProfileError, SqlError, SourceError
        When a setting or a SQL file is wrong; the message names it.
    """
    steps = (asset_of(profile, step) for step in all_steps(profile))
    return [raw_assets(profile), clean_assets(profile, log_written), *steps]
