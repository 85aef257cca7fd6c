"""Choosing columns: what each was taken for, and the ways to take one that all roles share.

What belongs here: the record of roles, and finding a free column by the tiers of its name. Which role asks for what is
in `recsys_jobs.init.roles`, and for numbers in `recsys_jobs.init.amounts`.
"""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from recsys_jobs.init.look import InitError
from recsys_jobs.init.vocabulary import ID_ENDS, squeezed, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from recsys_jobs.init.look import Column, Look
    from recsys_jobs.init.times import TimeFormat
    from recsys_jobs.init.vocabulary import Tiers


@dataclass
class Roles:
    """What each column was taken for."""

    taken: dict[str, Column] = field(default_factory=dict)
    """Column by role: user, item, time, event, a number, a context or an attribute."""
    why: dict[str, str] = field(default_factory=dict)
    """Reason by role, for people."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Reason by name of a column that plays no role."""
    time: TimeFormat | None = None
    signs: dict[str, str] = field(default_factory=dict)
    """Decimal sign of each role that is a number."""
    with_zeros: set[str] = field(default_factory=set)
    """Roles of ids whose ``.0`` belongs to them (versions: 1.0, 1.1)."""
    liked_from: float | None = None
    """Rating from which on an item was liked; None: events are of the types that the file tells."""

    def take(self, role: str, column: Column, why: str) -> None:
        """Give a column a role."""
        self.taken[role], self.why[role] = column, why


def named_column(look: Look, name: str, role: str) -> Column:
    """The column of a name that was given for a role.

    Raises
    ------
    InitError
        When there is none.
    """
    by_name = {column.name.lower(): column for column in look.columns}
    if name.lower() not in by_name:
        close = difflib.get_close_matches(name, [column.name for column in look.columns], n=1)
        hint = f"did you mean {close[0]}?" if close else f"Its columns are {names_of(look.columns)}."
        raise InitError(f"--{role} {name}: the file has no such column; {hint}")
    return by_name[name.lower()]


def names_of(columns: tuple[Column, ...] | list[Column]) -> str:
    """Names of columns for people, thirty at most."""
    return ", ".join(column.name for column in columns[:30])


def free_columns(look: Look, roles: Roles) -> list[Column]:
    """Columns that play no role so far."""
    used = {column.name for column in roles.taken.values()}
    return [column for column in look.columns if column.name not in used]


def only_column(role: str, columns: list[Column]) -> Column:
    """The one of several that a role goes to: the only one, or the only one that says it is an id.

    Raises
    ------
    InitError
        When there are more, with the options to give.
    """
    ids = [column for column in columns if words_of(column.name) & set(ID_ENDS.split())]
    preferred = ids if len(ids) == 1 else columns
    if len(preferred) > 1:
        choices = " or ".join(f"--{role} {shlex.quote(column.name)}" for column in preferred[:5])
        raise InitError(f"More than one column could be the {role}: {names_of(preferred)}. Say which with {choices}.")
    return preferred[0]


def take_first(look: Look, roles: Roles, role: str, tiers: Tiers, fits: Callable[[Column], bool]) -> None:
    """Give an optional role to the first free column of the best tier whose values fit."""
    if role in roles.taken:
        return
    for tier in tiers:
        named = [
            column for column in free_columns(look, roles) if squeezed(column.name) in tier.split() and fits(column)
        ]
        if named:
            roles.take(role, named[0], "its name")
            return
