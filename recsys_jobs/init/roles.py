"""Roles: which column of a file is the user, the item, the time, and what else is known.

What belongs here: ranking the columns that could play a role, by name and by value, and refusing where two are
equally likely for a role that every event needs.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted
from recsys_jobs.init import vocabulary
from recsys_jobs.init.amounts import NUMBERS, take_numbers
from recsys_jobs.init.choosing import Roles, free_columns, named_column, names_of, only_column, take_first
from recsys_jobs.init.look import InitError
from recsys_jobs.init.times import time_format
from recsys_jobs.init.vocabulary import is_status, kind_of, squeezed, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recsys_jobs.init.look import Column, Look
    from recsys_jobs.init.vocabulary import Tiers

IDS: tuple[tuple[str, Tiers, str, Tiers], ...] = (
    ("user", vocabulary.USER, vocabulary.USER_WORDS, ()),
    ("item", vocabulary.ITEM, vocabulary.ITEM_WORDS, vocabulary.PAGE),
)
"""Of each id its names, words within a name, and names of last resort."""
CONTEXT: dict[str, Tiers] = {
    "basket_id": vocabulary.BASKET,
    "session_id": vocabulary.SESSION,
    "device": vocabulary.DEVICE,
    "os": vocabulary.OS,
    "country": vocabulary.COUNTRY,
    "region": vocabulary.REGION,
    "store": vocabulary.STORE,
}
ATTRIBUTES: dict[str, Tiers] = {
    "title": vocabulary.TITLE,
    "department": vocabulary.DEPARTMENT,
    "category": vocabulary.CATEGORY,
    "subcategory": vocabulary.SUBCATEGORY,
    "brand": vocabulary.BRAND,
}
OWN_ID = "delivered_id"
"""Role of the id that its sender gave each event."""
MAX_EVENT_TYPES = 50
"""A column with more distinct values than this is no event type."""


def assign_roles(look: Look, asked: Mapping[str, str | None], given_format: str | None) -> Roles:
    """Propose a role for each column; what the caller asked for comes first.

    Parameters
    ----------
    asked
        Column name by role, as given on the command line; an empty name says that there is none.
    given_format
        strptime format of the times, or None.

    Raises
    ------
    InitError
        When user, item or time cannot be told, naming the candidates and the option.
    """
    roles = Roles()
    for role, name in asked.items():
        if name:
            roles.take(role, named_column(look, name, role), f"--{role}")
    for role, id_tiers, words, last in IDS:
        if role not in roles.taken:
            roles.take(role, *_id_column(look, roles, role, id_tiers, words, last))
    _take_time(look, roles, given_format)
    if asked.get("event") is None:
        take_first(look, roles, "event", vocabulary.EVENT + vocabulary.STATUS, partial(_is_event_type, look))
    for role, tiers in CONTEXT.items():
        take_first(look, roles, role, tiers, lambda column: column.n_values > 0)
    take_first(look, roles, OWN_ID, vocabulary.OWN_ID, partial(_is_of_one_event, look, roles))
    # Shopify calls an order #1001 in a column `name`.
    if any(squeezed(column.name).startswith("lineitem") for column in look.columns):
        take_first(look, roles, "basket_id", ("name",), lambda column: column.n_values > 0)
    take_numbers(look, roles, asked)
    for role, tiers in ATTRIBUTES.items():
        take_first(look, roles, role, tiers, lambda column: _belongs_to_item(look, roles, column))
    order = ("user", "item", "time", "event", *NUMBERS, OWN_ID, *CONTEXT, *ATTRIBUTES)
    roles.taken = {role: roles.taken[role] for role in order if role in roles.taken}
    roles.why |= {role: look.told[column.name] for role, column in roles.taken.items() if column.name in look.told}
    for column in free_columns(look, roles):
        roles.left_out.setdefault(column.name, _why_left_out(column))
    return roles


def _why_left_out(column: Column) -> str:
    if not column.n_values:
        return "empty"
    if squeezed(column.name) in vocabulary.COST.split():
        return "what it cost the shop, by its name"
    if all(re.fullmatch(r"[0-9]{1,2}:[0-9]{2}(:[0-9.]+)?", value) for value in column.examples):
        return "a time of day: join it to the day in events.sql"
    return "not known by its name"


def _id_column(look: Look, roles: Roles, role: str, tiers: Tiers, words: str, last: Tiers) -> tuple[Column, str]:
    """The column with the best name for an id, else one whose name holds one of the words."""
    free = [column for column in free_columns(look, roles) if column.n_values]
    for tier in tiers:
        if named := [column for column in free if squeezed(column.name) in tier.split()]:
            return only_column(role, named), "its name"
    held = set(words.split())
    if named := [column for column in free if words_of(column.name) & held and column.n_distinct > 2]:
        column = only_column(role, named)
        return column, f"its name holds {min(words_of(column.name) & held)!r}"
    for tier in last:
        if named := [column for column in free if squeezed(column.name) in tier.split()]:
            return only_column(role, named), "its name"
    raise InitError(
        f"No column with values is the {role} by its name. Say which with --{role}: {names_of(look.columns)}."
        f"{look.read_as} If none is, join the {role} in from another file first."
    )


def _take_time(look: Look, roles: Roles, given_format: str | None) -> None:
    """Find the column of the event's time: by name among those whose values are times.

    Raises
    ------
    InitError
        When there is none, there are several, or its format cannot be told.
    """
    if asked := roles.taken.get("time"):
        roles.time = time_format(look.con, "seen", asked, given_format)
        if roles.time is None:
            raise InitError(
                f"--time {asked.name}: its values ({', '.join(asked.examples)}) are no times that are known. "
                "Give their strptime format with --time-format, for example '%d/%m/%Y %H:%M'."
            )
        return
    tiers = {column.name: tier for column in free_columns(look, roles) if (tier := _time_tier(column)) is not None}
    named: dict[int, list[Column]] = {}
    for column in free_columns(look, roles):
        if column.name in tiers and _holds_times(look, column, given_format):
            named.setdefault(tiers[column.name], []).append(column)
    if not named:
        if not any(tier < len(vocabulary.TIME) + 1 for tier in tiers.values()) and not any(
            _holds_times(look, column, given_format) for column in look.columns
        ):
            raise InitError(
                f"No column holds times, so no night can be told: {names_of(look.columns)}. "
                "Join them in from another file first."
            )
        best = min(tiers, key=lambda name: tiers[name], default="")
        if best and given_format:
            time_format(
                look.con, "seen", named_column(look, best, "time"), given_format
            )  # This says how it does not fit.
        raise InitError(
            f"No column is the time of the event{_unknown_times(look, best)}. Say which with --time, and its format "
            f"with --time-format, for example '%d/%m/%Y %H:%M': {names_of(look.columns)}."
        )
    column = only_column("time", named[min(named)])
    roles.time = time_format(look.con, "seen", column, given_format)
    if roles.time is None:
        raise InitError(f"Most values of {column.name} are no times. Say which column is with --time.")
    roles.take("time", column, "its name and its values" if min(named) < len(vocabulary.TIME) else "its values")


def _unknown_times(look: Look, name: str) -> str:
    examples = [column.examples for column in look.columns if column.name == name and column.examples]
    return f"; the values of {name} ({', '.join(examples[0])}) are no times that are known" if examples else ""


def _time_tier(column: Column) -> int | None:
    """How well a column's name says that it is the event's time; None: not at all."""
    for tier, names in enumerate(vocabulary.TIME):
        if squeezed(column.name) in names.split():
            return tier
    words = words_of(column.name)
    if words & set(vocabulary.NOT_EVENT_TIME.split()):
        return None
    if words & set(vocabulary.TIME_WORDS.split()):
        return len(vocabulary.TIME)
    # Without a hint in the name only what can be nothing else: plain numbers may be ids.
    return None if column.is_number and column.type not in {"DATE"} else len(vocabulary.TIME) + 1


def _holds_times(look: Look, column: Column, given_format: str | None) -> bool:
    try:
        return time_format(look.con, "sample", column, given_format) is not None
    except InitError:
        return given_format is None  # They are times, but which only the caller can tell.


def _is_event_type(look: Look, column: Column) -> bool:
    """Whether it has few values; a state of orders must also tell those that came to nothing from others."""
    if not 0 < column.n_distinct <= MAX_EVENT_TYPES or column.is_number:
        return False
    if not is_status(column.name):
        return True
    rows = look.con.execute(f"select distinct lower(trim({quoted(column.name)}::varchar)) from seen").fetchall()
    return {True, False} <= {kind_of(state) == "taken back" for (state,) in rows if state}


def _is_of_one_event(look: Look, roles: Roles, column: Column) -> bool:
    """Whether each row has an id of its own, and none that merely numbers the rows of the one file there is.

    Numbers that begin anew in the next file would make its rows count as those of this one, and be dropped.
    """
    own = f"canonical_id({quoted(column.name)})"
    n_rows, n_ids, first, last = look.con.execute(
        f"select count(*), count(distinct {own}), min(try_cast({own} as hugeint)), max(try_cast({own} as hugeint)) "
        "from seen"
    ).fetchall()[0]
    if not n_rows or n_ids < n_rows:
        roles.left_out[column.name] = "some rows have none of their own, so it is no id of the event"
        return False
    is_said = squeezed(column.name) in vocabulary.OWN_ID[0].split()
    if not is_said and len(look.files) == 1 and first in (0, 1) and last == first + n_rows - 1:
        roles.left_out[column.name] = "it may number the rows of the file, and begin anew in the next one"
        return False
    return True


def _belongs_to_item(look: Look, roles: Roles, column: Column) -> bool:
    """Whether a column says something of the item: nearly every item has one value of it."""
    item, value = (f"nullif(trim({quoted(name)}::varchar), '')" for name in (roles.taken["item"].name, column.name))
    n_items, n_pairs = look.con.execute(
        f"select count(distinct {item}), count(distinct ({item}, {value})) from seen "
        f"where {item} is not null and {value} is not null"
    ).fetchall()[0]
    if n_pairs > 1.5 * n_items:
        roles.left_out[column.name] = "one item has many values of it, so it says nothing of the item"
    return bool(0 < n_pairs <= 1.5 * n_items)
