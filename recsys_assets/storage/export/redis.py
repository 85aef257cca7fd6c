"""Redis: a hash a table with what is asked for at once as JSON, under a prefix of its own, which one key names.

Keys of an export that is under way pass away by themselves after a day, so a killed one leaves nothing for long. The
last step, in one MULTI, lets them stay, names them, and lets those of the export before pass away.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from recsys_assets.selects.quoting import quoted
from recsys_assets.storage.export.base import Destination, ExportError, address

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import redis

    from recsys_assets.storage.export.base import Export, Place, Table

PIP = "pip install 'redis>=8.1,<9'"
UNFINISHED, GRACE = 86_400, 600
"""Seconds after which the keys of a killed export go, and for which readers of the one before may go on."""
SENT = 1_000
"""Fields, or rows, in one round trip: some 4 MB of lists."""
ROWS_AT_ONCE = 100_000
"""Rows whose lists are made at once."""


@dataclass(frozen=True)
class _Shape:
    """How a table is asked: by one field of a hash, whose value is one row, or the list of rows."""

    field: str
    columns: tuple[str, ...] | None = None
    split: str | None = None
    is_list: bool = True


SHAPES = {
    # What the macro serving.recommend gives, a hash for each task.
    "serving.recommendations": _Shape(
        "user_id", ("rank", "item_id", "title", "category", "score", "reason", "reason_text"), split="task"
    ),
    "serving.similar_items": _Shape("item_id", ("rank", "similar_item_id", "title", "category", "score")),
    "serving.trending": _Shape("scope"),
    "serving.items": _Shape("item_id", is_list=False),
    "serving.users": _Shape("user_id", is_list=False),
}
"""Tables that are hashes; any other is a list of rows."""


def _write(export: Export, place: Place) -> str:
    try:
        import redis
    except ModuleNotFoundError as error:
        raise ExportError(f"Exporting to Redis needs its client: {PIP}") from error
    server, prefix = address(place.to), place.name
    generation = f"{prefix}:{export.release}:{uuid4().hex[:12]}"
    with _said(server):
        # A password in the URL goes before.
        client = redis.Redis.from_url(
            place.to,
            password=os.environ.get("REDISCLI_AUTH"),
            socket_connect_timeout=10,
            socket_timeout=60,
            decode_responses=True,
        )
        with client:
            staged = _Staged(client, generation)
            try:
                for table in export.tables:
                    _fill(staged, export, table)
                _swap(staged, prefix)
            except BaseException:
                staged.remove()
                raise
    return f"{len(staged.keys)} keys on {server}; GET {prefix} gives what their names begin with"


class _Staged:
    """Keys that nobody reads yet."""

    def __init__(self, client: redis.Redis, generation: str) -> None:
        self.client, self.generation = client, generation
        self.keys: set[str] = set()

    def send(self, name: str, command: str, *values: str) -> None:
        """Run a command on a key, which is to pass away unless the export ends well: both or neither."""
        key = f"{self.generation}:{name}"
        self.keys.add(key)
        with self.client.pipeline(transaction=True) as pipe:
            pipe.execute_command(command, key, *values)  # type: ignore[no-untyped-call]
            pipe.expire(key, UNFINISHED)
            pipe.execute()

    def remove(self) -> None:
        """Delete them, where the server still answers."""
        import redis

        if self.keys:
            with suppress(redis.RedisError):
                self.client.unlink(*self.keys)


def _fill(staged: _Staged, export: Export, table: Table) -> None:
    """Send one table."""
    shape = SHAPES.get(table.name)
    if shape is None:
        for batch in export.read(table, f"select {table.as_json()} from {table.relation}"):
            rows = batch.column(0).to_pylist()
            for start in range(0, len(rows), SENT):
                staged.send(table.flat, "RPUSH", *rows[start : start + SENT])
        return
    n_parts = table.n_rows // ROWS_AT_ONCE + 1
    for part in range(n_parts):
        for batch in export.read(table, _fields(table, shape, part, n_parts), part, n_parts):
            _send_fields(staged, table.flat, batch)


def _send_fields(staged: _Staged, name: str, batch: pa.RecordBatch) -> None:
    """Send fields of hashes: columns split, field, value."""
    import pyarrow.compute as pc

    for split in batch.column(0).unique().to_pylist():
        mine = batch if split is None else batch.filter(pc.equal(batch.column(0), split))
        for start in range(0, mine.num_rows, SENT):
            _, fields, values = (column.to_pylist() for column in mine.slice(start, SENT).columns)
            pairs = chain.from_iterable(zip(fields, values, strict=True))
            staged.send(name if split is None else f"{name}:{split}", "HSET", *pairs)


def _fields(table: Table, shape: _Shape, part: int, n_parts: int) -> str:
    """SELECT of one part of the fields; lists are made for some users at a time, since all would not fit."""
    columns = [name for name in shape.columns or table.columns if name in table.columns]
    value, group = table.as_json(columns), ""
    if shape.is_list:
        value, group = f"'[' || string_agg({value}, ',' order by rank) || ']'", "group by all"
    return (
        f"select {quoted(shape.split) if shape.split else 'null::varchar'} as split, {quoted(shape.field)} as field, "
        f"{value} as value from {table.relation} where hash({quoted(shape.field)}) % {n_parts} = {part} {group}"
    )


def _swap(staged: _Staged, prefix: str) -> None:
    """Let readers see the new keys instead of the old, at once."""

    def swap(pipe: redis.client.Pipeline) -> None:
        before = cast("str | None", pipe.get(prefix))
        old = cast("set[str]", pipe.smembers(f"{before}:keys")) if before else set()
        pipe.multi()
        for key in staged.keys:
            pipe.persist(key)
        listing = f"{staged.generation}:keys"
        pipe.sadd(listing, *staged.keys, listing)
        pipe.set(prefix, staged.generation)
        for key in old:
            pipe.expire(key, GRACE)

    # Tried again where another export swapped in between.
    staged.client.transaction(swap, prefix)


@contextmanager
def _said(server: str) -> Iterator[None]:
    """Turn what the client raises into what to do."""
    import redis

    try:
        yield
    except redis.AuthenticationError as error:
        raise ExportError(
            f"Redis at {server} does not let us in: {error}. The password is REDISCLI_AUTH; a user stands in the URL."
        ) from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise ExportError(
            f"Redis at {server} cannot be reached: {error}. Start it, or mend host and port. The export before stays."
        ) from error
    except (redis.RedisError, ValueError) as error:
        raise ExportError(
            f"Redis at {server} refused: {error}. Where it is short of memory, export fewer tables (--table) or raise "
            "its maxmemory. The export before stays."
        ) from error


DESTINATION = Destination(("redis", "rediss"), True, _write)
