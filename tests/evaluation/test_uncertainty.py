"""Bootstrap intervals: right on average, and the same bytes on any number of threads."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from recsys_assets.evaluation import uncertainty
from recsys_assets.evaluation.uncertainty import bootstrap_mean_interval, paired_difference


def graded_users(n_users: int = 800, n_columns: int = 4, seed: int = 0) -> np.ndarray:
    """Skewed values within [0, 1], as NDCG is."""
    return np.random.default_rng(seed).beta(0.5, 2, (n_users, n_columns))


def test_agrees_with_the_normal_interval_for_many_users() -> None:
    values = graded_users(4_000)
    low, high = bootstrap_mean_interval(values, seed=1, n_resamples=4_000)
    error = 1.959964 * values.std(axis=0) / np.sqrt(len(values))
    np.testing.assert_allclose(low, values.mean(axis=0) - error, rtol=0, atol=0.1 * error.max())
    np.testing.assert_allclose(high, values.mean(axis=0) + error, rtol=0, atol=0.1 * error.max())


def test_covers_the_true_mean_as_often_as_it_says() -> None:
    """Beta(0.5, 2) has the mean 0.2; one draw of 500 columns of 200 users is 500 experiments."""
    low, high = bootstrap_mean_interval(graded_users(200, 500, seed=3), seed=4, level=0.9)
    covered = ((low <= 0.2) & (high >= 0.2)).mean()
    # 0.9 within three binomial standard errors of sqrt(0.9 * 0.1 / 500) = 0.0134
    assert 0.86 < covered < 0.94


def test_equals_plain_resampling() -> None:
    """The same draws, gathered and averaged one by one."""
    values = graded_users(50, 3)
    rng = np.random.Generator(np.random.PCG64(9))
    means = [values[rng.integers(50, size=50)].mean(axis=0) for _ in range(200)]
    low, high = bootstrap_mean_interval(values, seed=9, n_resamples=200, level=0.8)
    np.testing.assert_allclose(low, np.quantile(means, 0.1, axis=0), rtol=0, atol=1e-11)
    np.testing.assert_allclose(high, np.quantile(means, 0.9, axis=0), rtol=0, atol=1e-11)


def test_seed_decides_and_chunks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    values = graded_users()
    first = np.concatenate(bootstrap_mean_interval(values, seed=7))
    assert not np.array_equal(first, np.concatenate(bootstrap_mean_interval(values, seed=8)))
    monkeypatch.setattr(uncertainty, "CHUNK_BYTES", 3 * 8 * len(values))  # three resamples at a time
    assert first.tobytes() == np.concatenate(bootstrap_mean_interval(values, seed=7)).tobytes()


def test_same_bytes_on_one_and_two_threads() -> None:
    program = (
        "import hashlib, numpy as np; from recsys_assets.evaluation.uncertainty import paired_difference;"
        "rng = np.random.default_rng(0); a, b = rng.random((2, 3000, 40)) / 3;"
        "print(hashlib.sha256(b''.join(x.tobytes() for x in paired_difference(a, b, seed=1))).hexdigest())"
    )

    def digest(threads: str) -> str:
        variables = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
        run = [sys.executable, "-c", program]
        return subprocess.run(run, env=os.environ | variables, capture_output=True, check=True, text=True).stdout

    assert len(digest("1").strip()) == hashlib.sha256().digest_size * 2
    assert digest("1") == digest("2")


def test_sums_are_exact_in_any_order() -> None:
    """Why threads cannot matter: reversing the users changes no bit of a resample's sum."""
    values = graded_users(5_000, 2) * 1e3
    counts = np.random.default_rng(2).integers(0, 5, (20, 5_000)).astype(float)
    whole, unit = uncertainty._whole_numbers(values)
    np.testing.assert_array_equal(counts @ whole, counts[:, ::-1] @ whole[::-1])
    exact = [[sum(int(c) * int(v) for c, v in zip(row, column, strict=True)) for column in whole.T] for row in counts]
    np.testing.assert_array_equal(counts @ whole, np.array(exact, dtype=float))
    np.testing.assert_allclose(whole * unit, values, rtol=0, atol=1e-9 * values.max())


def test_paired_difference_sees_what_unpaired_intervals_hide() -> None:
    b = graded_users()
    a = b + np.random.default_rng(1).normal(0.004, 0.02, b.shape)
    found = paired_difference(a, b, seed=2)
    np.testing.assert_allclose(found.mean, (a - b).mean(axis=0))
    assert (found.low > 0).all()
    assert (found.p == 2 / 1001).all()  # the least that 1,000 resamples can say
    assert (bootstrap_mean_interval(a, seed=2)[0] < bootstrap_mean_interval(b, seed=2)[1]).all()


def test_paired_difference_is_antisymmetric_and_sure_of_nothing_when_equal() -> None:
    a, b = graded_users(seed=1), graded_users(seed=2)
    forth, back = paired_difference(a, b, seed=3), paired_difference(b, a, seed=3)
    np.testing.assert_allclose(forth.low, -back.high, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(forth.p, back.p)
    same = paired_difference(a, a, seed=3)
    for field, value in zip(same._fields, same, strict=True):
        np.testing.assert_array_equal(value, 1.0 if field == "p" else 0.0)


def test_p_values_are_uniform_without_a_difference() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random((2, 150, 1_000))
    p = paired_difference(a, b, seed=5).p
    # within three binomial standard errors over 1,000 columns, and the slight optimism of a bootstrap
    assert 0.07 < (p < 0.1).mean() < 0.14
    assert 0.44 < (p < 0.5).mean() < 0.56


def test_refuses_what_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one user"):
        bootstrap_mean_interval(np.zeros((0, 2)), seed=0)
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean_interval(np.array([[0.5], [np.nan]]), seed=0)
    with pytest.raises(ValueError, match=r"level=1\.0"):
        bootstrap_mean_interval(graded_users(), seed=0, level=1.0)
    with pytest.raises(ValueError, match=r"\(800, 4\) and \(800, 3\)"):
        paired_difference(graded_users(), graded_users(n_columns=3), seed=0)
