"""Helpers of sparse matrices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from recsys_assets.algorithms.sparse import fill, keep_top, pack, ranking, rows_of_best, unpack

matrices = st.lists(
    st.lists(st.sampled_from([0, 0, 1.0, 2.0, 3.0, -1.0]), min_size=7, max_size=7), min_size=1, max_size=5
).map(lambda rows: csr_matrix(np.array(rows, dtype=np.float64)))


@given(matrix=matrices, n=st.integers(0, 8))
def test_strongest_keeps_the_greatest_of_each_row(matrix, n):
    kept = keep_top(matrix, n)
    for row in range(matrix.shape[0]):
        columns = matrix[row].indices
        best = sorted(columns.tolist(), key=lambda column: (-matrix[row, column], column))[:n]
        assert kept[row].indices.tolist() == sorted(best)
        assert kept[row].data.tolist() == [matrix[row, column] for column in sorted(best)]


@given(matrix=matrices, other=matrices)
def test_fill_adds_only_where_there_is_nothing(matrix, other):
    rows = min(matrix.shape[0], other.shape[0])
    matrix, other = matrix[:rows], other[:rows]
    filled = fill(matrix, other)
    own = matrix.toarray()
    np.testing.assert_array_equal(filled.toarray(), np.where(own != 0, own, other.toarray()))
    assert filled.has_sorted_indices
    assert filled.nnz == np.count_nonzero(filled.toarray())


def test_rows_of_best_take_as_many_as_they_need():
    rows = rows_of_best(ranking(np.array([0.5, 0.0, 2.0, 0.5])), np.array([0, 2, 9]))
    assert rows.toarray().tolist() == [[0, 0, 0, 0], [0.5, 0, 2, 0], [0.5, 0, 2, 0.5]]


def test_a_matrix_comes_back_from_its_arrays():
    matrix = csr_matrix(np.array([[0, 1.5, 0], [0, 0, 0], [2, 0, 3]]))
    arrays = pack("links", matrix)
    assert sorted(arrays) == ["links.data", "links.indices", "links.indptr"]
    np.testing.assert_array_equal(unpack(arrays, "links", 3).toarray(), matrix.toarray())
