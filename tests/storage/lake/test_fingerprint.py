"""The fingerprint of content: defined by us, the same however rows come in batches, another for any other value."""

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.storage.lake.fingerprint import FORMAT, fingerprint_of

TABLE = pa.table(
    {
        "whole": pa.array([1, None, 3], pa.int32()),
        "text": ["x", None, "yy"],
        "list": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
        "float": [0.5, None, float("nan")],
        "struct": pa.array([{"k": "a", "v": [1]}, None, {"k": None, "v": []}]),
        "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int32())),
        "bool": [True, None, False],
        "decimal": pa.array([1, None, 2]).cast(pa.decimal128(38, 2)),
        "nothing": pa.nulls(3),
        "instant": pa.array([1, None, 3], pa.timestamp("us")),
        "day": pa.array([1, None, 3], pa.date32()),
        "bytes": pa.array([b"1", None, b"22"]),
        "words": pa.array(["x", None, "x"]).dictionary_encode(),
        "fixed": pa.array([[1, 2], None, [5, 6]], pa.list_(pa.int32(), 2)),
        "span": pa.array([(1, 2, 3), None, (4, 5, 6)], pa.month_day_nano_interval()),
    }
)


def fingerprint(table, batch=None):
    columns = {field.name: str(field.type) for field in table.schema}
    return fingerprint_of(table.to_batches(max_chunksize=batch), table.schema, columns)


def test_the_definition_stands():
    """A change here makes every partition of every deployment stale: raise `FORMAT`, and say so in docs/nights.md."""
    assert FORMAT == 2
    assert fingerprint(TABLE) == "cf2dcdb79b881db29b99a2fd6872a422"


@pytest.mark.parametrize("batch", [1, 2])
def test_batches_and_slices_do_not_matter(batch):
    assert fingerprint(TABLE, batch) == fingerprint(TABLE)
    part = TABLE.slice(1)
    assert fingerprint(part, batch) == fingerprint(pa.Table.from_pylist(part.to_pylist(), part.schema))


@given(st.lists(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=3), max_size=6), st.integers(1, 4))
def test_lists_of_texts_in_any_batches(rows, batch):
    table = pa.table({"a": pa.array(rows, pa.list_(pa.string()))})
    assert fingerprint(table, batch) == fingerprint(table)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a", "b"], ["b", "a"]),
        (["ab", "c"], ["a", "bc"]),
        (["", None], [None, ""]),
        ([0, None], [0, 0]),
        ([[1], [2, 3]], [[1, 2], [3]]),
        ([[], None], [None, []]),
        ([{"a": None}], [None]),
        ([1.0], [1.0000000000000002]),
        ([b"1"], ["1"]),
        ([1], [True]),
    ],
)
def test_other_values_or_types_are_another(one, other):
    assert fingerprint(pa.table({"a": one})) != fingerprint(pa.table({"a": other}))


def test_names_and_order_of_columns_count():
    table = pa.table({"a": [1], "b": [1]})
    assert len({fingerprint(table.select(names)) for names in (["a"], ["b"], ["a", "b"], ["b", "a"])}) == 4


def test_equal_numbers_are_equal_whatever_their_bits():
    other_nan = np.frombuffer(np.uint64(0x7FF8000000000123).tobytes(), np.float64)[0]
    for one, other in ((0.0, -0.0), (float("nan"), other_nan)):
        assert fingerprint(pa.table({"a": [one]})) == fingerprint(pa.table({"a": [other]}))


def test_values_under_nulls_do_not_count():
    hidden = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(np.array([1, 7]).tobytes())])
    assert fingerprint(pa.table({"a": hidden})) == fingerprint(pa.table({"a": pa.array([1, None])}))


def test_half_a_gigabyte_takes_a_second():
    """Asked for here is a tenth of that, as machines for tests are busy."""
    rows = pa.table({"k": np.arange(2_000_000), "s": pa.array(np.arange(2_000_000).astype(str))})
    started = time.process_time()
    fingerprint(rows, 122_880)
    assert rows.nbytes / (time.process_time() - started) > 50e6
