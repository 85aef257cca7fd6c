"""The canonical columns a source's SELECTs map to, and the contract every row is held to.

What belongs here: which columns `events.sql`, `retractions.sql`, `items.sql`, `users.sql` and the extra tables of a
source give, their types, and the conditions under which a row is rejected, with the column and the reason that people
read.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from recsys_assets.errors import RecsysError
from recsys_assets.selects.contracts import EVENTS, OPTIONAL_ITEM_COLUMNS, OPTIONAL_USER_COLUMNS
from recsys_assets.selects.quoting import quoted


class SourceError(RecsysError):
    """A source's SELECT that does not keep the contract; names the file and column and says what to do."""


_NO_TIME = "no time, or none that is an instant to the source"


@dataclass(frozen=True)
class Canonical:
    """One canonical table as a source's SELECT gives it."""

    name: str
    """File name in the source's folder, without ``.sql``."""
    required: dict[str, str]
    """Columns it must give, with DuckDB types."""
    optional: dict[str, str] = field(default_factory=dict)
    """Columns that are null when it does not give them."""
    time: str | None = None
    """Column with the row's own time (UTC), which decides its visible night; null or absent: it has none."""
    open_ended: bool = False
    """Whether it may give further columns of its own (attributes)."""
    rules: tuple[tuple[str, str, str], ...] = ()
    """(column, condition under which the row is rejected, reason), tried in order."""
    content: tuple[str, ...] = ()
    """Columns in which rows agree that are equal lines of a file; none: its rows are not counted."""
    own_id: str | None = None
    """Column with the id that its sender gave a row: rows that share one count once, whatever else they say."""


_OURS = {
    "known_at": "when a row was known is what landing noted of its file; a row's own time is known_from",
    "visible_night": "the night that first sees a row is found when it lands",
    "night": "it is the night whose partition a row lies in",
    "content": "it is the hash that tells one version from the next",
    "user_key": "keys are numbered as ids become visible",
    "item_key": "keys are numbered as ids become visible",
}
"""Columns of the clean tables that no source may give, and why: they would stand for those made here."""
_ID = {"landed_id": "UUID"}
_REJECT = {"reject_column": "VARCHAR", "reject_reason": "VARCHAR"}
_EVENT_VALUES = {
    name: kind for name, kind in EVENTS.items() if name not in {"event_id", "user_key", "item_key", "known_at"}
}
_TOO_LARGE = 1e15
"""Sums are exact up to 1e26, so of 1e11 rows at least."""
_NUMBERS = tuple(
    rule
    for name, kind in _EVENT_VALUES.items()
    if kind == "DOUBLE"
    for rule in (
        (name, f"not isfinite({name})", "not a finite number"),
        (name, f"abs({name}) >= {_TOO_LARGE}", "too large: 1e15 or more"),
    )
)

_HAPPENED = (
    ("user_id", "user_id is null", "no user"),
    ("item_id", "item_id is null", "no item"),
    ("event_ts", "event_ts is null", _NO_TIME),
    ("event_ts", "event_ts < timestamp '1990-01-01'", "before 1990"),
    ("event_ts", "event_ts > arrived_at", "after its own arrival"),
)
_KNOWN_FROM = ("known_from", "known_from > arrived_at", "after its own arrival")

