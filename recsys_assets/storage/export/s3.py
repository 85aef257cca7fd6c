"""A bucket of S3, or of what speaks like it: Parquet files under the release's name, and one object that names them.

An object appears when it is whole. `manifest.json` is written last; the release that it named before stays beside.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recsys_assets.storage.export.base import Destination, ExportError
from recsys_assets.storage.export.parquet import write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from recsys_assets.storage.export.base import Export, Place

MANIFEST = "manifest.json"


def _write(export: Export, place: Place) -> str:
    from pyarrow.fs import FileSelector, S3FileSystem

    root = place.to.removeprefix("s3://").strip("/")
    if place.into:
        raise ExportError("The place in a bucket stands in the URL, s3://bucket/some/prefix: leave --into out.")
    if not root:
        raise ExportError("s3:// names no bucket: s3://bucket/some/prefix.")
    with _said(root):
        # It finds credentials, region and endpoint where Amazon's own tools do.
        store = S3FileSystem(connect_timeout=10, request_timeout=60)
        before = _manifest(store, root)
        releases = f"{root}/releases"
        tables = {}
        for table in export.tables:
            path = f"releases/{export.release}/{table.flat}.parquet"
            with store.open_output_stream(f"{root}/{path}") as file:
                write_parquet(export, table, file)
            tables[table.name] = {"path": path, "rows": table.n_rows}
        last = before.get("release")
        previous = before.get("previous") if last == export.release else last
        manifest = {"release": export.release, "night": str(export.night), "previous": previous, "tables": tables}
        with store.open_output_stream(f"{root}/{MANIFEST}", metadata={"Content-Type": "application/json"}) as file:
            file.write(json.dumps(manifest, indent=1).encode())
        for entry in store.get_file_info(FileSelector(releases, allow_not_found=True)):
            if entry.base_name not in {export.release, previous}:
                store.delete_dir(entry.path)
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
