"""Answers as bytes of JSON, put together from what the arrays hold ready.

What belongs here: which items an answer shows, and how they are written. A general JSON writer costs more than all
else of an answer.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recsys_serving.newcomers import Preferences, liked, segment_of, spread
from recsys_serving.problems import wrong_field
from recsys_serving.reasons import BELOW, TRENDING
from recsys_serving.release import Row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from recsys_serving.release import Release

_ANSWER = (
    b'{"release":"%b","night":"%b","task":%b,"user_id":%b,"known":%b,"source":"%b","scope":%b,"context":%b,'
    b'"k":%d,"offset":%d,"n_more":%d,"items":[%b]}'
)
_CONTEXT = b'{"stored":%b,"given":%b,"used":%b,"overrides_applied":%b}'


@dataclass(slots=True)
class Question:
    """What is asked of one user's list."""

    user: str
    task: str | None = None
    k: int = 10
    offset: int = 0
    category: str | None = None
    exclude: Collection[str] = ()
    """Ids of items not to show, such as those of a page."""
    context: Mapping[str, str] = field(default_factory=dict)
    """Values by kind of scope: store, region, country, device, os, or an attribute of users."""
    language: int = 0
    """Place of the language of reasons among those of the release."""
    preferences: Preferences | None = None
    """Counts for those whom the release does not know."""


@dataclass(slots=True)
class Chosen:
    """What a question gets."""

    source: str
    """``list``; for an unknown user ``preferences``, ``segment`` or ``trending``."""
    scope: str | None
    """Scope of `serving.trending` that the answer took from; None of a list alone."""
    rows: Sequence[tuple[Any, ...]]
    """Places like `Row`, those that are shown."""
    n_more: int
    """Places behind them."""


def task_of(release: Release, task: str | None) -> int:
    """Place of a task; of the first without a name.

    Raises
    ------
    Problem
        422, when the release has no such task.
    """
    if task is None and release.tasks:
        return 0
    if task not in release.tasks:
        raise wrong_field("task", f"This release has the tasks {', '.join(release.tasks) or '(none)'}")
    return release.tasks.index(task)


def chosen(release: Release, asked: Question, task: int, user: int | None) -> Chosen:
    """The rows that answer a question.

    Parameters
    ----------
    user
        Place of the user; None: unknown.

    Raises
    ------
    Problem
        422, when the release has no such category.

    Notes
    -----
    A known user has their list. Where a category or excluded items leave less of it than asked for, what stands below
    it in the same ranking follows; then, where the task is `next`, what is trending: in `discovery` that could be what
    the user has had. An unknown user has what goes with what they like, where they say so or have told before, then
    what is trending in their segment, then everywhere.
    """
    wanted = asked.offset + asked.k
    if user is not None and not asked.exclude and asked.category is None:
        listed = release.listed(task, user, asked.offset, wanted)
        return Chosen("list", None, listed, max(release.n_listed(task, user) - wanted, 0))
    category = release.categories.place(asked.category) if asked.category is not None else None
    if asked.category is not None and category is None:
        raise wrong_field("category", "This release has no such category; GET /v1/items shows those of items")
    hidden = {place for given in asked.exclude if (place := release.items.place_of_id(given)) is not None}
    if user is None:
        return _of_newcomer(release, asked, hidden, category)
    kept = _kept(release, release.listed(task, user), hidden, category)
    if len(kept) < wanted:
        kept += _kept(release, (Row(item, None, BELOW) for item in release.below(task, user)), hidden, category)
    scope = None
    if len(kept) < wanted and release.tasks[task] == "next":
        scope = "all"
        kept += _trending(release, asked, None, hidden, category)
    return Chosen("list", scope, kept[asked.offset : wanted], max(len(kept) - wanted, 0))


def _of_newcomer(release: Release, asked: Question, hidden: set[int], category: int | None) -> Chosen:
    """What somebody unknown gets: by what they like, then by where they are, then what is trending everywhere."""
    theirs: Sequence[tuple[Any, ...]] = release.of_newcomer(asked.user)
    if asked.preferences is not None:
        theirs, named = liked(release, asked.preferences)
        hidden |= named
    kept = _kept(release, theirs, hidden, category)
    segment = segment_of(release, asked.context)
    source = "preferences" if kept else "segment" if segment else "trending"
    followed = _trending(release, asked, segment, hidden, category)
    kept += spread(release, followed) if "diverse" in release.chain and category is None else followed
    wanted = asked.offset + asked.k
    return Chosen(source, segment or "all", kept[asked.offset : wanted], max(len(kept) - wanted, 0))


