"""Arrays of a release as Python reads them one value at a time: numbers, and texts that lie one after the other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from recsys_serving.ids import canonical_id, visible_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS = {"i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "f8": "d"}


def numbers_of(array: NDArray[Any]) -> memoryview[Any]:
    """Numbers of an array as Python reads them one by one, which costs less than numpy's own."""
    held: Any = array.view("u1").data
    numbers: memoryview[Any] = held.cast(_KINDS[array.dtype.str[1:]])
    return numbers


class Texts(Sequence[bytes]):
    """Texts of the arrays by place, as bytes of UTF-8; those in order can be bisected."""

    def __init__(self, arrays: dict[str, NDArray[Any]], name: str) -> None:
        self._bytes, self._ends = arrays[name].data, numbers_of(arrays[f"{name}_ends"])

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return self._bytes[self._ends[place] : self._ends[place + 1]].tobytes()

    def place(self, text: str) -> int | None:
        """Place of a text; None where it is not among them. They must be in order."""
        sought = text.encode(errors="surrogatepass")
        place = bisect_left(self, sought)
        return place if place < len(self) and self[place] == sought else None

    def place_of_id(self, given: str) -> int | None:
        """Place of an id in any spelling: as people see it, else in its one form."""
        seen = visible_text(given)
        place = self.place(seen)
        if place is None and (canonical := canonical_id(seen)) != seen:
            place = self.place(canonical)
        return place
