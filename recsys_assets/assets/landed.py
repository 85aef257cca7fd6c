"""What a raw table's page shows: files, rejected rows by reason, columns as delivered and a few landed rows.

What belongs here: reading landing for people. Landing itself is in `assets.raw` and `storage.landing`.
"""

from typing import Any

from dagster import TableColumn, TableSchema

from recsys_assets.assets.metadata import SCHEMA, as_metadata
from recsys_assets.assets.pages import markdown_table
from recsys_assets.nights import utc_now
from recsys_assets.profile import Profile
from recsys_assets.storage.lake.writer import N_SAMPLE_ROWS
from recsys_assets.storage.landing.database import Landed, Landing
from recsys_assets.storage.landing.told import when_visible

MEANINGS = {
    "landed_row": "row of data in its file, from 1",
    "landed_id": "id of the row: of its file and its place there",
    "landed_file": "file it came in, by its number in the ledger",
    "landed_known_at": "when it became known, UTC: its own time if landed as history, else its arrival",
    "landed_night": "first night that sees it",
}


def landing_metadata(profile: Profile, table: str, landed: list[Landed]) -> dict[str, Any]:
    """What landing files of one raw table did, and what the table holds now."""
    files = [
        {
            "file": file.name,
            "status": file.status,
            "read": file.rows_read,
            "landed": file.rows_landed,
            "rejected": file.rows_rejected,
            "repeated": file.rows_repeated,
            "adding nothing": file.rows_adding_nothing,
            "visible": when_visible(file, file.visible, profile, utc_now()) if file.visible else "",
            "message": file.message,
        }
        for file in landed
    ]
    told = {
        "rows_landed": sum(file.rows_landed for file in landed),
        "rows_rejected": sum(file.rows_rejected for file in landed),
        "files": markdown_table(files),
        **_now(Landing(profile), table, [file.name for file in landed]),
    }
    return as_metadata(told)


def _now(landing: Landing, table: str, names: list[str]) -> dict[str, Any]:
    """Rows and columns of a raw table, a few rows of its newest file, and what was rejected of some files."""
    rejected = [row for row in landing.reject_counts().to_pylist() if row["name"] in names]
    told: dict[str, Any] = {"rejected": markdown_table(rejected) if rejected else "no row"}
    with landing.open() as con:
        columns = con.execute(
            "select column_name, lower(data_type) from duckdb_columns() where database_name = 'landing' "
            "and schema_name = 'raw' and table_name = $1 order by column_index",
            [table],
        ).fetchall()
        if not columns:  # Every file so far was quarantined.
            return told
        raw = f'landing.raw."{table}"'
        ((n_rows,),) = con.execute(f"select count(*) from {raw}").fetchall()
        rows = con.sql(
            f"select columns(lambda c: c not like 'landed\\_%' escape '\\') from {raw} "
            f"where landed_file = (select max(landed_file) from {raw}) order by landed_row limit {N_SAMPLE_ROWS}"
        ).to_arrow_table()
    return {
        **told,
        "Sample": markdown_table(rows.to_pylist()),
        "dagster/row_count": n_rows,
        SCHEMA: TableSchema(columns=[TableColumn(name, kind, MEANINGS.get(name)) for name, kind in columns]),
    }
