"""Releases of what is hard to write down: markup, quotes, lines, NaN, instants, lists; of one row; and of none."""

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from recsys_assets.storage.release.releases import Releases
from tests.serving import small

TABLES = (
    "serving.recommendations",
    "serving.similar_items",
    "serving.trending",
    "serving.items",
    "serving.users",
    "meta.odd",
    "meta.export",
)
TEXTS = ("", "null", "a,b\t\"c\"; 'd'", "two\nlines\r\n", "\\N \\. \\x41", "☕ ünal <b>&amp;</b>", " padded ", None)
ODD = pa.table(
    {
        "n": pa.array([1, -(2**62), 0, None, 5, 6, 7, 8], pa.int64()),
        "share": pa.array([0.1, float("nan"), float("inf"), float("-inf"), 1e-300, 1e300, -0.5, None], pa.float64()),
        "said": pa.array(TEXTS, pa.string()),
        "is_so": pa.array([True, False, None, True, True, True, True, True]),
        "at": pa.array(
            [datetime(2017, 10, 31, 23, 59, 59, 999_999), None, *[datetime(1969, 1, 1)] * 6], pa.timestamp("us")
        ),
        "day": pa.array([date(2017, 10, 31), None, *[date(1, 1, 1)] * 6]),
        "names": pa.array([["a", 'b"\n'], [], None, *[["☕", None]] * 5], pa.list_(pa.string())),
        "who": pa.array([{"name": "x", "rank": 1}, None, *[{"name": "'", "rank": None}] * 6]),
        "small": pa.array([1] * 8, pa.uint8()),
    }
)


def publish(
    root: Path, release_id: str = "a", marker: str = "", night: date = small.NIGHT, rows: int | None = None
) -> Path:
    """Publish a release with `meta.odd`; ``rows`` 1: of one user and one item, 0: of none; returns its file."""
    tables = small.tables(night, marker) | {"meta.odd": ODD}
    if rows is not None:
        lists = tables["serving.recommendations"]
        lists = lists.filter(pc.equal(lists["task"], "next")).slice(0, rows)
        tables["serving.recommendations"] = lists
        tables["serving.deeper_lists"] = tables["serving.deeper_lists"].slice(0, 0)  # Places among items that go.
        for name, table in tables.items():
            for column in {"user_id", "item_id"} & {*table.column_names}:
                table = table.filter(pc.is_in(table[column], lists[column].combine_chunks()))
            tables[name] = table if name in {"meta.build", "meta.tasks"} else table.slice(0, rows)
    releases = Releases(root)
    file = releases.build(night, release_id, tables, small.MACROS)
    releases.publish(night, release_id)
    return file
