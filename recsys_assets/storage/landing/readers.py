"""Reading delivered files, exactly as delivered, into a table of staged rows.

What belongs here: which format a file has. The formats are modules of `landing.formats`. Text formats are read as text,
so that ids and numbers stay as delivered; Parquet keeps its types. Lines that cannot be split into columns come back as
rejects, not as an error.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_assets.storage.landing.formats import formats
from recsys_assets.storage.landing.text_files import UnreadableFile
from recsys_assets.storage.queries import column_types

if TYPE_CHECKING:
    import duckdb

    from recsys_assets.profile import Delivery
    from recsys_assets.storage.landing.formats.base import Format, Reject
    from recsys_assets.storage.landing.opening import OpenFile

__all__ = ["UnreadableFile", "format_of", "stage"]


def stage(con: duckdb.DuckDBPyConnection, file: OpenFile, delivery: Delivery) -> list[Reject]:
    """Read an open file into the temporary table ``staged``: its columns plus ``landed_row`` (1-based row of data).

    Returns
    -------
    list of (row, column, reason, line)
        Lines that could not be split into the file's columns; ``row`` counts rows after the header.

    Raises
    ------
    UnreadableFile
        When the format is unknown or nothing can be read.
    """
    import duckdb

    of_file = format_of(file.path.name, delivery)
    con.execute("drop table if exists staged")
    try:
        with tempfile.TemporaryDirectory(prefix="recsys-") as folder:
            rejects = of_file.stage(con, file.content, delivery, Path(folder))
    except duckdb.Error as error:
        said = " ".join(str(error).strip().splitlines()[:2])
        raise UnreadableFile(said.replace(str(file.content), file.path.name)) from error
    for name in column_types(con, "staged"):
        if name != "landed_row" and name.lower().startswith("landed_"):
            raise UnreadableFile(f"column {name} starts with landed_, which is reserved; rename it")
    return rejects


def format_of(name: str, delivery: Delivery) -> Format:
    """The delivery's format, else the one that the end of the file's name tells."""
    if delivery.format is not None:
        return formats()[delivery.format]
    ending = name.lower().removesuffix(".gz").rpartition(".")[2]
    for each in formats().values():
        if ending in each.endings:
            return each
    raise UnreadableFile(
        f"format .{ending} is not known; deliver CSV, CSV.gz, Parquet or JSON lines, or set format for its delivery"
    )
