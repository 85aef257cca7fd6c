"""Code locations of several profiles in one workspace: the attribute ``<profile>`` of this module is that one's.

`deploy/workspace-several.yaml` names them. Each profile needs a ``key_prefix`` of its own, since Dagster knows assets
by their keys, whatever location they are in. One profile alone is `recsys_jobs.definitions`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from recsys_assets.profile import ProfileError
from recsys_assets.profile_file import load_profile, profile_names
from recsys_jobs.definitions import build_definitions

if TYPE_CHECKING:
    from dagster import Definitions


@lru_cache
def __getattr__(name: str) -> Definitions:
    """Definitions of the profile of that name.

    Raises
    ------
    ProfileError
        When the profile is wrong, or has no prefix.
    """
    if name not in profile_names():
        raise AttributeError(f"There is no profile {name!r}. Profiles: {', '.join(profile_names())}.")
    profile = load_profile(name)
    if not profile.key_prefix:
        raise ProfileError(
            f"Profile {name} is to share a workspace with others, where one prefix a profile keeps their assets apart: "
            f'write key_prefix = "{name}" into its file.'
        )
    return build_definitions(profile)
