"""Raw tables: what landed, as delivered. The only assets without partitions.

What belongs here: finding a deployment's files and landing them. `recsys land`, the landing sensor and the UI all
come through `land_files`.
"""

import importlib.util
from collections.abc import (
    Callable,
    Iterator,  # Dagster resolves annotations when it loads.
)
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

from dagster import AssetExecutionContext, AssetsDefinition, AssetSpec, Field, MaterializeResult, multi_asset

from recsys_assets.assets.factory import OWNERS
from recsys_assets.assets.keys import asset_key
from recsys_assets.assets.landed import landing_metadata
from recsys_assets.assets.usage import cost_metadata, measured
from recsys_assets.nights import utc_now
from recsys_assets.profile import PROJECT, Delivery, Profile, ProfileError
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Kind, Landed, Landing, LandingError
from recsys_assets.storage.landing.locking import LandingLocked
from recsys_assets.storage.landing.opening import readable
from recsys_assets.storage.landing.suspicious import suspicions_of_first
from recsys_assets.storage.landing.told import told
from recsys_assets.storage.space import check_room
from recsys_assets.visible import visible


def raw_assets(profile: Profile) -> AssetsDefinition:
    """One asset per raw table; a run lands files of any of them."""
    tables = sorted({delivery.table for delivery in profile.deliveries})

    @multi_asset(
        name="landing",
        specs=[
            AssetSpec(
                asset_key(profile, f"raw.{table}"),
                group_name="raw",
                kinds={"duckdb"},
                owners=OWNERS,
                description=f"Rows of {table} exactly as delivered, in landing.duckdb, and rejected rows with reasons.",
                skippable=True,
            )
            for table in tables
        ],
        can_subset=False,
        config_schema={
            "files": Field(
                [str],
                default_value=[],
                description="Files that arrived; none: the profile's delivered history.",
            )
        },
    )
    def landing(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        arrived = [Path(file) for file in context.op_execution_context.op_config["files"]]
        refused = None
        with measured() as usage:
            try:
                landed = land_files(
                    profile,
                    arrived or history_files(profile),
                    "arrival" if arrived else "history",
                    context.log.info,
                )
            except FilesRefused as error:
                landed, refused = error.landed, error
        for table in tables:
            if files := [file for file in landed if file.raw_table == table]:
                yield MaterializeResult(
                    asset_key=asset_key(profile, f"raw.{table}"),
                    metadata=landing_metadata(profile, table, files) | cost_metadata(usage),
                )
        if refused:
            raise refused

    return landing


class FilesRefused(LandingError):
    """Files that were refused or could not be opened, one sentence each; the others are in."""

    def __init__(self, sentences: list[str], landed: list[Landed]) -> None:
        super().__init__("\n".join(sentences))
        self.landed = landed
        """What became of the files that were not refused."""


def land_files(
    profile: Profile,
    files: list[Path],
    kind: Kind,
    tell: Callable[[str], object],
    *,
    arrived_at: datetime | None = None,
    restate: bool = False,
) -> list[Landed]:
    """Land files one after the other, each in its own transaction, in the order of the profile's deliveries.

    A folder stands for the files in it that match a delivery; ``tell`` hears which are left alone, what became of each
    file, and what is suspicious in the first events of the profile.

    Raises
    ------
    ProfileError
        When a file, or all files of a folder, match none of the profile's deliveries; nothing has landed then.
    FilesRefused
        After all others have landed, when some were refused or could not be opened.
    DiskError
        When they have no room, or the deployment's folder cannot be written; nothing has landed then.
    """
    landing, lake, landed = Landing(profile), Lake(profile), []
    matched, refused = _matched(profile, files, tell)
    size = sum(file.stat().st_size for _, file in matched if file.is_file())
    check_room(profile.folder, size, f"{len(matched)} file(s) to land")
    in_order = sorted(matched, key=lambda pair: (pair[0], pair[1].name))
    for n_done, (place, file) in enumerate(in_order):
        try:
            result = landing.land(
                file, profile.deliveries[place], kind, lake=lake, arrived_at=arrived_at, restate=restate
            )
        except LandingLocked as error:
            refused.append(visible(f"{error} {len(in_order) - n_done} file(s) are still to be landed."))
            break
        except LandingError as error:
            refused.append(visible(str(error)))
        else:
            tell(told(result, profile, utc_now()))
            landed.append(result)
    for sentence in suspicions_of_first(landing, landed):
        tell(visible(f"Suspicious: {sentence}."))
    if refused:
        raise FilesRefused(refused, landed)
    return landed


def _matched(
    profile: Profile, paths: list[Path], tell: Callable[[str], object]
) -> tuple[list[tuple[int, Path]], list[str]]:
    """Files to land with the place of their delivery, and a sentence for each path that cannot be one."""
    matched: list[tuple[int, Path]] = []
    refused = []
    for path in paths:
        if _leads_out(profile, path):
            said = f"{readable(path)}: a link on the way to it leads out of the inbox; put the files into it."
            refused.append(visible(said))
        elif path.is_dir():
            matched += _inside(profile, path, tell)
        elif path.is_symlink() or path.exists():
            matched.append((delivery_of(profile, path), path))
        else:
            refused.append(visible(f"{readable(path)} does not exist. Name files or folders that do."))
    return matched, refused


def _leads_out(profile: Profile, path: Path) -> bool:
    """Whether a path that is written as one inside the inbox is none: who fills the inbox may put links there."""
    folder = inbox(profile)
    last = path.absolute() if path.is_dir() else path.absolute().parent
    return path.absolute().is_relative_to(folder) and not last.resolve().is_relative_to(folder.resolve())


def _inside(profile: Profile, folder: Path, tell: Callable[[str], object]) -> list[tuple[int, Path]]:
    """Files of a folder that match a delivery, with its place; also what is no file and will be refused by name."""
    matched, alone = [], []
    for file in sorted(folder.iterdir()):
        is_folder = file.is_dir() and not file.is_symlink()
        place = None if is_unfinished(file) or is_folder else _place(profile, file)
        if place is None:
            alone.append(readable(file).name)
        else:
            matched.append((place, file))
    if not matched:
        raise ProfileError(f"{readable(folder)}: holds no file that can land. Names look like: {_patterns(profile)}.")
    if alone:
        listed = f"{', '.join(alone[:5])}{', ...' if len(alone) > 5 else ''}"
        tell(visible(f"{readable(folder)}: left alone {len(alone)}: {listed}"))
    return matched


def is_unfinished(file: Path) -> bool:
    """Whether a name says that the file is hidden or still being written."""
    return file.name.startswith(".") or file.suffix in {".part", ".tmp"}


def delivery_of(profile: Profile, file: Path) -> int:
    """Place of the first delivery of the profile whose pattern the file's name matches.

    Raises
    ------
    ProfileError
        When there is none.
    """
    place = _place(profile, file)
    if place is None:
        raise ProfileError(
            f"{readable(file)}: no delivery of profile {profile.name} has such a file. Names look like: "
            f"{_patterns(profile)}."
        )
    return place


def _place(profile: Profile, file: Path) -> int | None:
    return next((place for place, each in enumerate(profile.deliveries) if fnmatch(file.name, each.files)), None)


def _patterns(profile: Profile) -> str:
    return ", ".join(delivery.files for delivery in profile.deliveries)


def history_files(profile: Profile) -> list[Path]:
    """Files of delivered history that the profile names, in the order of its deliveries."""
    files = [file for delivery in profile.deliveries if delivery.folder for file in _matching(profile, delivery)]
    if not files:
        raise ProfileError(
            f"Profile {profile.name} names no folder with history. Name files: recsys land --history FILE ..."
        )
    return files


def inbox(profile: Profile) -> Path:
    """Folder that the landing sensor watches."""
    return profile.folder / "inbox"


def _matching(profile: Profile, delivery: Delivery) -> list[Path]:
    folder = _folder(profile, delivery)
    # Links and pipes are refused when they are opened; nobody should think that they had landed.
    files = sorted(path for path in folder.glob(delivery.files) if path.is_symlink() or not path.is_dir())
    if not files:
        raise ProfileError(
            f"{folder} holds no file like {delivery.files} (profile {profile.name}, table {delivery.table})."
        )
    return files


def _folder(profile: Profile, delivery: Delivery) -> Path:
    assert delivery.folder is not None
    if not delivery.folder.startswith("package:"):
        return PROJECT / Path(delivery.folder).expanduser()
    package, _, inside = delivery.folder.removeprefix("package:").partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ProfileError(f"Package {package} is not installed; profile {profile.name} takes its data from it.")
    return Path(spec.submodule_search_locations[0]) / inside
