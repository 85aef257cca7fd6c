"""A folder of files of JSON lines, one a table: an object a row, lists and structs as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.storage.export.base import Destination
from recsys_assets.storage.export.folder import own_place, write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.storage.export.base import Export, Place, Table


def _write_lines(export: Export, table: Table, file: Path) -> None:
    with file.open("w", encoding="utf-8") as lines:
        for batch in export.read(table, f"select {table.as_json()} as line from {table.relation}"):
            lines.write("".join(f"{line}\n" for line in batch.column(0).to_pylist()))


def _write(export: Export, place: Place) -> str:
    link, n_bytes = write_folder(export, own_place(place, "jsonl"), "jsonl", _write_lines)
    return f"{link}: {len(export.tables)} files, {n_bytes / 1e6:,.1f} MB"


DESTINATION = Destination(("jsonl",), False, _write)
