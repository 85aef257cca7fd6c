"""Provenance: what a partition's file, or a model's folder, says of itself.

What belongs here: `Provenance`, the one place where it is written as JSON and read back, and the latest event that a
file rests on. Files never change, so what a plan asks of one is read once in a process.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.lake import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.storage.lake.partition import Partition

FOOTER = "recsys"
"""Key of a Parquet file's metadata that it stands under."""


@dataclass(frozen=True)
class Provenance:
    """What a table or model was made for, by whom, and from which files."""

    night: Night
    """Night it was made for."""
    profile: str = ""
    """Fingerprint of the profile's settings."""
    table: str | None = None
    """Lake table (``schema.table``), or ``models.<algorithm>``; None for a model of the first versions."""
    key: tuple[str, ...] = ()
    """Columns that identify a row."""
    code_version: str = ""
    run_id: str = ""
    """Dagster's run that wrote it."""
    watermark: datetime | None = None
    """Latest event (UTC) it rests on; None before the first."""
    inputs: Mapping[str, Mapping[Night, str]] = field(default_factory=dict)
    """Fingerprints of what it was made from, by table and night."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Night and fingerprint of each model it rests on, by name."""
    cutoff: datetime | None = None
    """Of a model: the night's cutoff (UTC)."""
    settings: Mapping[str, Any] | None = None
    """Of a model: the settings it was fitted with."""
    fingerprint_format: int = fingerprint.FORMAT
    """Definition of the fingerprints; 1 was a hash of DuckDB's."""

    def resting_on(self, partitions: Iterable[Partition], watermark: datetime | None) -> Provenance:
        """The same, made from these files, whose latest event is ``watermark``."""
        inputs: dict[str, dict[Night, str]] = {}
        for partition in partitions:
            inputs.setdefault(partition.table, {})[partition.night] = partition.fingerprint
        return replace(self, inputs=inputs, watermark=watermark)

    def says_the_same(self, other: Provenance) -> bool:
        """Whether both note the same, whichever run wrote them."""
        return replace(self, run_id="").to_json() == replace(other, run_id="").to_json()

    def to_json(self, indent: int | None = None) -> str:
        """Text as it stands in a footer; nights by their ISO names, and without what only models have."""
        about: dict[str, Any] = {
            "table": self.table,
            "night": self.night.isoformat(),
            "key": list(self.key),
            "code_version": self.code_version,
            "run_id": self.run_id,
            "profile": self.profile,
            "watermark": self.watermark.isoformat() if self.watermark else None,
            "inputs": {
                table: {night.isoformat(): content for night, content in nights.items()}
                for table, nights in self.inputs.items()
            },
            "models": dict(self.models),
            "fingerprint_format": self.fingerprint_format,
        }
        if self.cutoff is not None:
            about |= {"cutoff": self.cutoff.isoformat(), "settings": self.settings}
        return json.dumps(about, indent=indent, separators=None if indent else (",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote."""
        about = json.loads(text)
        return cls(
            night=date.fromisoformat(about["night"]),
            profile=about.get("profile", ""),  # The first versions did not write it down.
            table=about["table"],
            key=tuple(about["key"]),
            code_version=about["code_version"],
            run_id=about["run_id"],
            watermark=datetime.fromisoformat(about["watermark"]) if about["watermark"] else None,
            inputs={
                # The first versions named files, ``<sequence>-<fingerprint>``.
                table: {date.fromisoformat(night): name.rpartition("-")[2] for night, name in nights.items()}
                for table, nights in about["inputs"].items()
            },
            models=about.get("models", {}),
            cutoff=datetime.fromisoformat(about["cutoff"]) if about.get("cutoff") else None,
            settings=about.get("settings"),
            fingerprint_format=about.get("fingerprint_format", 1),
        )


def provenance(path: Path) -> Provenance:
    """What a lake file's footer says of it.

    Raises
    ------
    DamagedFile
        When it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return Provenance.from_json(pq.read_metadata(path).metadata[FOOTER.encode()])
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        night = path.parent.name.removeprefix("night=")
        raise DamagedFile(
            f"{path} is damaged: it cannot be read as Parquet of the lake ({error}). "
            f"recsys night {night} replaces what is damaged."
        ) from error


def watermark_of(partition: Partition) -> datetime | None:
    """Latest event (UTC) a partition rests on; of the log only the events themselves tell."""
    if partition.table == "clean.events":
        return _latest_event(partition.path)
    return None if partition.table.startswith("clean.") else noted(partition.path).watermark


def latest_event(partitions: Iterable[Partition]) -> datetime | None:
    """Latest event (UTC) that any of the partitions rests on."""
    return max(filter(None, map(watermark_of, partitions)), default=None)


@lru_cache(maxsize=100_000)
def noted(path: Path) -> Provenance:
    """What a footer says, but for inputs and models, which are long and not asked again and again.

    Raises
    ------
    DamagedFile
        When it cannot be read.
    """
    return replace(provenance(path), inputs={}, models={})


@lru_cache(maxsize=100_000)
def _latest_event(path: Path) -> datetime | None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    latest: datetime | None = pc.max(pq.ParquetFile(path).read(["event_ts"])["event_ts"]).as_py()
    return latest
