"""A step: one asset of a night, said as data.

What belongs here: what a step is called, what it reads and how it is made; nothing about any one step, and nothing of
Dagster. The steps lie in `assets.steps`; `assets.factory` makes assets of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recsys_assets.profile import PROJECT
from recsys_assets.selects.labels import LabelError, problems_of_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from pathlib import Path

    import pyarrow as pa

    from recsys_assets.selects.files import Select, TableName
    from recsys_assets.storage.lake.snapshot import Snapshot

    Results = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
    """A function where drawing takes time: it is called when the step's own cost is known."""

STAGES = (
    "raw",
    "clean",
    "features",
    "models",
    "candidates",
    "grades",
    "fusion",
    "rerankers",
    "recommendations",
    "detectors",
    "audits",
    "releases",
    "tracking",
    "tuning",
)
"""Groups of assets in the order of a night: none needs a later one, but for the lists of an earlier night."""


@dataclass(frozen=True)
class Made:
    """What a step made: rows of its table."""

    rows: pa.Table | pa.RecordBatchReader | Select | None
    """A table, or a stream of batches, in any order, which the key then orders; or a SELECT that orders them by the key
    itself. None: there is nothing to write."""
    results: Results = field(default_factory=dict)
    """What people look for on the asset's page, by names that begin with a capital: it stands above all else there."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else the page tells."""
    log: tuple[str, ...] = ()
    """Lines for the log of the run."""


@dataclass(frozen=True)
class Fitted:
    """What a step made: a model."""

    save: Callable[[Path], None]
    """Writes the model's files into a folder that is not there yet; equal models give equal bytes."""
    settings: Mapping[str, Any]
    """What the model was fitted with, for its provenance."""
    results: Results = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    log: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One asset of a night, and how it is made."""

    name: str
    """``schema.name``: its table in the lake, or with the schema ``models`` its model."""
    description: str
    """What people read of it; Markdown."""
    make: Callable[[Snapshot], Made | Fitted]
    """Makes it out of what a snapshot shows."""
    reads: tuple[TableName, ...] = ()
    """Tables that the snapshot shows. The asset depends on them."""
    key: tuple[str, ...] = ()
    """Columns that identify a row of the table, in the order in which rows are written; empty: no table is written."""
    stage: str = ""
    """Its group in Dagster's graph; the schema of its name, unless it says otherwise."""
    kinds: tuple[str, ...] = ("python",)
    """What it is made with, as Dagster has icons for."""
    sql: tuple[Path, ...] = ()
    """SQL files it runs, beside those that its module names: part of its code version."""
    modules: tuple[str, ...] = ()
    """Our modules that decide what it makes, beside its own and those below it: part of its code version."""
    after: tuple[str, ...] = ()
    """Names of assets that must be there first, beside the tables it reads: models, for example."""
    fresh_for: timedelta | None = None
    """How long what it made last counts as fresh: Dagster's pages show an older one as overdue. None: they say nothing
    of it."""
    prepare: Callable[[Snapshot], object] | None = None
    """Reads what several steps share; what that took is told apart from what the step itself costs."""

    def __post_init__(self) -> None:
        """Refuse a step that would learn from, or judge, what has seen its labels.

        Raises
        ------
        LabelError
            Names the step, the tables and what to read instead.
        """
        models = [name for name in self.after if name.startswith("models.")]
        for problem in problems_of_labels(self.name, [*map(str, self.reads), *models]):
            raise LabelError(f"{self.name}: {problem}")

    @property
    def group(self) -> str:
        """Group in Dagster's graph."""
        return self.stage or self.name.partition(".")[0]


def sql_step(name: str, select: Select, stage: str = "") -> Step:
    """Step of a SQL file: what it reads, its key and description come from the file."""
    return Step(
        name=name,
        description=f"{select.description}\n\n`{select.path.relative_to(PROJECT)}`",
        make=lambda snapshot: Made(select),
        reads=select.reads,
        key=select.key,
        stage=stage,
        kinds=("duckdb", "sql"),
        sql=(select.path,),
    )
