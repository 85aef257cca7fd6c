"""``models.<algorithm>``: what each algorithm of the profile, or instance of one, learned of a night.

What belongs here: nothing about any one algorithm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.algorithms.instances import configured
from recsys_assets.assets import training
from recsys_assets.assets.algorithm_settings import IN_FORCE, settings_in_force
from recsys_assets.assets.step import Fitted, Step

if TYPE_CHECKING:
    from recsys_assets.algorithms import Recommender
    from recsys_assets.assets.training import TrainingData
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot


def steps(profile: Profile) -> list[Step]:
    """A model of every algorithm that the profile names; what they learn from is read once for all of a night."""
    data = training.TrainingData()
    return [_step(profile, algorithm, data) for algorithm, _ in configured(profile.algorithms).values()]


def _step(profile: Profile, algorithm: type[Recommender], data: TrainingData) -> Step:
    def fit(snapshot: Snapshot) -> Fitted:
        settings = settings_in_force(snapshot, algorithm)
        train = data.interactions(snapshot, algorithm.uses)
        return Fitted(
            save=algorithm(settings, seed=profile.seed).fit(train).save,
            settings=settings.model_dump(mode="json"),
            facts={"events": len(train.users), "users": train.n_users, "items": train.n_items},
        )

    return Step(
        name=f"models.{algorithm.name}",
        description=f"{algorithm.description}\n\n`{algorithm.__module__.replace('.', '/')}.py`",
        make=fit,
        prepare=lambda snapshot: data.interactions(snapshot, algorithm.uses),
        reads=(*training.reads(algorithm.uses), IN_FORCE),
        kinds=("python", "numpy"),
        modules=(algorithm.__module__,),
    )
