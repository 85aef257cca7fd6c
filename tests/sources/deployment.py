"""A shipped profile in a folder of its own: files land, nights are written, and the tests look at what came out."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from recsys_assets.assets.clean_log import write_night
from recsys_assets.assets.raw import land_files
from recsys_assets.profile import PROJECT
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.landing.database import Kind, Landed, Landing
from tests.helpers import sample

CLEAN = ("interactions", "events", "items", "users", "item_versions")


class Deployment(sample.Deployment):
    """A deployment of one of the shipped profiles."""

    def take(self, *files: Path, kind: Kind = "history", arrived_at: datetime | None = None) -> list[Landed]:
        """Land files in this process."""
        with self.active():
            return land_files(self.profile, list(files), kind, lambda text: None, arrived_at=arrived_at)

    def write_clean(self, last: date) -> None:
        """Seal up to a night and write the clean tables of each that has none."""
        with self.active():
            landing = Landing(self.profile)
            for night in landing.seal(last):
                if self.lake.partition("clean.events", night) is None:
                    write_night(self.lake, landing, night, "run")

    def seen(self, night: date, query: str, *extra: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the clean tables (and extra ones of the source), as a night sees them."""
        with self.active(), self.lake.as_of(night, [TableName("clean", name) for name in (*CLEAN, *extra)]) as snapshot:
            return snapshot.cursor().execute(query).fetchall()

    def rejects(self) -> dict[tuple[str, str], int]:
        """How many rows were rejected, by column and reason."""
        with self.active():
            rows = Landing(self.profile).reject_counts().to_pylist()
        return {(row["column_name"], row["reason"]): row["n_rows"] for row in rows}


def deploy(folder: Path, name: str, **settings: str) -> Deployment:
    """Deploy a shipped profile, with some of its settings replaced (as TOML writes them)."""
    lines = (PROJECT / "data" / "profiles" / f"{name}.toml").read_text().splitlines()
    for setting, value in settings.items():
        (place,) = [place for place, line in enumerate(lines) if line.startswith(f"{setting} =")]
        lines[place] = f"{setting} = {value}"
    data = folder / "data"
    data.mkdir(parents=True)
    profile_file = folder / f"{name}.toml"
    profile_file.write_text("\n".join(lines))
    load_profile(str(profile_file))
    return Deployment(data, profile_file)