def _trending(
    release: Release, asked: Question, segment: str | None, hidden: set[int], category: int | None
) -> list[tuple[Any, ...]]:
    """What is trending in a segment, then in the category that was asked for, then everywhere."""
    kept = []
    for scope in filter(None, (segment, f"category:{asked.category}" if asked.category else None, "all")):
        rows = [Row(item, share, TRENDING) for item, _, share in release.trending(scope)]
        kept += _kept(release, rows, hidden, category)
    return kept


def _kept(
    release: Release, rows: Iterable[tuple[Any, ...]], hidden: set[int], category: int | None
) -> list[tuple[Any, ...]]:
    """Rows that may be shown; each joins what is hidden, so that none comes twice."""
    kept = []
    for row in rows:
        if row[0] not in hidden and (category is None or release.category[row[0]] == category):
            hidden.add(row[0])
            kept.append(row)
    return kept


def recommendations(
    release: Release, asked: Question, proposals: Mapping[int, Mapping[str, Any]] | None = None
) -> tuple[bytes, str]:
    """The answer to one question as JSON, and its source; `filled` is a list that what is trending had to follow.

    Parameters
    ----------
    proposals
        What stands behind each item of the list, by its place; None: not asked for.

    Raises
    ------
    Problem
        422, when the release has no such task or category.
    """
    task, user = task_of(release, asked.task), release.users.place_of_id(asked.user)
    found = chosen(release, asked, task, user)
    rank, rows = asked.offset, []
    for row in found.rows:
        rank += 1
        proposal = proposals.get(row[0]) if proposals is not None else None
        rows.append(_row(release, rank, row, proposal, asked.language))
    given_user = release.users[user] if user is not None else asked.user.encode(errors="replace")
    return _ANSWER % (
        release.name.encode(),
        str(release.night).encode(),
        said(release.tasks[task]),
        said(given_user.decode()),
        b"false" if user is None else b"true",
        found.source.encode(),
        said(found.scope),
        _context(asked, found, release.stored_context(user) if user is not None else None),
        asked.k,
        asked.offset,
        found.n_more,
        b",".join(rows),
    ), "filled" if found.source == "list" and found.scope else found.source


def _row(release: Release, rank: int, row: tuple[Any, ...], proposal: Mapping[str, Any] | None, language: int) -> bytes:
    item, score, reason, evidence, n, days, confidence = row
    reason_json = release.reason_json(reason, evidence, n, days, language)
    rests_on = b"null"
    if evidence >= 0 or n >= 0:
        rests_on = b'{%b"count":%b,"days":%b}' % (
            release.item_json(evidence) + b"," if evidence >= 0 else b"",
            b"%d" % n if n >= 0 else b"null",
            b"%.2f" % (days / 100) if days >= 0 else b"null",
        )
    behind = b"" if proposal is None else b',"proposed":' + said(proposal)
    return b'{"rank":%d,%b,"score":%b,"confidence":%b,%b,"evidence":%b%b}' % (
        rank,
        release.item_json(item),
        b"null" if score is None else repr(score).encode(),
        b"null" if confidence is None else repr(confidence).encode(),
        reason_json,
        rests_on,
        behind,
    )


def _context(asked: Question, found: Chosen, stored: bytes | None) -> bytes:
    """What of the context counted: nothing of a known user's, whose list is the night's."""
    if not asked.context:
        return _CONTEXT % (stored or b"null", b"null", b"null", b"false")
    name, _, value = (found.scope or "").partition(":")
    used = {name: value} if found.source == "segment" else None
    given = said(dict(asked.context))
    return _CONTEXT % (stored or b"null", given, said(used), b"false" if used is None else b"true")


def items(release: Release, places: Iterable[int], more: Mapping[str, Any], scores: Sequence[float] = ()) -> bytes:
    """A list of items as JSON, with a rank, and a score where there are scores."""
    head = said({"release": release.name, "night": str(release.night), **more})[:-1]
    rows = (
        b'{"rank":%d,%b%b}' % (rank + 1, release.item_json(place), b',"score":%r' % scores[rank] if scores else b"")
        for rank, place in enumerate(places)
    )
    return head + b',"items":[' + b",".join(rows) + b"]}"


def said(value: Any) -> bytes:
    """Any value as JSON; instants and nights as ISO 8601, what is no number as null."""
    return json.dumps(_plain(value), default=str, separators=(",", ":"), allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
