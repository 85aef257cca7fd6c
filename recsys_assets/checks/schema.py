"""dbt's schema syntax, as far as we have it: what a file ``dbt_like_checks/<schema>.yml`` may hold.

What belongs here: the shape of the files and of each generic test's arguments. Anything else in a file is an error.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from recsys_assets.checks.config import Config, Sql, Strict, Tagged, Tags
from recsys_assets.selects.quoting import quoted

Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]


class DataTest(Strict):
    """One use of a generic test."""

    name: Identifier | None = None
    """Name of the check; default: as dbt makes it, ``<test>_<table>_<arguments>``."""
    description: str = ""
    """What must hold, for people."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the test, as its class below declares them."""
    config: Config = Config()
    """What is not said here, the generic test's own ``config`` says."""


def _one_test(entry: Any) -> Any:
    if isinstance(entry, str):
        return {entry: {}}
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ValueError("must be the name of a test, or one test with its settings below it")
    return {name: {} if settings is None else settings for name, settings in entry.items()}


Tests = list[Annotated[dict[str, DataTest], BeforeValidator(_one_test)]]


class Column(Strict):
    """A column and its tests."""

    name: Identifier
    description: str = ""
    tags: Tags = Field(default_factory=list)
    config: Tagged = Tagged()
    data_tests: Tests = Field(default_factory=list)

    @property
    def all_tags(self) -> list[str]:
        """Tags of the column, wherever they are given."""
        return [*self.tags, *self.config.tags]


class Model(Strict):
    """A table and its tests."""

    name: Identifier
    description: str = ""
    tags: Tags = Field(default_factory=list)
    config: Tagged = Tagged()
    columns: list[Column] = Field(default_factory=list)
    data_tests: Tests = Field(default_factory=list)


class SchemaFile(Strict):
    """One file: the tables of one schema."""

    version: Literal[2] = 2
    models: list[Model]


class Arguments(Strict):
    """Arguments of a generic test; this one takes none.

    What `text` names stands in the template as ``{name}``; every other argument is bound as ``$name``.
    """

    def text(self) -> dict[str, str]:
        """SQL put into the template: checked identifiers and expressions."""
        return {}

    def columns(self) -> list[tuple[str, str]]:
        """Columns of the table that the arguments name, as (argument, column)."""
        return []


class AcceptedValues(Arguments):
    """Values a column may hold."""

    values: Annotated[list[str | int | float | bool], Field(min_length=1)]


class Relationships(Arguments):
    """Table (as SQL names it) and column that must hold every value."""

    to: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$")]
    field: Identifier

    def text(self) -> dict[str, str]:
        """Table and column."""
        return {"to": self.to, "field": quoted(self.field)}


class ColumnCombination(Arguments):
    """Columns that identify a row together."""

    combination_of_columns: Annotated[list[Identifier], Field(min_length=2)]

    def text(self) -> dict[str, str]:
        """The columns, listed."""
        return {"combination_of_columns": ", ".join(map(quoted, self.combination_of_columns))}

    def columns(self) -> list[tuple[str, str]]:
        """Every one of them."""
        return [("combination_of_columns", column) for column in self.combination_of_columns]


class Expression(Arguments):
    """Condition that must hold in every row."""

    expression: Sql

    def text(self) -> dict[str, str]:
        """The condition."""
        return {"expression": self.expression}


class Bounds(Arguments):
    """Least and greatest number, both included; one of them may be left out."""

    min_value: float | None = None
    max_value: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Bounds:
        if self.min_value is None and self.max_value is None:
            raise ValueError("give min_value, max_value or both")
        return self


class ValueBounds(Bounds):
    """Least and greatest value of a column."""

    inclusive: bool = True
    """Whether the bounds themselves are accepted."""


class Ranks(Arguments):
    """Columns that tell one ranked list from the next, and the column the ranks follow."""

    within: Annotated[list[Identifier], Field(min_length=1)]
    score: Identifier

    def text(self) -> dict[str, str]:
        """The columns."""
        return {"within": ", ".join(map(quoted, self.within)), "score": quoted(self.score)}

    def columns(self) -> list[tuple[str, str]]:
        """Every one of them."""
        return [*(("within", column) for column in self.within), ("score", self.score)]


class Recency(Arguments):
    """How far the latest instant of a column may lie before the night's cutoff (dbt_utils)."""

    datepart: Literal["hour", "day", "week", "month"]
    field: Identifier
    interval: Annotated[int, Field(ge=1)]

    def text(self) -> dict[str, str]:
        """The column and the time."""
        return {"field": quoted(self.field), "age": f"interval {self.interval} {self.datepart}"}

    def columns(self) -> list[tuple[str, str]]:
        """The column."""
        return [("field", self.field)]


class Windows(Arguments):
    """Columns counted over the last days before the cutoff, with how many days of log they need."""

    days: Annotated[dict[Identifier, Annotated[int, Field(ge=1)]], Field(min_length=1)]

    def text(self) -> dict[str, str]:
        """Condition: a column has a value although the log is too short for it."""
        return {
            "too_early": " or ".join(
                f"(log.length_days < {days} and {quoted(column)} is not null)" for column, days in self.days.items()
            )
        }

    def columns(self) -> list[tuple[str, str]]:
        """Every one of them."""
        return [("days", column) for column in self.days]


class Numbered(Arguments):
    """Column whose order, within a visible night, the keys follow."""

    by: Identifier

    def text(self) -> dict[str, str]:
        """The column."""
        return {"by": quoted(self.by)}

    def columns(self) -> list[tuple[str, str]]:
        """The column."""
        return [("by", self.by)]


class Recent(Arguments):
    """Days before a delivery's newest file."""

    days: Annotated[int, Field(ge=1)]

    def text(self) -> dict[str, str]:
        """The days."""
        return {"days": str(self.days)}


class Usual(Arguments):
    """What is usual for a delivery, and how far off is too far."""

    weeks: Annotated[int, Field(ge=1)]
    """Weeks before its newest file that are looked at."""
    deliveries: Annotated[int, Field(ge=3)]
    """Days with files, beside the newest, from which on anything is usual."""
    times: Annotated[float, Field(ge=1)]
    """Factor by which the usual may be missed."""

    def text(self) -> dict[str, str]:
        """Every one of them, a number each."""
        return {name: str(value) for name, value in self.model_dump().items()}


class UsualShare(Usual):
    """The same of a share."""

    most: Annotated[float, Field(gt=0, le=1)]
    """Share that is too high in any case."""


class Past(Arguments):
    """Tables (as SQL names them) of which only the partition of the graded night may be read."""

    graded: list[Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$")]] = Field(default_factory=list)


ARGUMENTS: dict[str, type[Arguments]] = {
    "accepted_values": AcceptedValues,
    "accepted_range": ValueBounds,
    "delivered_on_time": Usual,
    "expression_is_true": Expression,
    "made_from_the_past": Past,
    "nothing_quarantined": Recent,
    "null_until_the_window_is_full": Windows,
    "numbered_by_night_and_id": Numbered,
    "ranks_follow_scores": Ranks,
    "recency": Recency,
    "relationships": Relationships,
    "row_count_between": Bounds,
    "unique_combination_of_columns": ColumnCombination,
    "usual_reject_share": UsualShare,
    "usual_volume": Usual,
}
"""Arguments of the generic tests that take any."""

KEYS = {field for kind in (SchemaFile, Model, Column, DataTest, Config) for field in kind.model_fields}
"""Every key that dbt's syntax has here."""
