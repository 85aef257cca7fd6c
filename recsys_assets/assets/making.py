"""Making what a step makes, without an orchestrator: the snapshot it works in, and where its result is kept.

What belongs here: what every build of a night does, whether Dagster runs it (`assets.factory`) or an audit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recsys_assets.assets.step import Fitted
from recsys_assets.nights import cutoff
from recsys_assets.selects.files import Select
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.models import Models

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from recsys_assets.assets.step import Made, Step
    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot
    from recsys_assets.storage.lake.writer import Written
    from recsys_assets.storage.models import Model


def opened(profile: Profile, step: Step, night: Night, run_id: str) -> AbstractContextManager[Snapshot]:
    """The snapshot that a step works in.

    Raises
    ------
    LakeError
        When a table that it reads has no partition for the night.
    """
    return Lake(profile).as_of(night, step.reads, step.name if step.key else None, run_id)


def save(snapshot: Snapshot, step: Step, made: Made | Fitted, version: str) -> Written | Model | None:
    """Write what a step made; None: there is nothing to write.

    Parameters
    ----------
    version
        Version of the code that made it.
    """
    if isinstance(made, Fitted):
        about = replace(
            snapshot.provenance,
            code_version=version,
            cutoff=cutoff(snapshot.night),
            settings=dict(made.settings),
        )
        return Models(snapshot.lake.profile).write(step.name.partition(".")[2], snapshot.night, made.save, about)
    if made.rows is None:
        return None
    if isinstance(made.rows, Select):
        return snapshot.write(made.rows.text, step.key, version)
    snapshot.add("made.rows", made.rows)
    return snapshot.write(f"select * from made.rows order by {', '.join(step.key)}", step.key, version)
