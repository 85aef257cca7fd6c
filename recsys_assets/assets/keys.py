"""Keys of assets in Dagster: the table's name, after the profile's prefix where several profiles share an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster import AssetKey

if TYPE_CHECKING:
    from recsys_assets.profile import Profile


def asset_key(profile: Profile, name: str) -> AssetKey:
    """Dagster's key of a table or model, ``schema.name``."""
    return AssetKey([*_prefix(profile), *name.split(".")])


def name_of(profile: Profile, key: AssetKey) -> str:
    """Name of a table or model, ``schema.name``, of its key."""
    return ".".join(key.path[len(_prefix(profile)) :])


def _prefix(profile: Profile) -> list[str]:
    return [profile.key_prefix] if profile.key_prefix else []
