"""What an asset's page tells of one write: results, rows, sample, watermark, file, cost.

What belongs here: turning what a step did into Dagster's metadata. What a page tells of columns is in `assets.columns`.

Dagster 1.13 shows the columns of ``dagster/column_schema`` above all other metadata, and those sorted by name, capitals
first. So what people look for (results, the sample) has a name that begins with a capital, and where a step has results
its columns stand among the rest, as ``columns``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster import MetadataValue

from recsys_assets.assets.columns import column_schema
from recsys_assets.assets.pages import Markdown, markdown_table
from recsys_assets.storage.lake.writer import Written
from recsys_assets.storage.models import Model

SCHEMA = "dagster/column_schema"


def table_metadata(
    written: Written, columns: Mapping[str, Any] | None = None, *, beneath: bool = False
) -> dict[str, Any]:
    """Rows, column schema, watermark, fingerprint, file and a few rows of a table just written.

    Parameters
    ----------
    columns
        What `columns.column_metadata` says of a SQL file's table; none: types and meanings alone.
    beneath
        Whether the columns stand beneath what else the page tells.
    """
    told = dict(columns or {SCHEMA: column_schema(written)})
    if beneath:
        told["columns"] = told.pop(SCHEMA)
    return {
        "dagster/row_count": written.rows,
        "Sample": markdown_table(written.sample),
        "watermark": str(written.watermark or "no event yet"),
        "fingerprint": written.partition.fingerprint,
        "file": written.partition.path,
        "inputs": written.n_inputs,
        **told,
    }


def model_metadata(model: Model) -> dict[str, Any]:
    """Watermark, cutoff, fingerprint, size and settings of a model just written."""
    about = model.provenance
    return {
        "watermark": str(about.watermark),
        "cutoff": str(about.cutoff),
        "fingerprint": model.fingerprint,
        "bytes": model.bytes,
        "settings": about.settings,
    }


def as_metadata(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a page tells, as Dagster takes it."""
    return {name: _as_dagster(value) for name, value in told.items()}


def _as_dagster(value: Any) -> Any:
    if isinstance(value, Markdown):
        return MetadataValue.md(value.text)
    return MetadataValue.path(str(value)) if isinstance(value, Path) else value
