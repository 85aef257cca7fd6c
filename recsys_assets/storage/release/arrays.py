"""The arrays beside a release: what a server maps into memory in place of asking DuckDB.

What belongs here: making one file of arrays from a finished release, and mapping it. It is numpy's own format (npz,
stored, not packed), so anything that reads numpy reads it; texts are UTF-8 bytes with their bounds. Nothing is pickled.
"""

from __future__ import annotations

import math
import mmap
import zipfile
from typing import TYPE_CHECKING, Any

from recsys_assets.storage.release.array_makers import of_contexts, of_items, of_lists, of_newcomers, of_trending
from recsys_assets.storage.release.file import ARRAYS_NAME, ReleaseError

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = ["ARRAYS_NAME", "open_arrays", "write_arrays"]

VERSION = 4
"""Raised when an array goes or changes its meaning; a file of another version is made anew by who reads it."""
_READS = {
    "serving.recommendations": (
        *("task", "user_id", "rank", "item_id", "score", "reason", "reason_algorithm", "reason_text"),
        *("evidence_item_id", "evidence_count", "evidence_days"),
    ),
    "serving.items": ("item_id", "title", "category", "department", "brand", "price", "n_buyers"),
    "serving.users": ("user_id",),
    "serving.trending": ("scope", "rank", "item_id", "score"),
    "serving.similar_items": ("item_id", "rank", "similar_item_id", "score"),
    "meta.tasks": ("task",),
}


def write_arrays(file: Path, target: Path) -> bool:
    """Write the arrays of a finished release; its caller gives them their name. Whether they were written.

    A release that lacks a table or column which they are made of, as those of first versions do, gets none.

    Raises
    ------
    ReleaseError
        If a list names an item or user that the release does not have, or DuckDB cannot read it.
    OSError
        If the disk refuses.

    Notes
    -----
    Arrays, for n users, m items and t tasks: ``lists`` (rows of all lists by task, user and rank), ``list_ends``
    (t × n + 1 bounds of them), ``deeper`` (places of the items that follow each list) and ``deeper_ends``,
    ``similar`` and ``similar_ends`` (m + 1), ``trending`` and ``trending_ends``, ``category`` and ``n_buyers`` (m),
    ``group`` (m places in ``group_json``), ``reason`` (of each row of ``lists`` the place in ``reason_json``),
    ``confidence`` (of each row of ``lists`` the place in ``confidences``, which begins with NaN: none),
    ``context`` (n, or 0 where the release stores none; -1: none of this user), and texts: ``tasks``, ``users``,
    ``items``, ``scopes``, ``categories``, ``item_json`` (id, title and price), ``group_json`` (category, department and
    brand), ``reason_json`` (with the marks of ``sql/arrays/lists.sql``; without the text where a sentence tells it) and
    ``context_json``, all parts of JSON objects, ``reason_words`` (of each reason the sentence, see `reason_arrays`),
    ``languages`` (the sentences of each), ``found_by`` (id and title, case folded), ``newcomer_chain`` (kinds of
    scopes, in order) and ``newcomers`` (ids, whose lists are ``newcomer_rows``). A text ``x`` has its bounds in
    ``x_ends``. Whole numbers are as wide as the largest of them needs.

    In ``lists`` the fields ``evidence``, ``n`` and ``days`` (hundredths) are 1 more than what they say, and 0 where
    there is nothing to say. ``score`` (its lower 16 bits, ``score_high`` those above) is that many parts of
    ``score_parts`` of its task: most are a share of the task's rows, which that holds to the last bit. What is more
    than ``score_parts`` goes on with the place in ``other_scores``.
    Memory: some 16 bytes a row of the lists and 2 or 4 a place below them; in the file 12 bytes a row.
    """
    import duckdb
    import numpy as np

    try:
        with duckdb.connect(str(file), read_only=True, config={"temp_directory": str(target.parent)}) as con:
            if not _can_be_served(con):
                return False
            arrays = {
                "version": np.array(VERSION),
                **of_items(con),
                **of_lists(con),
                **of_trending(con),
                **of_contexts(con),
                **of_newcomers(con),
            }
    except duckdb.Error as error:
        raise ReleaseError(f"The arrays of {file} cannot be made: {error}. Build its night again.") from error
    with target.open("wb") as out:
        np.savez(out, allow_pickle=False, **arrays)
    return True


def open_arrays(file: Path) -> dict[str, Array]:
    """Map the arrays into memory: nothing is read until it is asked for, and what is deleted meanwhile stays.

    Raises
    ------
    ReleaseError
        If it is no such file, or one of another version.
    OSError
        If there is none.
    """
    import numpy as np

    arrays: dict[str, Array] = {}
    with file.open("rb") as opened:
        try:
            mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
            with zipfile.ZipFile(opened) as archive:
                for entry in archive.infolist():
                    opened.seek(entry.header_offset + 26)
                    lengths = opened.read(4)
                    start = entry.header_offset + 30 + sum(int.from_bytes(lengths[i : i + 2], "little") for i in (0, 2))
                    opened.seek(start)
                    np.lib.format.read_magic(opened)
                    shape, _, dtype = np.lib.format.read_array_header_1_0(opened)
                    array = np.frombuffer(mapped, dtype, math.prod(shape), opened.tell()) if math.prod(shape) else None
                    name = entry.filename.removesuffix(".npy")
                    arrays[name] = np.empty(shape, dtype) if array is None else array.reshape(shape)
        except (ValueError, zipfile.BadZipFile) as error:
            raise ReleaseError(f"{file} holds no arrays ({error}). Build its night again.") from error
    if int(arrays.get("version", np.array(0))) != VERSION:
        raise ReleaseError(f"{file} has arrays of another version of recsys. Build its night again.")
    return arrays


def _can_be_served(con: DuckDBPyConnection) -> bool:
    query = "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal"
    found = set(con.execute(query).fetchall())
    return all((table, column) in found for table, columns in _READS.items() for column in columns)
