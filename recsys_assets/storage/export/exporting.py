"""One export: the release it is of, attached beside an empty database in memory, handed to a destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.errors import disk_error
from recsys_assets.selects.quoting import text
from recsys_assets.storage import connections
from recsys_assets.storage.export import destination
from recsys_assets.storage.export.base import Export, ExportError, Place
from recsys_assets.storage.release.file import FILE_NAME
from recsys_assets.storage.release.folder import ReleaseFolder, parse_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path


def export_release(
    folder: Path,
    to: str,
    into: str | None = None,
    tables: Sequence[str] = (),
    night: date | None = None,
    progress: Callable[[str, int, int], None] = lambda table, done, rows: None,
) -> tuple[str, str]:
    """Write tables of a release for other systems.

    Parameters
    ----------
    folder
        The deployment's folder, `data/<profile>`.
    to
        A word or a URL that chooses the destination.
    into
        Folder, file, schema or prefix at the destination; None: its own choice.
    tables
        Tables as the release names them; empty: lists, similar items, what is trending, items and users.
    night
        Of the release; None: that which is current.
    progress
        Told the table that is being read, and its rows read so far and in all.

    Returns
    -------
    tuple[str, str]
        The release's name, and a sentence that says where its tables are.

    Raises
    ------
    ExportError
        When it cannot be made; the export before stays.
    ReleaseError
        When there is no such release, or it is damaged.
    """
    chosen, releases = destination(to), ReleaseFolder(folder)
    name = _release(releases, night)
    releases.verify(name)
    with connections.connect() as connection:
        file = releases.folder / name / FILE_NAME
        connection.execute(f"attach {text(str(file))} as release (read_only)")
        export = Export(connection, name, parse_name(name)[0], tables, progress)
        try:
            return name, chosen.write(export, Place(to, into, folder, folder.name))
        except OSError as error:
            raise disk_error(error) or ExportError(
                f"The export cannot be written: {error}. Choose another place with --into. The export before stays."
            ) from error


def _release(releases: ReleaseFolder, night: date | None) -> str:
    """Name of the release of a night: the one that is current, else the last that was built."""
    current = releases.current_name()
    if current is None:
        raise ExportError(
            f"Nothing is published in {releases.root} yet: build a night first (recsys night, recsys demo)."
        )
    if night is None or parse_name(current)[0] == night:
        return current
    built = [release.name for release in releases.list() if release.night == night]
    if not built:
        kept = sorted({str(release.night) for release in releases.list()})
        raise ExportError(f"No release of night {night} is kept. There are those of {', '.join(kept[-10:])}.")
    return built[-1]
