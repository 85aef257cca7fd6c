"""What an asset's page tells of one write: results, rows, sample, watermark, file, cost.

What belongs here: turning what a step did into Dagster's metadata. What a page tells of columns is in `assets.columns`.

Dagster 1.13 shows the columns of ``dagster/column_schema`` above all other metadata, and those sorted by name, capitals
first. So what people look for (results, the sample) has a name that begins with a capital, and where a step has results
its columns stand among the rest, as ``columns``.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dagster import MetadataValue

from recsys_assets.assets.columns import column_schema
from recsys_assets.assets.usage import Usage
from recsys_assets.storage.lake.writer import Written
from recsys_assets.storage.models import Model
from recsys_assets.visible import visible

SCHEMA = "dagster/column_schema"
_MARKDOWN = re.compile(
    r"[\\`*~<>\[\]|&!$@^]"
    r"|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])"  # Within a word it means nothing, and names of columns stay readable.
    r"|:(?=//)|(?<=www)\."  # Addresses become links by themselves.
)
"""What Markdown acts on inside a line, with GitHub's extensions."""


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
        "file": MetadataValue.path(str(written.partition.path)),
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


def cost_metadata(usage: Usage) -> dict[str, Any]:
    """Seconds and peak memory of a step."""
    return {
        "seconds": round(usage.seconds, 3),
        "cpu_seconds": round(usage.cpu_seconds, 3),
        "peak_memory_mb": round(usage.peak_mb, 1),
    }


def markdown_table(rows: Iterable[Mapping[str, Any]]) -> MetadataValue:
    """Rows as a Markdown table."""
    rows = list(rows)
    if not rows:
        return MetadataValue.md("no rows")
    head = list(rows[0])
    lines = ["| " + " | ".join(map(_cell, head)) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in head) + " |" for row in rows]
    return MetadataValue.md("\n".join(lines))


def picture(png: bytes, title: str) -> MetadataValue:
    """A PNG picture."""
    return MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")


def _cell(value: Any) -> str:
    """One value on one line: floats to six digits, and nothing in a delivered text is taken for Markdown or HTML."""
    text = f"{value:.6g}" if isinstance(value, float) else "null" if value is None else str(value)
    return _MARKDOWN.sub(r"\\\g<0>", visible(text))
