"""The future-perturbation audit: a night is built again without its future and with another one, and must not change.

What belongs here: building a night in scratch deployments whose landing was made anew (`audit.relanding`), comparing
fingerprints of every table, model and release table, and naming the first asset that differs.

Time axis of an audit of night N::

    past: visible up to N          | future: visible after N
    -------------------------------|--------------------------------
    plain     as it came           | as it came          == lake ?
    deleted   as it came           | never comes         == plain ?
    altered   as it came           | other users, values == plain ?

Cost: three times the night's own steps (checks and tracking left out) and three landings of the files that reach
over the cutoff.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from dagster import AssetKey, AssetSelection, DagsterInstance, Definitions, define_asset_job, in_process_executor

from recsys_assets.assets.clean import clean_selects
from recsys_assets.assets.keys import asset_key
from recsys_assets.assets.night_assets import all_assets
from recsys_assets.nights import ONE_DAY, Night, graded_night
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_jobs.audit.comparison import Content, contents, explain
from recsys_jobs.audit.confinement import confined
from recsys_jobs.audit.poison import POISONS, Poison
from recsys_jobs.audit.relanding import reland
from recsys_jobs.audit.scratch import copy_landing, link_nights, scratch_folder
from recsys_jobs.graph import asset_order
from recsys_jobs.run import NightFailed, check_night, failure_of, newest_night
from recsys_jobs.staleness import Inspection

if TYPE_CHECKING:
    from collections.abc import Callable

    from recsys_assets.profile import Profile

    Tell = Callable[[str], object]

N_FUTURE_NIGHTS = 2
"""Nights after the audited one whose clean tables exist, poisoned, when it is built."""


class AuditFailed(NightFailed):
    """A night that could not be audited; the message says why."""


@dataclass(frozen=True)
class Difference:
    """One asset that is not what it is in the plain build."""

    asset: str
    build: str
    """What it was compared with: ``deleted``, ``altered``, or ``lake`` (what the deployment holds)."""
    columns: tuple[str, ...]
    """Columns that differ; of a model its files; empty where it is missing in one of the two."""
    rows: tuple[str, ...]
    """A few rows, as text, of the plain build and of the other."""


@dataclass
class Audit:
    """The outcome of one night's audit."""

    night: Night
    compared: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    """Assets in graph order, each with its fingerprint by build (``lake``, ``plain``, ``deleted``, ``altered``)."""
    differences: list[Difference] = field(default_factory=list)
    """In graph order."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What each build took, its landing included."""
    compared_with_lake: bool = True
    stale: str = ""
    """Why the lake may differ though nothing saw its future: it holds what other code made."""

    @property
    def passed(self) -> bool:
        """Whether the night is blind to its future."""
        return not self.differences


def audit_future(profile: Profile, night: Night, tell: Tell, *, deep: bool = False, users: float = 1.0) -> Audit:
    """Build a night plainly and with its future poisoned, and compare.

    Parameters
    ----------
    deep
        Build also the graded night, and the clean log from the first night on, in each scratch deployment, instead of
        sharing what the lake holds of earlier nights.
    users
        Share of users to audit on, above 0 and up to 1; a sample is always audited deep, and never against the lake.

    Raises
    ------
    NightFailed
        When the night has not closed or is none of the profile's.
    AuditFailed
        When the plain build fails, or what the lake holds of the night is damaged.
    """
    check_night(profile, night)
    deep = deep or users < 1
    audit = Audit(night, compared_with_lake=not deep and night in Lake(profile).built_nights())
    if audit.compared_with_lake:
        audit.stale = _not_current(profile, night)
    with scratch_folder(profile) as home:
        origin = home / "origin.duckdb"
        copy_landing(profile, origin)
        built: dict[str, dict[str, Content]] = {}
        for name in ("plain", *POISONS):
            tell(f"night {night}, {name}: landing")
            started = time.perf_counter()
            scratch = profile.inside(home / name, audit=False)
            poison: Poison | None = None if name == "plain" else name  # type: ignore[assignment]
            since = None if deep else night
            reland(origin, Landing(scratch), Lake(scratch), night, poison, users, extras_since=since)
            if not deep:
                link_nights(profile, scratch, night, later=poison is None)
            tell(f"night {night}, {name}: building")
            problem = _build(scratch, night, deep=deep, future=poison == "altered")
            audit.seconds[name] = time.perf_counter() - started
            if problem and poison is None:
                raise AuditFailed(f"Night {night} cannot be audited: built as it is, it failed in {problem}")
            if problem:
                audit.differences.append(Difference(problem.partition(":")[0], name, (), (problem,)))
            built[name] = contents(scratch, night)
        if audit.compared_with_lake:
            built["lake"] = contents(profile, night, releases=False)
        _compare(audit, built, asset_order(profile))
    return audit


def _not_current(profile: Profile, night: Night) -> str:
    """What of a night today's code would build otherwise, which then differs from the lake; empty: nothing.

    Raises
    ------
    AuditFailed
        When a file is damaged.
    """
    tables = [table for table in Inspection(profile).tables(night) if not table.name.startswith("releases.")]
    for table in tables:
        if table.state == "damaged":
            raise AuditFailed(f"Night {night} cannot be audited: {table.reason}")
    odd = next((table for table in tables if table.state != "current"), None)
    return f"{odd.name} is {odd.state}: {odd.reason}. Build the night again first: recsys night {night}" if odd else ""


def _compare(audit: Audit, built: dict[str, dict[str, Content]], order: list[str]) -> None:
    names = sorted({name for content in built.values() for name in content})
    place = {name: (order.index(name) if name in order else len(order)) for name in names}
    for name in sorted(names, key=lambda each: (place[each], each)):
        prints = {build: (content[name].fingerprint if name in content else None) for build, content in built.items()}
        audit.compared.append((name, prints))
        for build, print_ in prints.items():
            if print_ == prints["plain"] or (build == "lake" and name not in built["lake"]):
                continue
            columns, rows = explain(built["plain"].get(name), built[build].get(name))
            audit.differences.append(Difference(name, build, columns, rows))
    audit.differences.sort(key=lambda d: place.get(d.asset, -1))


def _build(scratch: Profile, night: Night, *, deep: bool, future: bool) -> str | None:
    """Build the night, with the clean log of some later nights before it; the failed step and why, or None."""
    selection = AssetSelection.all() - AssetSelection.groups("raw", "tracking")
    definitions = Definitions(
        assets=all_assets(scratch), jobs=[define_asset_job("audited", selection)], executor=in_process_executor
    )
    job = definitions.resolve_job_def("audited")
    later = min(night + N_FUTURE_NIGHTS * ONE_DAY, newest_night(scratch))
    graded = graded_night(night, scratch.horizon)
    steps: list[tuple[Night, list[AssetKey] | None]] = []
    if future and later > night:
        steps.append((later, [asset_key(scratch, f"clean.{table}") for table in clean_selects(Landing(scratch))]))
    if deep and graded >= scratch.first_night:
        steps.append((graded, None))
    steps.append((night, None))
    with DagsterInstance.ephemeral() as instance, confined(scratch.folder.parent):
        for built, only in steps:
            result = job.execute_in_process(
                partition_key=built.isoformat(),
                instance=instance,
                run_id=str(uuid5(NAMESPACE_OID, str(built))),  # Releases tell it, so it is the same in each build.
                asset_selection=only,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
            if not result.success:
                return failure_of(result).sentence
    return None
