"""What a user is recommended, and why: down to the delivered rows that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.errors import RecsysError
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.landing.ids import forms_of_id
from recsys_assets.storage.release.releases import Releases

if TYPE_CHECKING:
    from datetime import datetime

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile


class UnknownId(RecsysError):
    """A user or item that a night does not know; the message names it."""


@dataclass(frozen=True)
class Recommendation:
    """One place of a user's list in the published release."""

    rank: int
    """From 1."""
    item_id: str
    title: str | None
    reason_text: str | None
    """Why it is recommended, as a sentence."""


@dataclass(frozen=True)
class EmptyTask:
    """A task in which nobody got a list."""

    task: str
    because: str
    """Why, as a clause."""


@dataclass(frozen=True)
class Listing:
    """Where an item stands in a user's list of a task."""

    task: str
    rank: int
    """From 1."""
    score: float
    """In (0, 1]: the share of the night's rows of the task whose raw score is no higher."""
    raw_score: float
    """What the list is ordered by; of no meaning beside another configuration's."""
    configuration: str
    """The ranking whose raw score it is; ``trending`` for a user nobody proposed anything for."""
    title: str
    """The item's title, or its id where it has none."""
    reason_text: str | None
    confidence: float | None
    """How often such a row was taken within the horizon, in the nights graded so far; None: none was graded."""


@dataclass(frozen=True)
class Contributions:
    """What the score of an item in a user's list of a task is made of."""

    task: str
    explains: str
    """``raw_score``, or ``lambdamart`` or ``binary``: the sum of the trees of that kind."""
    base: float
    """What trees say where nothing is known; 0 of a raw score."""
    parts: tuple[tuple[str, float], ...]
    """Algorithms and feature groups with what each adds to the base, the greatest first."""


@dataclass(frozen=True)
class Proposal:
    """One algorithm that proposed an item to a user."""

    task: str
    algorithm: str
    rank: int
    """The algorithm's own, from 1."""
    score: float
    """The algorithm's own; of no meaning beside another algorithm's."""
    weight: float
    """What its proposals count in the fusion, as a share of 1."""


@dataclass(frozen=True)
class Evidence:
    """One event of the user that a recommendation rests on, and the row it was delivered in."""

    event_ts: datetime
    """UTC."""
    event_type: str
    item_id: str
    title: str
    """The item's title, or its id where it has none."""
    quantity: float | None
    visible_night: Night
    """First night that saw it."""
    file: str
    row_number: int
    """Row of data in the file, from 1."""


@dataclass(frozen=True)
class Explanation:
    """Why a user was recommended an item at a night."""

    listings: tuple[Listing, ...]
    """By task; empty where no list of the user has it."""
    proposals: tuple[Proposal, ...]
    """By task and algorithm."""
    contributions: tuple[Contributions, ...]
    """By task; empty for users outside the night's sample, and of nights of an earlier version."""
    evidence: tuple[Evidence, ...]
    """The user's events with the item, or with the one that the reason names, newest first."""


def typical_user(profile: Profile) -> str | None:
    """Id of the published user whose number of events is nearest to the median; the first of several, None of none.

    Raises
    ------
    ReleaseError
        When nothing is published.
    """
    with Releases(profile.folder).connect() as connection:
        users = connection.execute(
            "select user_id from serving.users "
            "order by abs(n_events - (select median(n_events) from serving.users)), user_id limit 1"
        ).fetchall()
    return str(users[0][0]) if users else None


def recommend(profile: Profile, user: str, task: str, k: int) -> list[Recommendation]:
    """The first ``k`` places of a user's published list of a task; empty where the user has none.

    Raises
    ------
    ReleaseError
        When nothing is published.
    """
    with Releases(profile.folder).connect() as connection:
        rows = connection.execute(
            "select rank, item_id, title, reason_text from serving.recommend($1, k := $2, task := $3)", [user, k, task]
        ).fetchall()
    return [Recommendation(*row) for row in rows]


def empty_tasks(profile: Profile, night: Night) -> list[EmptyTask]:
    """Tasks in which a built night has a list for nobody, and why.

    Raises
    ------
    LakeError
        When the night was not built.
    """
    select = load_select(SQL_FOLDER / "release" / "meta" / "tasks.sql")
    with Lake(profile).as_of(night, select.reads) as snapshot:
        rows = snapshot.table(select.text).to_pylist()
    return [EmptyTask(row["task"], row["empty_because"]) for row in rows if row["empty_because"]]


def explain(profile: Profile, user: str, item: str, night: Night) -> Explanation:
    """Why a user was recommended an item at a night.

    Raises
    ------
    UnknownId
        When the night does not know the user or the item.
    LakeError
        When the night was not built.
    """
    lake = Lake(profile)
    names = ["recommendation", "proposals", "events"]
    # Nights of an earlier version have no such tables.
    names += [n for n in ("confidence", "contributions") if lake.partition(f"recommendations.{n}", night) is not None]
    selects = {name: load_select(SQL_FOLDER / "explain" / f"{name}.sql") for name in names}
    reads = [name for select in selects.values() for name in select.reads]
    asked = {}
    with lake.as_of(night, reads) as snapshot:
        for kind, given in (("user", user), ("item", item)):
            known = f"select {kind}_id from clean.{kind}s where {kind}_id in ($1, $2) order by {kind}_id <> $1"
            found = snapshot.row(known, forms_of_id(given))
            if not found:
                raise UnknownId(f"Night {night} knows no {kind} {given!r}. Give the id as it was delivered.")
            asked[f"{kind}_id"] = found[0]
        rows = {name: snapshot.table(select.text, asked).to_pylist() for name, select in selects.items()}
    confidence = {row["task"]: row["confidence"] for row in rows.get("confidence", [])}
    event_ids = [row["event_id"] for row in rows["events"]]
    origins = {row["event_id"]: row for row in Landing(profile).origin(event_ids).to_pylist()}
    return Explanation(
        listings=tuple(Listing(**row, confidence=confidence.get(row["task"])) for row in rows["recommendation"]),
        proposals=tuple(Proposal(**row) for row in rows["proposals"]),
        contributions=tuple(
            Contributions(
                task=row["task"],
                explains=row["explains"],
                base=row["base"],
                parts=tuple((part["part"], part["contribution"]) for part in row["parts"]),
            )
            for row in rows.get("contributions", [])
        ),
        evidence=tuple(
            Evidence(
                event_ts=row["event_ts"],
                event_type=row["event_type"],
                item_id=row["item_id"],
                title=row["title"],
                quantity=row["quantity"],
                visible_night=row["visible_night"],
                file=origins[row["event_id"]]["name"],
                row_number=origins[row["event_id"]]["row_number"],
            )
            for row in rows["events"]
        ),
    )
