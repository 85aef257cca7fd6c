"""The SELECTs of a source, written out of the roles of a file's columns.

What belongs here: the text of `events.sql`, `items.sql` and `retractions.sql`. What `sql/sources/events_table` holds is
what is written for a file with the columns user, item, time, event, quantity and value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.queries import first_value
from recsys_jobs.init.amounts import NUMBERS
from recsys_jobs.init.look import TABLE, InitError
from recsys_jobs.init.roles import ATTRIBUTES, CONTEXT, OWN_ID
from recsys_jobs.init.values import ID_ROLES, number_of
from recsys_jobs.init.vocabulary import LIKED, PURCHASES, RATED, TAKEN, VIEWS, is_status, kind_of, words_of

if TYPE_CHECKING:
    from recsys_jobs.init.choosing import Roles
    from recsys_jobs.init.look import Column, Look

RESERVED = "select keyword_category from duckdb_keywords() where keyword_name = $1 and keyword_category = 'reserved'"


def write_selects(look: Look, roles: Roles, zone: str | None, event_types: list[str]) -> dict[str, str]:
    """Text of each SQL file by its name.

    Parameters
    ----------
    zone
        Time zone of times without an offset; None: they are taken as UTC.
    event_types
        Distinct values of the event column, in lower case.
    """
    lines = _Lines(look, roles, zone)
    files = {"events": _events(lines, event_types)}
    if attributes := _attributes(lines):
        files["items"] = _items(lines, attributes)
    if lines.has_returns:
        files["retractions"] = _retractions(lines)
    return files


def readings(look: Look, roles: Roles, zone: str | None) -> dict[str, list[tuple[str, str]]]:
    """Example values of ids, times and numbers by role: as delivered, and as the SELECTs understand them."""
    lines = _Lines(look, roles, zone)
    understood = {role: lines.id(role) for role in ID_ROLES if role in roles.taken}
    understood |= {role: f"printf('%.15g', {lines.number(role)})" for role in NUMBERS if role in roles.taken}
    understood["time"] = lines.instant()
    read = {}
    for role, expression in understood.items():
        column = roles.taken[role]
        delivered = f"trim(lines.{quoted(column.name)}::varchar)"
        meanings = dict(
            look.con.execute(
                f"select distinct {delivered}, coalesce(({expression})::varchar, 'cannot be read') "
                f"from sample as lines where list_contains($1, {delivered})",
                [list(column.examples)],
            ).fetchall()
        )
        read[role] = [(value, meanings[value]) for value in column.examples]
    return read


def comment(value: str) -> str:
    """Text that stays on its line, whatever was in it."""
    return re.sub(r"[^\S ]|[^\x20-\x7e\xa0-\U0010ffff]|[\u2028\u2029\x85]", " ", value)


class _Lines:
    """Expressions over one delivered row, `lines`."""

    def __init__(self, look: Look, roles: Roles, zone: str | None) -> None:
        self.look, self.con, self.roles, self.zone = look, look.con, roles, zone
        self.quantity = self.number("quantity") if "quantity" in roles.taken else None
        self.has_returns = False
        if self.quantity:
            returns = f"select count(*) from seen as lines where {self.quantity} < 0"
            self.has_returns = first_value(look.con, returns) > 0

    def column(self, role: str) -> str:
        """Reference to the column of a role."""
        return "lines." + self._name(self.roles.taken[role])

    def _name(self, column: Column) -> str:
        plain = re.fullmatch(r"[a-z_][a-z0-9_]*", column.name)
        return (
            column.name if plain and not self.con.execute(RESERVED, [column.name]).fetchall() else quoted(column.name)
        )

    def id(self, role: str) -> str:
        """Id in its one form; `17850.0` is 17850 unless its zeros belong to it."""
        return f"{'visible_text' if role in self.roles.with_zeros else 'canonical_id'}({self.column(role)})"

    def number(self, role: str) -> str:
        """Number; null where its text cannot be read, which `rejects` tells."""
        return number_of(self.roles, role, self.column(role))

    def rejects(self, *roles: str, above_zero: str | None = None) -> dict[str, str]:
        """Columns that reject rows whose numbers cannot be read, or are zero where one must be above it."""
        cases = []
        for role in roles:
            unread = f"unread_number({self.column(role)}, {text(self.roles.signs[role])})"
            cases.append((role, f"{unread} is not null", unread))
            if role == above_zero:
                zero = f"{self.number(role)} <= 0"
                cases.append((role, zero, f"case when {zero} then '{role} is not above zero' end"))
        if not cases:
            return {}
        whens = [f"when {condition} then '{role}'" for role, condition, _ in cases]
        reasons = [reason for *_, reason in cases]
        if len(cases) == 1:
            return {"reject_column": f"case {whens[0]} end", "reject_reason": reasons[0]}
        return {
            "reject_column": _in_lines("case", whens, "", "end"),
            "reject_reason": _in_lines("coalesce(", reasons, ",", ")"),
        }

    def instant(self) -> str:
        """UTC instant of the event."""
        assert self.roles.time is not None, "roles without a time are refused earlier"
        return self.roles.time.instant(self.column("time"), self.zone)


def _events(lines: _Lines, event_types: list[str]) -> str:
    roles = lines.roles
    columns = {OWN_ID: lines.id(OWN_ID)} if OWN_ID in roles.taken else {}
    columns |= {"user_id": lines.id("user"), "item_id": lines.id("item"), "event_ts": lines.instant()}
    columns["event_type"] = event_type(lines, event_types)
    if lines.quantity:
        columns["quantity"] = lines.quantity
    if value := _value(lines):
        columns["value"] = value
    if "rating" in roles.taken:
        columns["rating"] = lines.number("rating")
    columns |= {role: lines.id(role) for role in CONTEXT if role in roles.taken}
    read = [role for role in ("quantity", "value", "price", "rating") if role in roles.taken]
    if "value" in read and "price" in read:
        read.remove("price")  # Only items.sql reads it.
    columns |= lines.rejects(*read, above_zero="quantity")
    where = f"where not coalesce({lines.quantity} < 0, false)\n" if lines.has_returns else ""
    about = ["One row an event: who took what, and when.", _about_time(lines)]
    about += ["Rows with a negative quantity are in retractions.sql."] if where else []
    about += ["Rows that share a delivered_id count once, whatever else they say."] if OWN_ID in columns else []
    if _came_to_nothing(roles, event_types):
        about += [
            "Orders that came to nothing keep the state that says so as their type, which the profile leaves out."
        ]
    if roles.liked_from is not None:
        about += [
            f"Rated {roles.liked_from:g} or more, an item was liked. What was rated lower was had: the profile gives",
            "that the weight 0, so it is neither learned from nor recommended again.",
        ]
    return _select(about, columns) + where


def event_type(lines: _Lines, event_types: list[str]) -> str:
    """SQL of the event's type, in lower case; what means a purchase is called one."""
    if lines.roles.liked_from is not None:
        return f"case when {lines.number('rating')} >= {lines.roles.liked_from:g} then '{LIKED}' else '{RATED}' end"
    if "event" not in lines.roles.taken:
        return text(_only_type(lines))
    given = f"lower(trim({lines.column('event')}))"
    if states := _came_to_nothing(lines.roles, event_types):
        return f"case when {given} in ({', '.join(map(text, states))}) then {given} else 'purchase' end"
    others = [name for name in event_types if kind_of(name) == "purchase" and name != "purchase"]
    if not others:
        return given
    listed = ", ".join(map(text, others))
    return f"case when {given} in ({listed}) then 'purchase' else {given} end"