EVENT_TABLE = Canonical(
    name="events",
    required=_ID | {"user_id": "VARCHAR", "item_id": "VARCHAR", "event_ts": "TIMESTAMP", "event_type": "VARCHAR"},
    optional={name: kind for name, kind in _EVENT_VALUES.items() if name not in {"event_ts", "event_type"}}
    | {"delivered_id": "VARCHAR"}
    | _REJECT,
    time="event_ts",
    rules=(*_HAPPENED, ("event_type", "coalesce(event_type, '') = ''", "no event type"), *_NUMBERS),
    content=("user_id", "item_id", *_EVENT_VALUES),
    own_id="delivered_id",
)
RETRACTION_TABLE = Canonical(
    name="retractions",
    required=_ID | {"user_id": "VARCHAR", "item_id": "VARCHAR", "event_ts": "TIMESTAMP", "quantity": "DOUBLE"},
    optional={"basket_id": "VARCHAR"} | _REJECT,
    time="event_ts",
    rules=(
        *_HAPPENED,
        ("quantity", "coalesce(quantity <= 0 or isnan(quantity), true)", "quantity is not above zero"),
        ("quantity", f"quantity >= {_TOO_LARGE}", "too large: 1e15 or more"),
    ),
    content=("user_id", "item_id", "event_ts", "quantity", "basket_id"),
)
ITEM_TABLE = Canonical(
    name="items",
    required=_ID | {"item_id": "VARCHAR"},
    optional=OPTIONAL_ITEM_COLUMNS | {"known_from": "TIMESTAMP"} | _REJECT,
    time="known_from",
    open_ended=True,
    rules=(("item_id", "item_id is null", "no item"), _KNOWN_FROM),
)
USER_TABLE = Canonical(
    name="users",
    required=_ID | {"user_id": "VARCHAR"},
    optional=OPTIONAL_USER_COLUMNS | {"known_from": "TIMESTAMP"} | _REJECT,
    time="known_from",
    open_ended=True,
    rules=(("user_id", "user_id is null", "no user"), _KNOWN_FROM),
)
ONBOARDING_TABLE = Canonical(
    name="onboarding",
    required=_ID | {"user_id": "VARCHAR", "weight": "DOUBLE"},
    optional={"category": "VARCHAR", "item_id": "VARCHAR", "known_from": "TIMESTAMP", "used_until": "TIMESTAMP"}
    | _REJECT,
    time="known_from",
    rules=(
        ("user_id", "user_id is null", "no user"),
        ("weight", "coalesce(weight <= 0 or isnan(weight), true)", "weight is not above zero"),
        ("weight", f"weight >= {_TOO_LARGE}", "too large: 1e15 or more"),
        ("category", "(category is null) = (item_id is null)", "not one of category and item_id"),
        _KNOWN_FROM,
    ),
)
"""An extra table that any source may give, and that our own SQL reads: what newcomers said they like."""
CANONICAL = {table.name: table for table in (EVENT_TABLE, RETRACTION_TABLE, ITEM_TABLE, USER_TABLE)}


def canonical(name: str) -> Canonical:
    """Contract of a source's SELECT by its file name; a name that is not canonical is an extra table of the source."""
    if name == ONBOARDING_TABLE.name:
        return ONBOARDING_TABLE
    return CANONICAL.get(name) or Canonical(
        name=name,
        required=_ID,
        optional={"known_from": "TIMESTAMP", "used_until": "TIMESTAMP"} | _REJECT,
        time="known_from",
        open_ended=True,
        rules=(_KNOWN_FROM,),
    )


def projection(table: Canonical, given: list[str], file: str) -> str:
    """Select list that casts what a source gives to the canonical columns, in order, ids as the text that people see.

    A value that cannot be cast becomes null, and the column ``unreadable`` says which one and why.

    Raises
    ------
    SourceError
        When a required column is missing, or one is given that the table does not have, or that is not the source's
        to tell, such as known_at.
    """
    known = table.required | table.optional
    for name in given:
        if name in _OURS or (name.startswith("landed_") and name not in known):
            why = _OURS.get(name, "columns of landing are its own")
            raise SourceError(
                f"{file}: gives {name}, which is not its to tell: {why}. Leave it out, or name it otherwise."
            )
    for name in table.required:
        if name not in given:
            raise SourceError(f"{file}: gives no column {name}. Required are {', '.join(table.required)}.")
    extra = [name for name in given if name not in known]
    if extra and not table.open_ended:
        close = difflib.get_close_matches(extra[0], known, n=1)
        hint = f"; did you mean {close[0]}?" if close else f". Known are {', '.join(known)}."
        raise SourceError(f"{file}: column {extra[0]} is not one of {table.name}{hint}")
    columns = [_cast(name, kind, name in given) for name, kind in known.items()]
    attributes = [_cast(name, "VARCHAR", True) if name.endswith("_id") else quoted(name) for name in extra]
    return ", ".join([*columns, *attributes, _unreadable(known, given)])


def _cast(name: str, kind: str, given: bool) -> str:
    if not given:
        return f"null::{kind} as {name}"
    if name.endswith("_id") and kind == "VARCHAR":
        return f"visible_text({name}) as {name}"  # A macro of sql/landing/macros.sql.
    return f"try_cast({name} as {kind}) as {name}"


def _unreadable(known: dict[str, str], given: list[str]) -> str:
    """First given value that is there but cannot be cast, as {column_name, reason: ... 'the value'}."""
    cases = " ".join(
        f"when try_cast({name} as {kind}) is null and trim({name}::varchar) <> '' "
        f"then {{column_name: '{name}', reason: 'cannot be read as {kind.lower()}: ''' || "
        f"left(trim({name}::varchar), 40) || ''''}}"
        for name, kind in known.items()
        if name in given and kind != "VARCHAR"
    )
    return f"case {cases} end as unreadable"
