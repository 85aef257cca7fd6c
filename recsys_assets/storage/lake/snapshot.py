"""A snapshot: what one night may see, and the one write of each table that a step makes.

What belongs here: plan, session and writer as one object for the assets. Opened by `Lake.as_of` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.storage.lake.session import Session
from recsys_assets.storage.lake.writer import Writer, Written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from recsys_assets.storage.lake.partitions import Partition, Partitions
    from recsys_assets.storage.lake.plan import Plan
    from recsys_assets.storage.lake.provenance import Provenance
    from recsys_assets.storage.models import Model


class Snapshot(Session):
    """One night's view of the lake; a context manager."""

    def __init__(self, lake: Partitions, plan: Plan, targets: Mapping[str, Path], run_id: str) -> None:
        super().__init__(plan, targets)
        self.lake, self.night = lake, plan.night
        self._run_id = run_id
        self._written: dict[str, Partition] = {}
        self._writer = self.writer(next(iter(targets)) if len(targets) == 1 else None)

    def writer(self, output: str | None) -> Writer:
        """The writer of one of the step's tables, resting on what that table reads.

        Raises
        ------
        LakeError
            When it reads a table of the same step that is not written yet.
        """
        target = self.targets[output] if output else None
        return Writer(self.lake, self, output, target, self._written, self._run_id)

    @property
    def inputs(self) -> tuple[Partition, ...]:
        """Files that what is read, and written, rests on."""
        return self._writer.inputs

    @property
    def watermark(self) -> datetime | None:
        """Latest event (UTC) that anything read, and written, rests on."""
        return self._writer.provenance.watermark

    @property
    def provenance(self) -> Provenance:
        """What a table written, or a model fitted on what is shown, notes of itself."""
        return self._writer.provenance

    def use_model(self, model: Model) -> None:
        """Note that what is written rests on a model of this night; see `Writer.use_model`."""
        self._only_writer().use_model(model)

    def use_watermark(self, watermark: datetime | None) -> None:
        """Take the watermark from rows that Python added; see `Writer.use_watermark`."""
        self._only_writer().use_watermark(watermark)

    def write(self, query: str, key: tuple[str, ...], code_version: str = "") -> Written:
        """Write the query's rows as the night's partition of the step's only table; see `Writer.write`."""
        return self._only_writer().write(query, key, code_version)

    def _only_writer(self) -> Writer:
        assert len(self.targets) < 2, "this snapshot writes several tables: use the writer of each"
        return self._writer