def _came_to_nothing(roles: Roles, event_types: list[str]) -> list[str]:
    """States of orders that are no purchases; none where the column tells what happened, not what became of it."""
    if "event" not in roles.taken or not is_status(roles.taken["event"].name):
        return []
    return [name for name in event_types if kind_of(name) == "taken back"]


def _only_type(lines: _Lines) -> str:
    """Type of all events of a file that gives none: what its name or columns say, `event` where they say nothing."""
    taken = lines.roles.taken
    if {"quantity", "value", "price", "basket_id"} & set(taken):
        return "purchase"
    if "rating" in taken:
        return "rating"
    named = [lines.look.files[0].name, taken["item"].name, taken["time"].name]
    words = {word.removesuffix("s") for name in named for word in words_of(name)}
    if words & set(PURCHASES.split()):
        return "purchase"
    return min(words & set(f"{VIEWS} {TAKEN}".split()) - {"event"}, default="event")


def _value(lines: _Lines) -> str | None:
    """What was paid for the line."""
    if "value" in lines.roles.taken:
        return lines.number("value")
    if "price" not in lines.roles.taken:
        return None
    price = lines.number("price")
    return f"{lines.quantity} * {price}" if lines.quantity else price


def _about_time(lines: _Lines) -> str:
    time = lines.roles.time
    assert time is not None, "roles without a time are refused earlier"
    if not time.is_local:
        return f"Times are {comment(time.what)}."
    zone = f"local ones of {lines.zone}; they become UTC" if lines.zone else "taken as UTC"
    return f"Times are {comment(time.what)}. Those that say no offset are {zone}."


