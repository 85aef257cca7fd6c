"""The future-perturbation audit: a night is built again without its future and with another one, and must not change.

What belongs here: which builds an audit makes and what each is given, comparing fingerprints of every table, model and
release table, and naming the first asset that differs. Landing is made anew by `audit.relanding`; `audit.building`
builds in a process of its own.

Time axis of an audit of night N::

    past: visible up to N          | future: visible after N
    -------------------------------|--------------------------------
    plain     as it came           | as it came          == lake ?
    deleted   as it came           | never comes         == plain ?
    altered   as it came           | other users, values == plain ?

The clock, the environment and the times of files are others in the altered build, too. A sample is audited by the
plain and the altered build alone, and costs a small part of the night (`audit.sampling`).

The whole costs three times the night's steps, checks left out, and three landings of the files over the cutoff.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from recsys_assets.assets.clean_log import clean_selects
from recsys_assets.nights import ONE_DAY, graded_night
from recsys_assets.profile_file import file_of
from recsys_assets.reasons.languages import own_templates
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.landing.formats import formats
from recsys_assets.threads import thread_count
from recsys_jobs.audit.building import LIBRARIES, Build, BuildDied, Builder, Built
from recsys_jobs.audit.comparison import Content, contents, explain
from recsys_jobs.audit.conditions import copy_with_other_times
from recsys_jobs.audit.outcome import Audit, AuditFailed, Difference
from recsys_jobs.audit.poison import BUILDS
from recsys_jobs.audit.relanding import Kept, reland
from recsys_jobs.audit.sampling import log_since, sample_log, sample_past, share_of, users_of
from recsys_jobs.audit.scratch import copy_landing, link_nights, link_others, pretend_later, scratch_folder
from recsys_jobs.run import check_night

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

    Tell = Callable[[str], object]

N_FUTURE_NIGHTS = 2
"""Nights after the audited one whose clean tables exist, poisoned, when it is built."""
_NOT_BUILT = ("audits.", "clean.", "raw.", "recommendations.sentences")
"""Assets that a build leaves out; the clean log is one step, and sentences come from outside of this machine."""
_OF_CODE = frozenset([".dat", ".json", ".txt"])
"""Endings of deliveries that installed code has files of, too: babel's languages are such."""


def audit_future(profile: Profile, night: Night, tell: Tell, *, deep: bool = False, users: float = 1.0) -> Audit:
    """Build a night plainly and with its future poisoned, and compare.

    Parameters
    ----------
    deep
        Build also the graded night, and the clean log from the first night on, in each scratch deployment, instead of
        sharing what the lake holds of earlier nights.
    users
        Share of users to audit on, above 0 and up to 1; below 1 it is always audited deep, and never against the lake.

    Raises
    ------
    NightFailed
        When the night has not closed or is none of the profile's.
    AuditFailed
        When the plain build fails, or what the lake holds of the night is damaged.
    """
    from recsys_jobs.graph import asset_order  # It loads Dagster.

    check_night(profile, night)
    order, deep = asset_order(profile), deep or users < 1
    audit = Audit(night, compared_with_lake=users == 1 and night in Lake(profile).built_nights(), users=users)
    if audit.compared_with_lake:
        audit.stale = _not_current(profile, night)
    graded, log = graded_night(night, profile.horizon), log_since(profile, night)
    nights = [graded, night] if deep and graded >= profile.first_night else [night]

    def wanted(table: str, of: Night) -> bool:
        """Whether the lake's partition is shown: none that is built here, and of a sample nothing."""
        is_built = of in nights or (table.startswith("clean.") and (deep or of in log))
        return users == 1 and not is_built

    with scratch_folder(profile) as home:
        copy_landing(profile, home / "origin.duckdb")
        built: dict[str, dict[str, Content]] = {}
        for name, poison in BUILDS.items():
            started = time.perf_counter()
            scratch = profile.inside(home / name, audit="off")
            tell(f"night {night}, {name}: landing")
            kept = Kept(users, extras_since=None if deep else log[0])
            reland(home / "origin.duckdb", Landing(scratch), Lake(scratch), night, poison, kept)
            # Later nights are there to be seen in the plain build alone, as they came.
            link_nights(profile, scratch, lambda table, of: wanted(table, of) and (of < night or not poison))  # noqa: B023
            libraries = [*LIBRARIES, "mlflow.tracking"]
            with Builder(home / name, file_of(profile), altered=name == "altered", libraries=libraries) as builder:
                _build(audit, profile, scratch, builder, name, nights, order, tell)
            audit.seconds[name] = time.perf_counter() - started
            built[name] = _contents(scratch, [*log, *nights])
        if audit.compared_with_lake:
            held = _contents(profile, [n for n in [*log, *nights] if n in log or n in Lake(profile).built_nights()])
            # When something was built, and by which run, is told by the release's own tables.
            built["lake"] = {name: each for name, each in held.items() if not name.startswith("release meta.")}
        _compare(audit, built, order)
    return audit


