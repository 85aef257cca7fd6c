"""A bucket of S3, or of what speaks like it: Parquet files under the release's name, and one object that names them.

An object appears when it is whole. `manifest.json` is written last; the release that it named before stays beside.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from recsys_assets.storage.export.base import Destination, ExportError
from recsys_assets.storage.export.parquet import write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from recsys_assets.storage.export.base import Export, Place

MANIFEST = "manifest.json"
UNFINISHED = timedelta(days=1)
"""For so long an export may be under way."""


def _write(export: Export, place: Place) -> str:
    from pyarrow.fs import S3FileSystem

    root = place.to.removeprefix("s3://").strip("/")
    if place.into:
        raise ExportError("The place in a bucket stands in the URL, s3://bucket/some/prefix: leave --into out.")
    if not root:
        raise ExportError("s3:// names no bucket: s3://bucket/some/prefix.")
    with _said(root):
        # It finds credentials and region where Amazon's own tools do; the endpoint it has to be told.
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        store = S3FileSystem(endpoint_override=endpoint, connect_timeout=10, request_timeout=60)
        before, folder = _manifest(store, root), f"{export.release}-{uuid4().hex[:12]}"
        tables = {}
        for table in export.tables:
            path = f"releases/{folder}/{table.flat}.parquet"
            with store.open_output_stream(f"{root}/{path}") as file:
                write_parquet(export, table, file)
            tables[table.name] = {"path": path, "rows": table.n_rows}
        manifest = {"release": export.release, "night": str(export.night), "folder": folder, "tables": tables}
        with store.open_output_stream(f"{root}/{MANIFEST}", metadata={"Content-Type": "application/json"}) as file:
            file.write(json.dumps(manifest, indent=1).encode())
        _delete_older(store, f"{root}/releases", {folder, before.get("folder")})
    return f"{len(tables)} objects; s3://{root}/{MANIFEST} names them"


def _manifest(store: Any, root: str) -> dict[str, Any]:
    """What readers see now; empty before the first export."""
    from pyarrow.fs import FileType

    file = f"{root}/{MANIFEST}"
    if store.get_file_info(file).type == FileType.NotFound:
        return {}
    with store.open_input_stream(file) as stream:
        found: dict[str, Any] = json.loads(stream.read())
    return found


def _delete_older(store: Any, releases: str, kept: set[str | None]) -> None:
    """Delete the folders that no manifest names any more, but for one that another export may be filling."""
    from pyarrow.fs import FileSelector

    newest: dict[str, datetime] = {}
    for entry in store.get_file_info(FileSelector(releases, allow_not_found=True, recursive=True)):
        if entry.is_file:
            folder = entry.path.split("/")[-2]
            newest[folder] = max(entry.mtime, newest.get(folder, entry.mtime))
    for folder, written in newest.items():
        if folder not in kept and written < datetime.now(UTC) - UNFINISHED:
            store.delete_dir(f"{releases}/{folder}")


@contextmanager
def _said(root: str) -> Iterator[None]:
    """Turn what the client raises into what to do."""
    try:
        yield
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:400].rstrip(".")
        raise ExportError(
            f"s3://{root} cannot be written: {said}. Make the bucket; give credentials, region and endpoint by "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE), AWS_DEFAULT_REGION and AWS_ENDPOINT_URL. "
            "The export before stays."
        ) from error


DESTINATION = Destination(("s3",), True, _write)
