"""Whether a night is there as it would be made now: the one answer for all who ask what is to be built.

What belongs here: holding a night's files against their checksums, and against today's code, settings and inputs.
Importing it loads Dagster, which knows the order of the assets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from recsys_assets.assets.clean_log import clean_steps
from recsys_assets.assets.code_version import changes, code_of, version_of
from recsys_assets.assets.keys import asset_key
from recsys_assets.assets.steps import all_steps
from recsys_assets.nights import ONE_DAY, nights_between
from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.lake.partitions import LakeError, Partition, Partitions
from recsys_assets.storage.lake.plan import list_files
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.models import Models
from recsys_assets.storage.release.releases import ReleaseError, Releases
from recsys_jobs.graph import asset_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagster import DagsterInstance

    from recsys_assets.assets.step import Step
    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.provenance import Provenance
    from recsys_assets.storage.models import Model

MAX_NAMED = 3
"""Changed files that a reason names."""


@dataclass(frozen=True)
class TableState:
    """What a table or model of a night is, held against what would be made now."""

    name: str
    """``schema.table``."""
    night: Night
    """Night of the partition; of the log also those since the night built before, which belong to it."""
    state: Literal["current", "stale", "damaged", "missing"]
    reason: str = ""
    """What changed, or what is damaged."""


class Inspection:
    """The nights of a profile as they lie there now, and the code of now; both are read once."""

    def __init__(self, profile: Profile) -> None:
        self.profile, self._lake, self._models = profile, _Listed(profile), Models(profile)
        steps = [*clean_steps(Landing(profile)).values(), *all_steps(profile)]
        self._steps = {step.name: step for step in steps if step.key or step.name.startswith("models.")}
        self._codes = {name: code_of(step) for name, step in self._steps.items()}

    def tables(self, night: Night) -> list[TableState]:
        """State of every table and model of a night, in graph order.

        Reads every file of the night, those of the log, and the release that readers see: O(bytes), once in a process.
        """
        before = max((built for built in self._built if built < night), default=night - ONE_DAY)
        return [
            self._state(name, of)
            for name in self._order
            if name in self._steps and self._belongs(name, night)
            for of in (nights_between(before + ONE_DAY, night) if name.startswith("clean.") else [night])
        ]

    def is_current(self, night: Night) -> bool:
        """Whether all of a night is current."""
        return night in self._built and all(table.state == "current" for table in self.tables(night))

    @cached_property
    def _order(self) -> list[str]:
        return asset_order(self.profile)

    @cached_property
    def _built(self) -> list[Night]:
        return self._lake.built_nights()

    def _belongs(self, name: str, night: Night) -> bool:
        """Whether readers or later nights would miss the table: a release, only of the newest night."""
        return name != "releases.published" or night >= max(self._built, default=night)

    def _state(self, name: str, night: Night) -> TableState:
        schema, _, table = name.partition(".")
        try:
            made: Model | Partition | None
            if schema == "models":
                made = self._models.get(table, night)
                made.verify()
                about = made.provenance
            else:
                made = self._lake.partition(name, night)
                if made is None:
                    return TableState(name, night, "missing")
                self._lake.verify(made)
                about = provenance(made.path)
            if name == "releases.published":
                self._check_release(night)
        except DamagedFile as error:
            return TableState(name, night, "damaged", str(error))
        except LakeError:
            return TableState(name, night, "missing")
        except ReleaseError as error:
            return TableState(name, night, "damaged", str(error))
        reason = next(self._reasons(self._steps[name], about), None)
        return TableState(name, night, "current") if reason is None else TableState(name, night, "stale", reason)

    def _check_release(self, night: Night) -> None:
        releases = Releases(self.profile.folder)
        # Of several the one that readers see counts, or else the newest.
        names = sorted((r.is_current, r.built_at, r.name) for r in releases.list() if r.night == night)
        if not names:
            raise LakeError(f"Night {night} has no release.")
        releases.verify(names[-1][-1])

    def _reasons(self, step: Step, about: Provenance) -> Iterator[str]:
        """Why what was made is not what would be made now."""
        code = self._codes[step.name]
        if about.code_version != version_of(code):
            changed = changes(self.profile, about.code_version, code)
            more = f" and {len(changed) - MAX_NAMED} more" if len(changed) > MAX_NAMED else ""
            yield f"changed: {', '.join(changed[:MAX_NAMED])}{more}" if changed else "made by other code"
        if about.profile != self.profile.fingerprint:
            yield f"changed: settings of profile {self.profile.name}"
        yield from self._changed_inputs(step, about)
        for name, made in about.models.items():
            try:
                model = self._models.get(name, about.night)
            except LakeError:
                yield f"models.{name} is missing"
            else:
                if made != f"{model.night} {model.fingerprint}":
                    yield f"models.{name} was fitted again since"

    def _changed_inputs(self, step: Step, about: Provenance) -> Iterator[str]:
        used = {(table, night): content for table, nights in about.inputs.items() for night, content in nights.items()}
        for (table, night), content in used.items():
            current = self._lake.partition(table, night)
            if current is None:
                yield f"{table} of {night} is missing"
            elif current.fingerprint != content:
                yield f"{table} of {night} is another since"
        if step.name.startswith("clean."):
            return  # Its SQL names landing, too, which no plan lists.
        output = step.name if step.key else None
        try:
            plan = list_files(self._lake, about.night, step.reads, {output: step.reads} if output else {})
        except LakeError as error:
            yield str(error)
            return
        for partition in plan.inputs(output, {}):
            if (partition.table, partition.night) not in used:
                yield f"{partition.table} of {partition.night} was built since"


class _Listed(Partitions):
    """The lake as it is when it is first asked: each table is listed once."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile)
        self._disk, self._known = Partitions(profile), dict[str, dict["Night", Partition]]()

    def partitions(self, table: str, last: Night | None = None) -> list[Partition]:
        if table not in self._known:
            self._known[table] = {partition.night: partition for partition in self._disk.partitions(table)}
        return [partition for night, partition in self._known[table].items() if last is None or night <= last]

    def partition(self, table: str, night: Night) -> Partition | None:
        self.partitions(table)
        return self._known[table].get(night)


def assets_to_build(profile: Profile, night: Night, instance: DagsterInstance) -> list[str] | None:
    """Assets of a night (``schema.table``) that are missing, damaged or stale; None: the night was never begun."""
    if Partitions(profile).partition("clean.events", night) is None:
        return None
    inspection = Inspection(profile)
    names = sorted({table.name for table in inspection.tables(night) if table.state != "current"})
    # These lie in no table of the night: MLflow is told, and the audit reads all others.
    others = ["tracking.mlflow", *([] if profile.audit == "off" else ["audits.future"])]
    return names + [
        name
        for name in others
        if night.isoformat() not in instance.get_materialized_partitions(asset_key(profile, name))
    ]


def nights_to_build(profile: Profile, nights: Sequence[Night]) -> list[Night]:
    """The nights, oldest first, from the first one on of which anything is missing, damaged or stale.

    What a night writes, later ones may read; so those after it are built again, too.
    """
    nights = sorted(nights)
    if not nights or nights[0] not in Partitions(profile).built_nights():
        return nights  # The code of now, which takes a second to read, would change nothing.
    inspection = Inspection(profile)
    stale = (place for place, night in enumerate(nights) if not inspection.is_current(night))
    return nights[next(stale, len(nights)) :]
