"""Files whose lines hold lists or objects of events: the statement that takes them apart.

What belongs here: knowing such columns, and writing a statement that one can paste. A source maps a delivered row to
one event, so a file with several in a row is unnested before it is delivered.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.landing.readers import format_of

if TYPE_CHECKING:
    from recsys_jobs.init.look import Column, Look

MAX_FIELDS = 100
"""Fields of a nested value that are taken out of it."""
_PYTHON = ".venv/bin/python -c 'import duckdb, sys; duckdb.sql(sys.stdin.read())'"


def nested_columns(look: Look) -> list[Column]:
    """Columns with lists or objects: of Parquet by their type, of JSON lines by their values."""
    if _kind(look) == "csv":
        return []
    return [each for each in look.columns if _is_list(each) or _is_object(each)]


def unnesting(look: Look) -> str:
    """What to do with a file that has nested columns, with a command for the shell.

    A list becomes a row for each of its entries (of several lists only the first does), the fields of objects become
    columns.
    """
    file, nested = look.files[0], nested_columns(look)
    lists = [each for each in nested if _is_list(each)]
    apart = [each for each in nested if each in lists[:1] or each not in lists]
    if _kind(look) == "jsonl":
        rows, ending, options = _of_json(look, apart), "jsonl", " (format json)"
    else:
        rows, ending, options = _of_parquet(look, apart), "parquet", ""
    # Its name begins otherwise than the file's, so that both it and its successors are told from those by a pattern.
    stem = re.sub(r"(\.[A-Za-z]+)?(\.gz)?$", "", file.name, count=1, flags=re.IGNORECASE)
    flat = file.with_name(f"unnested-{stem}.{ending}")
    command = f"{_PYTHON} <<'SQL'\ncopy (\n{rows}\n) to {text(str(flat))}{options};\nSQL"
    return (
        f"{file}: nested: {', '.join(each.name for each in nested)} holds lists or objects, and a row must be one "
        f"event. Unnest it first, with DuckDB:\n\n{command}\n\n"
        f"Then run recsys init again with --file {shlex.quote(str(flat))}, and deliver later files in the same way."
    )


def _kind(look: Look) -> str:
    return format_of(look.files[0].name, look.delivery).name


def _is_list(column: Column) -> bool:
    return column.type.endswith("[]") or _some_value_is(list, column)


def _is_object(column: Column) -> bool:
    return column.type.startswith("STRUCT(") or _some_value_is(dict, column)


def _some_value_is(kind: type, column: Column) -> bool:
    for value in column.examples if column.type == "VARCHAR" else ():
        try:
            if isinstance(json.loads(value), kind):
                return True
        except ValueError:  # It is a text as any other.
            continue
    return False


def _of_parquet(look: Look, apart: list[Column]) -> str:
    columns = [f"* exclude ({', '.join(quoted(each.name) for each in apart)})"]
    for each in apart:
        name = quoted(each.name)
        columns.append(f"unnest({name}, recursive := true)" if "STRUCT(" in each.type else f"unnest({name}) as {name}")
    listed = ",\n        ".join(columns)
    return f"    select\n        {listed}\n    from read_parquet({text(str(look.files[0]))})"


def _of_json(look: Look, apart: list[Column]) -> str:
    """All values stay text, as delivered: a guessed type may lose the zeros of an id or the offset of a time."""
    kinds = {each.name: "varchar" for each in look.columns}
    kinds |= {each.name: "json[]" if _is_list(each) else "json" for each in apart}
    columns = [quoted(name) for name, kind in kinds.items() if kind == "varchar"]
    taken = {name.lower() for name in kinds}
    for each in apart:
        for field in _fields(look, each) or [""]:
            alias = field or each.name
            if field and (field.lower() in taken or not _is_list(each)):
                alias = f"{each.name}_{field}"
            taken.add(alias.lower())
            columns.append(f"{quoted(each.name)} ->> {text(_path(field))} as {quoted(alias)}")
    schema = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in kinds.items())
    file = text(str(look.files[0]))
    source = f"read_json({file}, format = 'newline_delimited', columns = {{{schema}}})"
    for name in (quoted(name) for name, kind in kinds.items() if kind == "json[]"):
        source = f"(\n        select * replace (unnest({name}) as {name})\n        from {source}\n    )"
    listed = ",\n        ".join(columns)
    return f"    select\n        {listed}\n    from {source}"


def _fields(look: Look, column: Column) -> list[str]:
    """Names of the fields that a column's objects have, or those in its lists; in order of their places."""
    value = f"try_cast({quoted(column.name)} as json)"
    if _is_list(column):
        value = f"unnest(try_cast({value} as json[]))"
    rows = look.con.execute(
        f"with objects as (select {value} as value from seen), "
        "names as (select unnest(json_keys(value)) as name, generate_subscripts(json_keys(value), 1) as place "
        "from objects where json_type(value) = 'OBJECT') "
        "select name from names group by name order by min(place), name limit $1",
        [MAX_FIELDS],
    ).fetchall()
    return [name for (name,) in rows]


def _path(field: str) -> str:
    """A field as ``->>`` takes it: its name, or a JSON pointer where that could be taken for a path; or the value."""
    if not field:
        return "$"
    is_plain = re.fullmatch(r"\w+", field)
    return field if is_plain else "/" + field.replace("~", "~0").replace("/", "~1")