def audit_sample(profile: Profile, night: Night, tell: Tell, order: Sequence[str]) -> Audit:
    """Build a night for a sample of its users, plainly and with its future altered, and compare.

    Its clean log must be in the lake; of what else the night makes nothing is needed.

    Parameters
    ----------
    order
        Names of all assets, as `graph.asset_order` gives them.

    Raises
    ------
    AuditFailed
        When the plain build fails.
    """
    audit = Audit(night, compared_with_lake=False, users=share_of(users_of(profile, night)), is_sample=True)
    log = sample_log(profile, night)
    with scratch_folder(profile) as home, ExitStack() as stack:
        started = time.perf_counter()
        scratches = {name: profile.inside(home / name, audit="off") for name in ("plain", "altered")}
        # They import libraries while the sample is taken.
        n_threads = max(1, thread_count() // len(scratches))  # They build at once.
        begun = {
            name: Builder(home / name, file_of(profile), altered=name == "altered", n_threads=n_threads)
            for name in scratches
        }
        builders = {name: stack.enter_context(builder) for name, builder in begun.items()}
        tell(f"night {night}: sample of {audit.users:.1%} of the users")
        _take_sample(profile, scratches, log, audit.users, home / "origin.duckdb", set(order))
        audit.seconds["sample"] = time.perf_counter() - started

        def built(name: str) -> dict[str, Content]:
            began = time.perf_counter()
            _build(audit, profile, scratches[name], builders[name], name, [night], order, tell)
            audit.seconds[name] = time.perf_counter() - began
            # What MLflow was told lies there in the plain build, as it does for a night; a sample tells it nothing.
            made = _contents(scratches[name], log)
            return {asset: each for asset, each in made.items() if not asset.startswith("tracking.")}

        with ThreadPoolExecutor() as at_once:
            _compare(audit, dict(zip(scratches, at_once.map(built, scratches), strict=True)), order)
    return audit


def _take_sample(
    profile: Profile, scratches: dict[str, Profile], log: list[Night], users: float, origin: Path, made: set[str]
) -> None:
    """Give the plain and the altered build the same past of some users, and each its own future.

    The last night of the log is the audited one; the others are built with it.
    """
    night = log[-1]
    copy_landing(profile, origin)
    sample_past(profile, scratches["plain"], night, users)
    link_nights(scratches["plain"], scratches["altered"], lambda _, of: of < night)
    kept = Kept(users, extras_since=log[0], until=night + profile.horizon * ONE_DAY)
    for name, scratch in scratches.items():
        reland(origin, Landing(scratch), Lake(scratch), night, BUILDS[name], kept)
    # What is there of this night and of later ones is to be seen in the plain build alone.
    link_nights(profile, scratches["plain"], lambda table, of: of > night or (of == night and table in made))


def _contents(profile: Profile, nights: list[Night]) -> dict[str, Content]:
    """Contents of the last night, and of those that were built anew beside it under their names and nights."""
    night = nights[-1]
    beside = {
        f"{name} {of}": each
        for of in sorted({*nights} - {night})
        for name, each in contents(profile, of, releases=False).items()
    }
    return beside | contents(profile, night)


def _not_current(profile: Profile, night: Night) -> str:
    """What of a night today's code would build otherwise, which then differs from the lake; empty: nothing.

    Raises
    ------
    AuditFailed
        When a file is damaged.
    """
    from recsys_jobs.staleness import Inspection  # It loads Dagster.

    tables = [table for table in Inspection(profile).tables(night) if not table.name.startswith("releases.")]
    for table in tables:
        if table.state == "damaged":
            raise AuditFailed(f"Night {night} cannot be audited: {table.reason}")
    odd = next((table for table in tables if table.state != "current"), None)
    return f"{odd.name} is {odd.state}: {odd.reason}. Build the night again first: recsys night {night}" if odd else ""


def _compare(audit: Audit, built: dict[str, dict[str, Content]], order: Sequence[str]) -> None:
    names = sorted({name for content in built.values() for name in content})
    # A partition of another night says it behind its name, and stands where the table does.
    tables = {name: name.partition(" ")[0] for name in names}
    place = {name: (order.index(table) if table in order else len(order)) for name, table in tables.items()}
    for name in sorted(names, key=lambda each: (place[each], each)):
        prints = {build: (content[name].fingerprint if name in content else None) for build, content in built.items()}
        audit.compared.append((name, prints))
        for build, print_ in prints.items():
            if print_ == prints["plain"] or (build == "lake" and name not in built["lake"]):
                continue
            columns, rows = explain(built["plain"].get(name), built[build].get(name))
            audit.differences.append(Difference(name, build, columns, rows))
    audit.differences.sort(key=lambda d: place.get(d.asset, -1))


def _build(
    audit: Audit,
    profile: Profile,
    scratch: Profile,
    builder: Builder,
    name: str,
    nights: list[Night],
    order: Sequence[str],
    tell: Tell,
) -> None:
    """Build nights in a scratch deployment, in a process of its own, with what else belongs to the build.

    Raises
    ------
    AuditFailed
        When the plain build fails, for another reason than that it opened what it was not given.
    """
    night, altered = nights[-1], name == "altered"
    # Nothing reads what MLflow is told, so a sample leaves it out: opening a store of its own takes ten seconds.
    left_out = (*_NOT_BUILT, "tracking.") if audit.is_sample else _NOT_BUILT
    names = [asset for asset in order if not asset.startswith(left_out)]
    log = [f"clean.{table}" for table in clean_selects(Landing(profile))]
    steps = [(str(of), [*log, *names]) for of in nights]
    if name == "plain":
        link_others(profile, scratch)
    if altered:
        later = night + N_FUTURE_NIGHTS * ONE_DAY
        later = min(later, profile.last_night) if profile.last_night else later
        steps = [(str(later), log), *steps] if later > night else steps
        pretend_later(scratch, night)
        copy_with_other_times(scratch.folder)
    wanted = Build(
        folder=str(scratch.folder.parent),
        profile=profile.model_copy(update={"reasons": profile.reasons.without_sentences()}).model_dump_json(),
        profile_file=str(file_of(profile)),
        templates=[str(file) for file in own_templates(profile)],
        steps=steps,
        data_endings=sorted({f".{end}" for each in formats().values() for end in each.endings} - _OF_CODE),
        altered=altered,
    )
    try:
        built = builder.build(wanted, lambda text: tell(f"{name}: {text}"))
    except BuildDied as error:
        built = Built(str(error), "")
    audit.confined_by = built.confined_by or audit.confined_by
    if built.problem and name == "plain" and not built.opened:
        raise AuditFailed(f"Night {night} cannot be audited: built as it is, it failed in {built.problem}")
    if built.problem:
        audit.differences.append(Difference(built.problem.partition(":")[0], name, (), (), built.problem))
