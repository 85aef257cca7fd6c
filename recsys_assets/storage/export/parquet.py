"""A folder of Parquet files, one a table: types and lists as they are, instants in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.storage.export.base import Destination
from recsys_assets.storage.export.folder import own_place, write_folder

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from recsys_assets.storage.export.base import Export, Place, Table


def write_parquet(export: Export, table: Table, sink: Any) -> None:
    """Write one table, a row group for each batch that is read; the same rows give the same bytes.

    Parameters
    ----------
    export, table
        What to write.
    sink
        A path, or anything with a ``write``.
    """
    import pyarrow.parquet as pq

    rows = export.read(table, table.typed())
    with pq.ParquetWriter(sink, rows.schema, compression="zstd") as file:
        for batch in rows:
            file.write_batch(batch)


def _write(export: Export, place: Place) -> str:
    def to_file(export: Export, table: Table, file: Path) -> None:
        write_parquet(export, table, file)

    link, n_bytes = write_folder(export, own_place(place, "parquet"), "parquet", to_file)
    return f"{link}: {len(export.tables)} files, {n_bytes / 1e6:,.1f} MB"


DESTINATION = Destination(("parquet",), False, _write)
