"""The writer: the one atomic write of a table's night, examined before it counts, with its provenance in the footer.

What belongs here: what a write rests on, the temporary file under the night's lock, and the checks that a file must
pass (columns as declared, a key that identifies each row) before it is renamed into its place.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from recsys_assets.selects.contracts import contract
from recsys_assets.selects.files import TableName
from recsys_assets.selects.labels import problems_of_labels
from recsys_assets.selects.list_tables import packed
from recsys_assets.storage.checksums import DamagedFile, is_whole
from recsys_assets.storage.lake.fingerprint import fingerprint_of
from recsys_assets.storage.lake.partitions import LakeError
from recsys_assets.storage.lake.provenance import FOOTER, Provenance, latest_event, provenance
from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.storage.lake.partitions import Partition, Partitions
    from recsys_assets.storage.lake.session import Session
    from recsys_assets.storage.models import Model

N_SAMPLE_ROWS = 5


@dataclass(frozen=True)
class Written:
    """What a write made: the partition that is current now, with its size and columns."""

    partition: Partition
    rows: int
    columns: dict[str, str]
    """Column name to DuckDB type, in order."""
    key: tuple[str, ...]
    """Columns that identify a row."""
    sample: list[dict[str, Any]]
    """The first few rows, for people."""
    watermark: datetime | None
    """Latest event (UTC) it rests on."""
    n_inputs: int
    """Files it was made from."""


@contextmanager
def locked_target(lake: Partitions, table: str, night: Night) -> Iterator[Path]:
    """Lock a night of a table to this process and yield the file to write; what a killed process left goes first."""
    folder = lake.folder(table, night)
    private_folder(folder)
    with FileLock(folder / ".lock"):
        for left_over in folder.glob(".tmp-*"):
            left_over.unlink()
        target = lake.temporary(table, night)
        try:
            yield target
        finally:
            target.unlink(missing_ok=True)


class Writer:
    """What one table of a step rests on, and its write. Without a table: what a model rests on.

    Parameters
    ----------
    written
        Partitions that the step has written by now, by table; shared by its writers.
    """

    def __init__(
        self,
        lake: Partitions,
        session: Session,
        output: str | None,
        target: Path | None,
        written: dict[str, Partition],
        run_id: str,
    ) -> None:
        self.lake, self.session, self.plan, self.output = lake, session, session.plan, output
        self._target, self._written = target, written
        self._models: list[Model] = []
        self.inputs = self.plan.inputs(output, written)
        about = Provenance(self.plan.night, self.plan.profile.fingerprint, output, run_id=run_id)
        self.provenance = about.resting_on(self.inputs, latest_event(self.inputs))
        """What a write now would note of itself."""
        self.plan.check_watermark(output, self.provenance.watermark)

    def use_watermark(self, watermark: datetime | None) -> None:
        """Take the watermark from rows that Python added, where the lake's tables do not tell it.

        Raises
        ------
        LakeError
            When it is not before the night's cutoff.
        """
        self.plan.check_watermark(self.output, watermark)
        self.provenance = replace(self.provenance, watermark=watermark)

    def use_model(self, model: Model) -> None:
        """Note that what is written rests on a model of this night.

        Raises
        ------
        LakeError
            When the model is of another night, was fitted on other partitions than this snapshot shows, or has
            learned from labels that the snapshot shows.
        DamagedFile
            When its files are not those that were written.
        """
        model.verify()
        self._models.append(model)
        night = self.plan.night
        if model.night != night:
            raise LakeError(f"{self.output}: night {night} may not use the model of night {model.night}.")
        reads = [*map(str, self.plan.reads), f"models.{model.algorithm}"]
        for problem in problems_of_labels(self.output or "", reads):
            raise LakeError(f"{self.output}, night {night}: {problem}")
        about = model.provenance
        for partition in self.inputs:
            fitted_on = about.inputs.get(partition.table, {}).get(partition.night)
            if fitted_on not in (None, partition.fingerprint):
                raise LakeError(
                    f"{self.output}, night {night}: model {model.algorithm} was fitted on {partition.table} as it "
                    f"was before night {partition.night} was built again. Materialize models/{model.algorithm} first."
                )
        latest = max(filter(None, (self.provenance.watermark, about.watermark)), default=None)
        self.use_watermark(latest)
        models = {**self.provenance.models, model.algorithm: f"{model.night} {model.fingerprint}"}
        self.provenance = replace(self.provenance, models=models)

    def write(self, query: str, key: tuple[str, ...], code_version: str = "") -> Written:
        """Write the query's rows as the night's partition of the table, atomically.

        The same content of the same inputs and code writes nothing, as long as the current file is whole.

        Parameters
        ----------
        query
            A SELECT ordered by ``key``.
        key
            Columns that identify a row.

        Raises
        ------
        LakeError
            When the rows break the table's contract: other columns than declared, a key twice or null.
        DamagedFile
            When a model that it used was changed meanwhile.
        """
        target, con = self._target, self.session.con
        assert self.output is not None, "this snapshot has no output"
        assert target is not None
        about = replace(self.provenance, key=key, code_version=code_version)
        # A row a list is long: readers of some users' lists then skip the others.
        groups = ", row_group_size 2048" if packed(self.output) else ""
        con.execute(
            f"copy ({query.rstrip().rstrip(';')}\n) to $target (format parquet, compression zstd, compression_level 1"
            f"{groups}, kv_metadata {{{FOOTER}: $footer}})",
            {"target": str(target), "footer": about.to_json()},
        )
        for model in self._models:  # Rows are made while they are written, so only now it has been read.
            model.verify()
        columns, rows, fingerprint = self._examine(target, key)
        sample = self.session.table(
            f"from read_parquet($1, hive_partitioning = false) limit {N_SAMPLE_ROWS}", [str(target)]
        ).to_pylist()
        partition = self.lake.partition(self.output, self.plan.night)
        if partition is None or partition.fingerprint != fingerprint or not _is_whole_and_says(partition, about):
            partition = self.lake.commit(self.output, self.plan.night, target, fingerprint)
        self._written[self.output] = partition
        self._show_to_later_tables(partition, target)
        return Written(partition, rows, columns, key, sample, about.watermark, len(self.inputs))

    def _show_to_later_tables(self, partition: Partition, target: Path) -> None:
        """Show a table just written to those of the same step, by its temporary name: no other may be opened by now."""
        name = TableName(*partition.table.split("."))
        if name in self.plan.made_here:
            try:
                os.link(partition.path, target)
            except OSError:  # This file system has no hard links, and DuckDB looks through symbolic ones.
                shutil.copyfile(partition.path, target)
            self.session.show(name, [*self.plan.shown[name], replace(partition, path=target)])

    def _examine(self, target: Path, key: tuple[str, ...]) -> tuple[dict[str, str], int, str]:
        """Columns, row count and fingerprint of the file just written."""
        import pyarrow.parquet as pq

        con, name = self.session.con, f"{self.output}, night {self.plan.night}"
        rows = "read_parquet($1, hive_partitioning = false)"
        columns = {row[0]: row[1] for row in con.execute(f"describe from {rows}", [str(target)]).fetchall()}
        declared = packed(self.output or "") or contract(self.output or "")
        if declared is not None and columns != declared:
            raise LakeError(f"{name}: columns are {columns}, but selects/contracts.py declares {declared}.")
        names = ", ".join(key)
        wrong = con.execute(
            f"select {names}, count(*) from {rows} group by all "
            f"having count(*) > 1 or {' or '.join(f'{column} is null' for column in key)} order by all limit 1",
            [str(target)],
        ).fetchall()
        if wrong:
            *values, times = wrong[0]
            raise LakeError(f"{name}: key ({names}) is null or not unique, e.g. {values} in {times} row(s).")
        with pq.ParquetFile(target) as file:
            content = fingerprint_of(file.iter_batches(), file.schema_arrow, columns)
            return columns, file.metadata.num_rows, content


def _is_whole_and_says(partition: Partition, about: Provenance) -> bool:
    """Whether a file is as it was written, and notes the same of itself, whichever run wrote it."""
    try:
        return provenance(partition.path).says_the_same(about) and is_whole(partition.path, partition.checksum)
    except DamagedFile:
        return False
