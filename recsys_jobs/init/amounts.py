"""Pieces and money: what a column of numbers counts, as far as its values tell.

What belongs here: which columns are the quantity, value, price and rating; telling a number of pieces from an amount of
money, and the price of a line from that of a piece.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted
from recsys_jobs.init import vocabulary
from recsys_jobs.init.choosing import take_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recsys_jobs.init.choosing import Roles
    from recsys_jobs.init.look import Column, Look
    from recsys_jobs.init.vocabulary import Tiers

NUMBERS: dict[str, Tiers] = {
    "quantity": vocabulary.QUANTITY,
    "value": vocabulary.VALUE,
    "price": vocabulary.PRICE,
    "rating": vocabulary.RATING,
}

MOST_PIECES = 100
"""Nine of ten lines have at most so many pieces."""
ENOUGH_LINES = 5
"""Lines with several pieces, of items that were also sold singly, from which on prices are compared."""
NEARLY_ALL = 0.8
"""Share of them that must agree."""


def take_numbers(look: Look, roles: Roles, asked: Mapping[str, str | None]) -> None:
    """Give the roles of numbers to columns, by name and by value."""
    for role, tiers in NUMBERS.items():
        if asked.get(role) is None:
            take_first(look, roles, role, tiers, partial(_is_number, look, roles, of_line=role == "value"))
        if role == "quantity" and role not in roles.taken and asked.get(role) is None:
            _take_amount_of_pieces(look, roles)
    _settle_price(look, roles, asked)


def _is_number(look: Look, roles: Roles, column: Column, *, of_line: bool) -> bool:
    """Whether a column holds numbers; those of a line do not say one for the whole order, on one or all its lines."""
    if not column.is_number:
        roles.left_out[column.name] = "its values are no numbers" if column.n_values else "empty"
        return False
    if not of_line or "basket_id" not in roles.taken:
        return True
    basket, value = (
        f"nullif(trim({quoted(name)}::varchar), '')" for name in (roles.taken["basket_id"].name, column.name)
    )
    n_orders, n_of_order = look.con.execute(
        f"select count(*), count(*) filter (n_values = 1) from (select count(*) as n_lines, "
        f"count(distinct {value}) as n_values from seen where {basket} is not null group by {basket}) "
        "where n_lines > 1 and n_values > 0"
    ).fetchall()[0]
    if n_of_order > 0.9 * n_orders:
        roles.left_out[column.name] = "one value for all lines of an order, so it is no line's"
        return False
    return True


def _take_amount_of_pieces(look: Look, roles: Roles) -> None:
    """Where no column is the pieces by its name, one called amount may hold them rather than money."""
    take_first(look, roles, "quantity", (vocabulary.AMOUNT,), partial(are_pieces, look))
    if "quantity" in roles.taken:
        roles.why["quantity"] = "its name and its values: small whole numbers, mostly 1"


def _settle_price(look: Look, roles: Roles, asked: Mapping[str, str | None]) -> None:
    """A column called a price that grows with the pieces is what the line cost."""
    if not {"price", "quantity"} <= set(roles.taken):
        return
    price = roles.taken["price"]
    if is_of_line(look, roles.taken["item"], roles.taken["quantity"], price):
        del roles.taken["price"], roles.why["price"]
        if "value" in roles.taken or asked.get("value") is not None:
            roles.left_out[price.name] = "it grows with the pieces, so it is the line's and no piece's"
        else:
            roles.take("value", price, "its name; it grows with the pieces, so it is the line's")


def are_pieces(look: Look, column: Column) -> bool:
    """Whether numbers count pieces: whole and small, without a currency, and more often 1 than anything else."""
    v = f"trim({quoted(column.name)}::varchar)"
    n_values, n_whole, usual, most = look.con.execute(
        f"select count(v), count(*) filter (regexp_matches(v, '^-?[0-9]+([.]0+)?$')), "
        "mode(abs(try_cast(v as double))), quantile_disc(abs(try_cast(v as double)), 0.9) "
        f"from (select nullif({v}, '') as v from sample)"
    ).fetchall()[0]
    return bool(n_values and n_whole >= 0.99 * n_values and usual == 1 and most <= MOST_PIECES)


def is_of_line(look: Look, item: Column, pieces: Column, price: Column) -> bool:
    """Whether a price grows with the pieces: most lines of several cost a multiple of what one piece costs."""
    number = "coalesce(read_number({v}, '.'), read_number({v}, ','))"
    read = {role: number.format(v=quoted(column.name)) for role, column in (("n", pieces), ("paid", price))}
    n_lines, n_grow = look.con.execute(
        f"with lines as (select {quoted(item.name)}::varchar as item, {read['n']} as n, {read['paid']} as paid "
        "from seen where n > 0 and paid > 0), "
        "singles as (select item, median(paid) as paid from lines where n = 1 group by item) "
        "select count(*), "
        "count(*) filter (abs(ln(lines.paid / (n * singles.paid))) < abs(ln(lines.paid / singles.paid))) "
        "from lines inner join singles using (item) where n >= 2"
    ).fetchall()[0]
    return bool(n_lines >= ENOUGH_LINES and n_grow > NEARLY_ALL * n_lines)
