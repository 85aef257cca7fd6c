"""The fingerprint of a table's content: the same rows and columns give the same one, on any machine and any version.

What belongs here: what is hashed, in which form. It is defined over values, not over the bytes of a Parquet file, whose
compression and grouping may change with the library that writes it, and it asks no engine for a hash.

Format 2. Rows are taken in their order. Each column gives three streams of little-endian bytes, and columns inside
lists and structs streams of their own, which do not depend on how rows come in batches:

======  ===============================================================================================
nulls   the places (uint64, from 0) of nulls
sizes   of text, bytes, lists and maps: the length (int64) of each value; 0 for null
values  numbers, dates and instants as they are, booleans as a byte, decimals as 16 bytes, text as UTF-8, one
        after another; 0 or nothing for null. −0 is 0, and there is one NaN
======  ===============================================================================================

The fingerprint is XXH3 of 128 bits (Collet, xxHash 2020) of the format's number, the columns' names and types, the
number of rows, and the XXH3 of each stream, as JSON. Format 1, of the first versions, was a sum of DuckDB's ``hash()``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

FORMAT = 2


class _Column:
    """The streams of one column, and of the columns inside it."""

    def __init__(self, kind: pa.DataType) -> None:
        import pyarrow as pa
        import xxhash

        self.nulls, self.sizes, self.values = (xxhash.xxh3_128() for _ in range(3))
        self.n_rows = 0
        if pa.types.is_struct(kind):
            fields = [kind.field(place) for place in range(kind.num_fields)]
        elif pa.types.is_map(kind):
            fields = [pa.field("entries", pa.struct([kind.key_field, kind.item_field]))]
        elif pa.types.is_nested(kind):
            fields = [kind.value_field]
        else:
            fields = []
        self.inside = [_Column(field.type) for field in fields]

    def add(self, array: pa.Array) -> None:
        """Hash more values of the column."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if isinstance(array, pa.ExtensionArray):  # UUIDs, for example, lie in 16 bytes.
            array = array.storage
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if array.null_count:
            places = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))
            self.nulls.update((places + self.n_rows).astype("<u8").data)
        self.n_rows += len(array)
        kind = array.type
        if pa.types.is_struct(kind):
            for child, values in zip(self.inside, array.flatten(), strict=True):
                child.add(values)
        elif pa.types.is_nested(kind):
            lengths = pc.fill_null(pc.list_value_length(_as_list(array)), 0)
            self.sizes.update(lengths.to_numpy(zero_copy_only=False).astype("<i8").data)
            self.inside[0].add(_as_list(array).flatten())
        elif pa.types.is_null(kind):
            pass
        else:
            self._add_plain(array)

    def _add_plain(self, array: pa.Array) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = array.type
        if pa.types.is_boolean(kind):
            self.values.update(pc.fill_null(array, fill_value=False).cast(pa.uint8()).to_numpy().data)
        elif pa.types.is_floating(kind):
            numbers = pc.fill_null(array, 0).to_numpy(zero_copy_only=False) + 0.0  # −0 becomes 0.
            undefined = np.isnan(numbers)
            if undefined.any():
                numbers[undefined] = np.nan
            self.values.update(np.ascontiguousarray(numbers).data)
        elif pa.types.is_fixed_size_binary(kind) or pa.types.is_decimal(kind) or pa.types.is_primitive(kind):
            self.values.update(_fixed_width(array).data)
        else:
            text = array.cast(pa.large_binary() if _is_bytes(kind) else pa.large_string())
            if text.null_count:
                text = pc.fill_null(text, b"" if _is_bytes(kind) else "")
            _, offsets, content = text.buffers()
            ends = np.frombuffer(offsets, "<i8")[text.offset : text.offset + len(text) + 1]
            self.sizes.update(np.diff(ends).data)
            if content is not None and len(ends):
                self.values.update(memoryview(content)[int(ends[0]) : int(ends[-1])])

    def digest(self) -> list[Any]:
        """What the column's streams come to."""
        streams = [stream.hexdigest() for stream in (self.nulls, self.sizes, self.values)]
        return [*streams, *(child.digest() for child in self.inside)]


def fingerprint_of(batches: Iterable[pa.RecordBatch], schema: pa.Schema, columns: Mapping[str, str]) -> str:
    """Fingerprint of rows; O(bytes), in one pass and without a copy of all.

    Parameters
    ----------
    batches
        The rows, in order.
    schema
        Of every batch.
    columns
        Name to type of each column, as people and contracts name it.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    import xxhash

    n_rows, hashed = 0, [_Column(field.type) for field in schema]
    for batch in batches:
        n_rows += batch.num_rows
        for column, array in zip(hashed, batch.columns, strict=True):
            column.add(array)
    described = [FORMAT, list(columns.items()), n_rows, [column.digest() for column in hashed]]
    return xxhash.xxh3_128_hexdigest(json.dumps(described, separators=(",", ":")).encode())


def _fixed_width(array: pa.Array) -> NDArray[np.uint8]:
    """Bytes of values that all take the same number of them, with 0 for null: ndarray of shape (n_rows * width,)."""
    import numpy as np

    width = array.type.bit_width // 8
    content = np.frombuffer(array.buffers()[1], np.uint8)
    content = content[array.offset * width : (array.offset + len(array)) * width]
    if array.null_count:
        content = content.reshape(-1, width).copy()
        content[array.is_null().to_numpy(zero_copy_only=False)] = 0
        content = content.reshape(-1)
    return content


def _as_list(array: pa.Array) -> pa.Array:
    """A map as the list of its entries; another list as it is."""
    import pyarrow as pa

    if not pa.types.is_map(array.type):
        return array
    entry = pa.struct([array.type.key_field, array.type.item_field])
    return array.cast(pa.list_(pa.field("entries", entry, nullable=False)))


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
