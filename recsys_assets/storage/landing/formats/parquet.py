"""Parquet, with its types as delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.storage.landing.formats.base import Format, Reject
from recsys_assets.storage.landing.text_files import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from recsys_assets.profile import Delivery


def _stage(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery, folder: Path) -> list[Reject]:
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UnreadableFile("is empty; deliver it again")
    if start != b"PAR1":
        raise UnreadableFile(
            f"is no Parquet: it begins with {start!r}. Name it after what it is (.csv, .jsonl), or set format for its "
            "delivery"
        )
    con.execute(
        "create temp table staged as select * exclude (file_row_number), file_row_number + 1 as landed_row "
        "from read_parquet($1, file_row_number = true)",
        [str(path)],
    )
    return []


FORMAT = Format("parquet", ("parquet",), _stage)
