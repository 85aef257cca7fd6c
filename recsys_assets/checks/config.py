"""dbt's ``config`` of a test: how it is run, and what so many failing rows mean."""

from __future__ import annotations

import operator
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


def _one_condition(text: str) -> str:
    from sqlglot import condition
    from sqlglot.errors import SqlglotError

    try:
        # Written anew, because a comment at the end could hide what the template says next.
        return condition(text, dialect="duckdb").sql("duckdb")
    except SqlglotError as error:
        raise ValueError(f"{text!r} is not one SQL condition") from error


Sql = Annotated[str, AfterValidator(_one_condition)]
"""One SQL condition over the columns of the table."""


_COMPARISONS = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_THRESHOLD = re.compile(r"(=|==|!=|<>|>|>=|<|<=) ?([0-9]+)")


def _one_threshold(text: str) -> str:
    text = text.strip()
    if not _THRESHOLD.fullmatch(text):
        raise ValueError(f'{text!r} compares a number of failing rows with nothing; write it like "> 10"')
    return text


Threshold = Annotated[str, AfterValidator(_one_threshold)]
"""Comparison of the number of failing rows, e.g. ``> 10``."""


def _listed(tags: Any) -> Any:
    return [tags] if isinstance(tags, str) else tags


Tags = Annotated[list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]], BeforeValidator(_listed)]
"""Words to choose checks by: one, or a list."""


class Strict(BaseModel):
    """Settings that refuse what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Tagged(Strict):
    """The ``config`` of a table or column: its tags go to each of its checks."""

    tags: Tags = Field(default_factory=list)


class Meta(Strict):
    """dbt's ``meta``: what people are told besides."""

    remedy: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """What to look at when the check fails, and what to change."""


class Config(Tagged):
    """How a check is run and what its failure means; the keys and their meaning are dbt's."""

    severity: Literal["error", "warn"] = "error"
    """``error`` stops what lies downstream, ``warn`` only tells."""
    error_if: Threshold = "!= 0"
    """Failing rows that make an error; with severity ``warn`` nothing does."""
    warn_if: Threshold = "!= 0"
    """Failing rows that make a warning, where they make no error."""
    where: Sql | None = None
    """Condition on the rows that are looked at."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Failing rows counted at most."""
    store_failures: bool = False
    """Keep all failing rows of each night in the lake, as ``check_failures.<table>__<check>``."""

    meta: Meta = Meta()
    """What to do about a failure; a use of a generic test may say it better than the test."""

    def verdict(self, failures: int) -> Literal["pass", "warn", "error"]:
        """What a number of failing rows means."""
        if self.severity == "error" and _holds(self.error_if, failures):
            return "error"
        return "warn" if _holds(self.warn_if, failures) else "pass"

    @property
    def threshold(self) -> str:
        """When it warns and when it fails, for people."""
        error = f"error if {self.error_if}, " if self.severity == "error" else ""
        return f"{error}warn if {self.warn_if}"


def _holds(threshold: str, failures: int) -> bool:
    matched = _THRESHOLD.fullmatch(threshold)
    assert matched is not None, "validated when it was read"
    return bool(_COMPARISONS[matched[1]](failures, int(matched[2])))
