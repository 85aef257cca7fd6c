"""The lake of one profile: its files, and the one way to look at them, a snapshot.

What belongs here: opening snapshots, and what was lost. Where the files lie is `storage.lake.partitions`.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from recsys_assets.storage.lake.partitions import LakeError, Partition, Partitions, files_of
from recsys_assets.storage.lake.plan import make_plan
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_assets.storage.lake.writer import locked_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from recsys_assets.nights import Night
    from recsys_assets.selects.files import TableName

__all__ = ["Lake", "LakeError", "Partition"]


class Lake(Partitions):
    """All derived tables of one profile."""

    @contextmanager
    def as_of(
        self,
        night: Night,
        reads: Iterable[TableName],
        output: str | Mapping[str, Sequence[TableName]] | None = None,
        run_id: str = "",
    ) -> Iterator[Snapshot]:
        """Open a snapshot: the declared tables as night ``night`` may see them, and nothing else.

        Parameters
        ----------
        reads
            Tables the step names, as `selects.files.Select.reads` lists them.
        output
            Lake table the step writes, if any, or several with what each reads: a table written is shown to those
            that read it. While the snapshot is open their night is locked to this process.

        Raises
        ------
        LakeError
            When a declared table has no partition for the night.
        """
        reads = tuple(reads)
        outputs: Mapping[str, Sequence[TableName]] = {output: reads} if isinstance(output, str) else output or {}
        with ExitStack() as stack:
            targets = {table: stack.enter_context(locked_target(self, table, night)) for table in outputs}
            plan = make_plan(self, night, reads, outputs)
            yield stack.enter_context(Snapshot(self, plan, targets, run_id))

    def lost(self, night: Night) -> list[str]:
        """Partitions that the newest night built before ``night`` had used and that are gone, as ``table night``."""
        earlier = [p for p in self.partitions("recommendations.lists") if p.night < night]
        if not earlier:
            return []
        used = provenance(earlier[-1].path).inputs
        return sorted(
            f"{table} {of}" for table, nights in used.items() for of in nights if not files_of(self.folder(table, of))
        )
