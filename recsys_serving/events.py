"""Events of feedback: what one may be, and the line that is delivered of it.

What belongs here: holding an event to what landing would hold its row to, so that who sends it hears of it now, and
not who reads the rejects tomorrow.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from recsys_serving.ids import canonical_id, visible_text

TYPES = ("exposure", "click", "cart", "purchase", "rating")
MAX_EVENTS = 10_000
TEXTS = ("basket", "session", "device", "os", "country", "region", "store")
_NUMBERS = ("quantity", "value", "rating")
_FIELDS = frozenset({"event_id", "user", "item", "event", "time", *TEXTS, *_NUMBERS})
LARGEST, _LONGEST = 1e15, 200
_FIRST, _AHEAD = datetime(1990, 1, 1, tzinfo=UTC), timedelta(seconds=5)


class WrongEvent(ValueError):
    """An event that cannot be taken.

    Attributes
    ----------
    field : str
        What is wrong with it; `event` of the whole.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


def parsed(body: bytes, *, lines: bool) -> list[Any]:
    """Events as sent: one object or a list of them, or (``lines``) an object a line, blank ones aside.

    Raises
    ------
    WrongEvent
        When it is no JSON, or there is none or more than `MAX_EVENTS`.
    """
    parts = [line for line in body.split(b"\n") if line.strip()] if lines else [body]
    if len(parts) > MAX_EVENTS:
        raise WrongEvent("event", f"a call may have {MAX_EVENTS:,} events; send the rest in another")
    events: list[Any] = []
    for number, part in enumerate(parts, start=1):
        try:
            events.append(json.loads(part))
        except (ValueError, RecursionError) as error:
            raise WrongEvent(f"line {number}" if lines else "event", f"is no JSON: {error}") from None
    if not lines and isinstance(events[0], list):
        events = events[0]
    if not 1 <= len(events) <= MAX_EVENTS:
        raise WrongEvent("event", f"a call has 1 to {MAX_EVENTS:,} events")
    return events


def line_of(event: Any, now: datetime) -> tuple[str, bytes]:
    """An event's id, and the line that is delivered of it.

    Parameters
    ----------
    now
        UTC instant of its arrival.

    Raises
    ------
    WrongEvent
        When landing would reject it.
    """
    if not isinstance(event, dict):
        raise WrongEvent("event", "is no JSON object")
    if unknown := sorted(event.keys() - _FIELDS):
        raise WrongEvent(unknown[0][:_LONGEST], f"is no field of an event. There are {', '.join(sorted(_FIELDS))}")
    kind = event.get("event")
    if kind not in TYPES:
        raise WrongEvent("event", f"is one of {', '.join(TYPES)}")
    row: dict[str, Any] = {
        "event_id": visible_text(_text(event, "event_id")),
        "user": canonical_id(_text(event, "user")),
        "item": canonical_id(_text(event, "item")),
        "event": kind,
        "time": _instant(event, now),
        # A line has all fields, so that the file has all columns that a source reads.
        **{name: None if event.get(name) is None else _text(event, name) for name in TEXTS},
        **{name: None if event.get(name) is None else _number(event, name) for name in _NUMBERS},
    }
    for name in ("event_id", "user", "item"):
        if not row[name]:
            raise WrongEvent(name, "has nothing that can be seen")
    if kind == "rating" and row["rating"] is None:
        raise WrongEvent("rating", "is missing of an event that is one")
    if row["quantity"] is not None and row["quantity"] <= 0:
        raise WrongEvent("quantity", "is not above zero")
    return row["event_id"], json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongEvent(name, "is a text" if name in event else "is missing")
    text = str(value)
    if len(text) > _LONGEST:
        raise WrongEvent(name, f"has more than {_LONGEST} characters")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise WrongEvent(name, "has half a character (a lone surrogate)")
    return text


def _number(event: dict[str, Any], name: str) -> float:
    value = event[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongEvent(name, "is a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongEvent(name, "is not a finite number")
    if abs(value) >= LARGEST:
        raise WrongEvent(name, "is too large: 1e15 or more")
    return value


def _instant(event: dict[str, Any], now: datetime) -> str:
    """The event's time in UTC, with microseconds; landing compares it, so the same event has the same text."""
    try:
        instant = datetime.fromisoformat(_text(event, "time"))
        if instant.tzinfo is None:
            raise WrongEvent("time", "has no offset: 2017-10-31T12:00:00Z or +02:00")
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, WrongEvent):
            raise
        raise WrongEvent("time", "is no instant of ISO 8601 such as 2017-10-31T12:00:00Z") from None
    if instant < _FIRST:
        raise WrongEvent("time", "is before 1990")
    if instant > now + _AHEAD:
        raise WrongEvent("time", "is later than now")
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
