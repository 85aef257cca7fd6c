"""Files without a line of names: which column is what, by what its values look like.

What belongs here: the names such columns get in the delivery, and refusing where values tell too little. That users
come before items is a convention of files without names (MovieLens, Amazon), so it is told wherever it is used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted
from recsys_jobs.init.amounts import are_pieces
from recsys_jobs.init.look import InitError
from recsys_jobs.init.times import time_format

if TYPE_CHECKING:
    from recsys_jobs.init.look import Column, Look

FEW = 21
"""A scale of ratings has no more steps than 0, 0.5, ... 10."""
MANY_VALUES = 100
"""Values from which on a column with as few different ones as a scale holds no ids."""


def name_columns(look: Look) -> Look:
    """The same rows, their columns named by their values where the file names none.

    Raises
    ------
    InitError
        When the values tell too little, with the option to give.
    """
    if not look.is_unnamed:
        return look
    told = _told(look)
    for column in look.columns:
        if column.name in told:
            renamed = f"rename {quoted(column.name)} to {quoted(told[column.name][0])}"
            look.con.execute(f"alter table seen {renamed}; alter table sample {renamed}")
    columns = tuple(
        replace(column, name=told[column.name][0]) if column.name in told else column for column in look.columns
    )
    return replace(
        look,
        columns=columns,
        delivery=look.delivery.model_copy(update={"columns": [column.name for column in columns]}),
        told=dict(told.values()),
    )


def _told(look: Look) -> dict[str, tuple[str, str]]:
    """Name and reason of each column with values, by the name it has so far."""
    filled = [column for column in look.columns if column.n_values]
    times = [column for column in filled if _is_time(look, column)]
    others = [column for column in filled if column not in times]
    told = {column.name: ("time", "its values") for column in times[:1]}
    if len(times) != 1 or len(others) < 2 or any(_is_scale(column) for column in others[:2]):
        raise InitError(_question(look, told))
    told[others[0].name] = "user", "it is the first column of ids; the file has no names"
    told[others[1].name] = "item", "it is the second column of ids; the file has no names"
    for column in others[2:]:
        name = _number(look, column)
        if name is None or name in dict(told.values()):
            raise InitError(_question(look, told))
        told[column.name] = name, "its values"
    return told


def _question(look: Look, told: dict[str, tuple[str, str]]) -> str:
    rows = "; ".join(f"{column.name}: {', '.join(column.examples) or 'empty'}" for column in look.columns)
    names = ",".join(told[column.name][0] if column.name in told else "..." for column in look.columns)
    return (
        f"{look.files[0].name} has no line of column names, and its values do not tell which column is what ({rows}). "
        f"Name all of them in order with --columns {names}, for example --columns user,item,rating,time; what plays no "
        "role may be called anything."
    )


def _is_time(look: Look, column: Column) -> bool:
    """Whether values are times; numbers of five digits, which Excel has for days, are ids as often."""
    try:
        found = time_format(look.con, "sample", column, None)
    except InitError:
        return True  # They are, and only the caller can tell the day from the month.
    return found is not None and "Excel" not in found.what


def _is_scale(column: Column) -> bool:
    return column.n_values >= MANY_VALUES and column.n_distinct <= FEW


def _number(look: Look, column: Column) -> str | None:
    """What numbers count: pieces, a rating or money; None where they do not tell."""
    if not column.is_number:
        return None
    if are_pieces(look, column):
        return "quantity"
    number = f"coalesce(read_number({quoted(column.name)}, '.'), read_number({quoted(column.name)}, ','))"
    least, most, n_fractions = look.con.execute(
        f"select min(n), max(n), count(*) filter (n <> floor(n)) from (select {number} as n from sample)"
    ).fetchall()[0]
    if least >= 0 and most <= 10 and column.n_distinct <= FEW:
        return "rating"
    return "value" if n_fractions else None
