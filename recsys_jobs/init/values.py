"""Values: how ids and numbers are written, decided over all values of a column.

What belongs here: point or comma before decimals, whole numbers that came as floats, and the rating from which on an
item was liked. The macros that read them are in `sql/landing/macros.sql`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted, text
from recsys_jobs.init.amounts import NUMBERS
from recsys_jobs.init.look import InitError
from recsys_jobs.init.roles import CONTEXT

if TYPE_CHECKING:
    from recsys_jobs.init.choosing import Roles
    from recsys_jobs.init.look import Column, Look

ID_ROLES = ("user", "item", *CONTEXT)
SIGNS = {".": "point", ",": "comma"}
MOSTLY = 99
"""A spelling decides when it is so many times as frequent as the other."""
SCALES = (1, 5, 10, 100)
"""Greatest rating of the usual scales."""
LIKED_SHARE = 0.8
"""Part of its scale from which on a rating says that the item was liked: 4 of 5, 8 of 10."""


def decide_values(look: Look, roles: Roles, decimal_sign: str | None) -> None:
    """Settle how ids, numbers and ratings are read, and say so in ``roles``.

    Parameters
    ----------
    decimal_sign
        ``.`` or ``,`` for columns whose values do not tell; None: refuse them.

    Raises
    ------
    InitError
        When a column of numbers could be read either way.
    """
    if decimal_sign not in {None, *SIGNS}:
        raise InitError(f"--decimal-sign {decimal_sign!r}: give '.' or ','.")
    for role in ID_ROLES:
        if role in roles.taken:
            _decide_zeros(look, roles, role)
    _decide_signs(look, roles, decimal_sign)
    if "rating" in roles.taken and not {"event", "quantity", "value", "basket_id"} & set(roles.taken):
        roles.liked_from = _liked_from(look, roles)


def number_of(roles: Roles, role: str, column: str) -> str:
    """SQL of the number in a column."""
    return f"read_number({column}, {text(roles.signs[role])})"


def _decide_zeros(look: Look, roles: Roles, role: str) -> None:
    """Whether ``.0`` is what pandas writes behind a whole number, or belongs to the id."""
    column = roles.taken[role]
    v = f"trim({quoted(column.name)}::varchar)"
    n_zeros, n_fractions, example = look.con.execute(
        f"select count(*) filter (regexp_matches({v}, '^-?[0-9]+[.]0+$')), "
        f"count(*) filter (regexp_matches({v}, '^-?[0-9]+[.][0-9]*[1-9][0-9]*$')), "
        f"min({v}) filter (regexp_matches({v}, '^-?[0-9]+[.][0-9]*[1-9][0-9]*$')) from seen"
    ).fetchall()[0]
    if column.type == "VARCHAR" and MOSTLY * n_fractions > n_zeros:
        roles.with_zeros.add(role)
        roles.why[role] += f"; .0 stays, as {example} is an id" if n_zeros else ""
    elif n_zeros:
        roles.why[role] += "; .0 left out"


def _decide_signs(look: Look, roles: Roles, given: str | None) -> None:
    """The decimal sign of each column; one that does not tell has that of the others.

    Raises
    ------
    InitError
        When some values have one sign and some the other, or values could be read with either and no column tells.
    """
    taken = {role: roles.taken[role] for role in NUMBERS if role in roles.taken}
    told = {role: _Signs(look, column, given) for role, column in taken.items() if column.type == "VARCHAR"}
    roles.signs = dict.fromkeys(taken, ".")  # Numbers that are not text have a point when they become one.
    of_file = {signs.sign for signs in told.values() if signs.sign}
    default = of_file.pop() if len(of_file) == 1 else given
    for role, signs in told.items():
        sign = signs.sign or default
        if sign is None and signs.either:
            raise InitError(
                f"The numbers in {signs.column.name} could be either: no value of it ({signs.either}, ...) tells a "
                "decimal point from a decimal comma. Say which with --decimal-sign . or --decimal-sign ,"
            )
        roles.signs[role] = sign or "."
        if signs.sign or signs.either:
            roles.why[role] += f"; decimal {SIGNS[roles.signs[role]]}"


class _Signs:
    """What the values of a column tell of its decimal sign.

    Attributes
    ----------
    sign
        The sign that they tell; None: they do not.
    either
        A value that would be another number with the other sign; None: there is none.
    """

    def __init__(self, look: Look, column: Column, given: str | None) -> None:
        self.column = column
        n_point, point, n_comma, comma, self.either = look.con.execute(
            "with read as (select v, n, read_number(v, '.') as point, read_number(v, ',') as comma from "
            f"(select {quoted(column.name)} as v, count(*) as n from seen group by v)) "
            "select coalesce(sum(n) filter (comma is null), 0), min(v) filter (comma is null), "
            "coalesce(sum(n) filter (point is null), 0), min(v) filter (point is null), min(v) filter (point <> comma) "
            "from read where point is not null or comma is not null"
        ).fetchall()[0]
        self.sign: str | None = None
        if n_point > MOSTLY * n_comma:
            self.sign = "."
        elif n_comma > MOSTLY * n_point:
            self.sign = ","
        elif n_point:
            self.sign = given
            if given is None:
                raise InitError(
                    f"The numbers in {column.name} could be either: {n_point:,} values of it can only have a decimal "
                    f"point ({point}), {n_comma:,} only a comma ({comma}). Say which with --decimal-sign . or "
                    "--decimal-sign , and the others will be rejected."
                )


def _liked_from(look: Look, roles: Roles) -> float | None:
    """The least rating given that is in the upper fifth of its scale; None where ratings tell nothing apart."""
    rating = number_of(roles, "rating", quoted(roles.taken["rating"].name))
    values: list[float] = [
        value
        for (value,) in look.con.execute(
            f"select distinct {rating} as r from seen where isfinite(r) order by r"
        ).fetchall()
    ]
    top = next((scale for scale in SCALES if values and values[-1] <= scale), None)
    if top is None or len(values) < 2:
        return None
    return next((value for value in values if value >= LIKED_SHARE * top), values[-1])