def _attributes(lines: _Lines) -> dict[str, str]:
    """SQL of each column that says something of the item."""
    taken = lines.roles.taken
    given = {role: lines.column(role) for role in ATTRIBUTES if role in taken}
    levels = [role for role in ("subcategory", "department") if role in given]
    if "category" not in given and levels:
        given["category"] = given[levels[0]]
    if "price" in taken:
        given["price"] = lines.number("price")
    elif {"value", "quantity"} <= set(taken):
        given["price"] = f"round(abs({lines.number('value')} / nullif({lines.quantity}, 0)), 4)"
    return {role: given[role] for role in (*ATTRIBUTES, "price") if role in given}


def _items(lines: _Lines, attributes: dict[str, str]) -> str:
    columns = {"item_id": lines.id("item"), **attributes, "known_from": lines.instant()}
    about = ["What an event says of its item. Each change makes a version, known from the event on."]
    taken = lines.roles.taken
    if "price" in taken:
        columns |= lines.rejects("price")
    elif "price" in attributes:
        about += ["The price of one piece is what its line cost, over the pieces of the line."]
    if "category" in attributes and "category" not in taken:
        level = "subcategory" if "subcategory" in taken else "department"
        about += [f"No column is the category, so the {level} stands for it: metrics and trends count by category."]
    return _select(about, columns)


def _retractions(lines: _Lines) -> str:
    columns = {"user_id": lines.id("user"), "item_id": lines.id("item"), "event_ts": lines.instant()}
    columns["quantity"] = f"-{lines.quantity}"
    if "basket_id" in lines.roles.taken:
        columns["basket_id"] = lines.id("basket_id")
    about = [
        "What was given back: each takes the latest earlier purchase of that user and item back, up to its quantity."
    ]
    return _select(about, columns) + f"where {lines.quantity} < 0\n"


def _in_lines(opened: str, lines: list[str], between: str, closed: str) -> str:
    return "\n".join([opened, *[f"        {line}" for line in f"{between}\n".join(lines).split("\n")], f"    {closed}"])


def _select(about: list[str], columns: dict[str, str]) -> str:
    listed = ",\n".join(
        f"    {expression} as {name}" if expression != f"lines.{name}" else f"    {expression}"
        for name, expression in {"landed_id": "lines.landed_id", **columns}.items()
    )
    head = "".join(f"-- {line}\n" for line in about)
    return f"{head}select\n{listed}\nfrom raw.{TABLE} as lines\n"


def event_types_of(look: Look, roles: Roles) -> list[str]:
    """Distinct event types of all rows, in lower case, sorted.

    Raises
    ------
    InitError
        When there are too many to be types.
    """
    if "event" not in roles.taken:
        return []
    name = quoted(roles.taken["event"].name)
    rows = look.con.execute(
        f"select distinct lower(trim({name}::varchar)) as type from seen where trim({name}::varchar) <> '' "
        "order by type limit 1001"
    ).fetchall()
    if len(rows) > 1000:
        raise InitError(
            f"{roles.taken['event'].name} has over a thousand values, so it is no event type. Name another column "
            "with --event, or none with --event ''."
        )
    return [name for (name,) in rows]
