"""A folder of CSV files, one a table: a line of names, texts in quotes, nothing between the commas for null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.storage.export.base import Destination
from recsys_assets.storage.export.folder import own_place, write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.storage.export.base import Export, Place, Table


def _write_csv(export: Export, table: Table, file: Path) -> None:
    from pyarrow.csv import CSVWriter

    rows = export.read(table, table.plain())
    with CSVWriter(file, rows.schema) as lines:
        for batch in rows:
            lines.write_batch(batch)


def _write(export: Export, place: Place) -> str:
    link, n_bytes = write_folder(export, own_place(place, "csv"), "csv", _write_csv)
    return f"{link}: {len(export.tables)} files, {n_bytes / 1e6:,.1f} MB"


DESTINATION = Destination(("csv",), False, _write)
