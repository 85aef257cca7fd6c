"""What a rule is given, and what it can do: take items out, weigh them, limit or spread groups, pin places."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


class PolicyError(ValueError):
    """A rule that cannot be applied; the message names the setting and says what to do."""


class RuleSettings(BaseModel):
    """Settings that every rule has (``[policy.<rule>]``)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    tasks: list[Literal["next", "discovery"]] = Field(default=["next", "discovery"], min_length=1)
    """Tasks whose lists the rule holds for."""


@dataclass(frozen=True)
class Items:
    """Items of a night, in the order of their ids, as they are known at its cutoff."""

    table: pa.Table
    """A row an item: ``sql/policies/items.sql``."""
    _codes: dict[str, tuple[Ints, list[str]]] = field(default_factory=dict)

    @property
    def keys(self) -> Ints:
        """Key of each item: ndarray of shape (n_items,)."""
        keys: Ints = self.table["item_key"].to_numpy()
        return keys

    def numbers(self, column: str) -> Floats:
        """A column of numbers as ndarray of shape (n_items,), NaN for null."""
        numbers: Floats = self.table[column].cast("double").to_numpy()
        return numbers

    def codes(self, column: str, setting: str) -> tuple[Ints, list[str]]:
        """Which value each item has in a column: codes of shape (n_items,), -1 for null, and the values in order.

        Raises
        ------
        PolicyError
            When items have no such column; names the setting that asks for it.
        """
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if column not in self.table.column_names:
            known = ", ".join(sorted({*self.table.column_names} - {"item_key"}))
            raise PolicyError(
                f"{setting}: items of this source have no column {column!r}; they have {known}. Name one of these in "
                "the profile, or give the column in the source's items.sql."
            )
        if column in self._codes:
            return self._codes[column]
        texts = self.table[column].cast(pa.string()).combine_chunks()
        values = pc.drop_null(pc.unique(texts)).sort()
        codes = pc.fill_null(pc.index_in(texts, value_set=values), -1).to_numpy(zero_copy_only=False)
        return self._codes.setdefault(column, (codes.astype(np.int32), values.to_pylist()))

    def unknown(self, attributes: Mapping[str, Sequence[str]], setting: str) -> list[str]:
        """Of the values in some columns those that no item has, as ``column = value``."""
        known = {column: set(self.codes(column, setting)[1]) for column in attributes}
        return [
            f"{column} = {value!r}"
            for column in attributes
            for value in attributes[column]
            if value not in known[column]
        ]

    def having(self, attributes: Mapping[str, Sequence[str]], setting: str) -> Bools:
        """Whether an item has one of the values in any of the columns: ndarray of shape (n_items,)."""
        import numpy as np

        found = np.zeros(self.table.num_rows, bool)
        for column, wanted in attributes.items():
            codes, values = self.codes(column, setting)
            # The last, which -1 stands for, is no value.
            found |= np.append(np.isin(np.array(values, dtype=object), list(wanted)), False)[codes]
        return found


@dataclass(frozen=True)
class Offered:
    """Rankings of some users: what a rule may choose from."""

    task: str
    night: date
    items: Items
    users: Ints
    """ndarray of shape (n_lists,): keys, ascending."""
    offsets: NDArray[np.int64]
    """ndarray of shape (n_lists + 1,)."""
    rows: Ints
    """ndarray of shape (n_rows,): places among ``items``, list by list, best first."""
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    """What else a rule asked for (`Rule.tables`)."""

    @property
    def list_of(self) -> NDArray[np.int64]:
        """The list that each row is in: ndarray of shape (n_rows,)."""
        import numpy as np

        return np.repeat(np.arange(len(self.users)), np.diff(self.offsets))

    @property
    def places(self) -> NDArray[np.int64]:
        """Rank of each row, 1, 2, … in each list: ndarray of shape (n_rows,)."""
        import numpy as np

        return np.arange(1, len(self.rows) + 1) - np.repeat(self.offsets[:-1], np.diff(self.offsets))


@dataclass(frozen=True)
class Effect:
    """What a rule does to the rows of `Offered`; what is None it leaves alone."""

    removed: Bools | None = None
    """ndarray of shape (n_rows,): rows that no list may hold."""
    factors: Floats | None = None
    """ndarray of shape (n_rows,): what the relevance of each row is multiplied with, 1 for most."""
    caps: tuple[tuple[Ints, int], ...] = ()
    """For each kind of groups the group of each row (-1: none), and how many of one a list may hold."""
    alike: tuple[Ints, float] | None = None
    """The group of each row (-1: like nothing), and how much likeness counts against relevance (MMR)."""
    pinned: Ints | None = None
    """ndarray of shape (n_rows,): the place that a row must have, 0 for none."""


class Rule(ABC):
    """One rule of a profile."""

    name: ClassVar[str]
    """Its table in the profile, ``[policy.<name>]``."""
    description: ClassVar[str]
    """One sentence for people."""
    Settings: ClassVar[type[RuleSettings]]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings: Any = self.Settings(**settings)

    def in_force(self, night: date) -> bool:
        """Whether it does anything on a night."""
        return True

    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Tables it asks for by the name of their file in ``sql/policies/``, each with its parameters.

        One that has ``$first`` and ``$last`` is read for the users of a batch, others once a night.
        """
        return {}

    def named(self, night: date) -> list[Mapping[str, Sequence[str]]]:
        """Values that the profile names, by column: a night tells which of them no item has."""
        return []

    def added(self, items: Items, night: date) -> Ints:
        """Places of items that every ranking must hold, whether it proposed them or not."""
        import numpy as np

        return np.empty(0, np.int32)

    @abstractmethod
    def effect(self, offered: Offered) -> Effect:
        """What it does to some users' rankings."""
