"""Whether every file of a deployment holds the bytes that were written."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.errors import RecsysError
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.models import Models
from recsys_assets.storage.release.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from recsys_assets.profile import Profile


STAGES = ("landing", "lake", "models", "releases")


@dataclass
class Wholeness:
    """What came out of reading all files of one stage."""

    stage: str
    """One of `STAGES`."""
    n_files: int = 0
    """Files; of models and releases the folders that hold one each."""
    damaged: list[str] = field(default_factory=list)
    """A sentence for each that is damaged: its path, and what to do."""
    seconds: float = 0.0


def whole_files(profile: Profile) -> Iterator[Wholeness]:
    """Read every current file of landing, lake and models, and every release, and hold each against its checksum.

    O(bytes): more than a GB a second where the disk gives as much. Landing's database checks its own blocks.
    """
    lake, releases = Lake(profile), Releases(profile.folder)
    landing = Landing(profile)
    partitions = (partition for table in lake.tables() for partition in lake.partitions(table))
    looks: dict[str, Iterable[Callable[[], object]]] = {
        "landing": [landing.verify] if landing.path.exists() else [],
        "lake": (partial(lake.verify, partition) for partition in partitions),
        "models": (model.verify for model in Models(profile).all()),
        "releases": (partial(releases.verify, release.name) for release in releases.list()),
    }
    for stage, files in looks.items():
        whole, started = Wholeness(stage), time.perf_counter()
        for verify in files:
            whole.n_files += 1
            try:
                verify()
            except RecsysError as error:
                whole.damaged.append(str(error))
        whole.seconds = time.perf_counter() - started
        yield whole
