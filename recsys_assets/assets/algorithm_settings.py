"""The settings that each algorithm is fitted with: what was written by hand, else what a study learned, else defaults.

What belongs here: working them out for a night, and reading what was worked out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms import registry
from recsys_assets.algorithms.instances import ABOUT, configured
from recsys_assets.algorithms.search_space import search_space
from recsys_assets.selects.files import TableName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from recsys_assets.algorithms import Recommender
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.algorithm_settings"
IN_FORCE = TableName("recommendations", "algorithm_settings")
_OF = f"select setting, value from {TABLE} where algorithm = $algorithm order by setting"


def written(table: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that somebody wrote into a table ``[algorithms.<name>]`` of the profile."""
    return {setting: value for setting, value in table.items() if setting not in ABOUT}


def worked_out(profile: Profile, studies: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say which value of every setting of every algorithm is in force, and where it comes from.

    Parameters
    ----------
    studies : iterable of mapping
        ``algorithm, is_instance_of, learned_night, settings`` (JSON): of each algorithm the study that counts.

    Returns
    -------
    list of dict
        Rows of ``recommendations.algorithm_settings``. A learned value counts where the profile says nothing, and where
        the algorithm's search space still holds it: a study for another algorithm of that name counts for nothing.
    """
    by_name = {study["algorithm"]: study for study in studies}
    known, rows = registry(), list[dict[str, Any]]()
    for name, (_, settings) in configured(profile.algorithms).items():
        table = profile.algorithms[name]
        of = table.get("algorithm", name)
        study = by_name.get(name)
        learned = json.loads(study["settings"]) if study and study["is_instance_of"] == of else {}
        space = search_space(known[of].Settings, written(table))
        for setting, value in settings.model_dump(mode="json").items():
            row = {"algorithm": name, "setting": setting, "value": json.dumps(value), "origin": "default"}
            if setting in table:
                row["origin"] = "profile"
            elif study and setting in space and space[setting].holds(learned.get(setting)):
                row |= {"value": json.dumps(learned[setting]), "origin": "tuned"}
                row["learned_night"] = study["learned_night"]
            rows.append(row)
    return rows


def settings_in_force(snapshot: Snapshot, algorithm: type[Recommender]) -> Recommender.Settings:
    """Settings of an algorithm as the night worked them out."""
    rows = snapshot.table(_OF, {"algorithm": algorithm.name}).to_pylist()
    return algorithm.Settings.model_validate({row["setting"]: json.loads(row["value"]) for row in rows})
