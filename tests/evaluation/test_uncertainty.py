"""Intervals and p-values: right on average, and the same bytes on any number of threads."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from recsys_assets.evaluation import uncertainty
from recsys_assets.evaluation.uncertainty import (
    bootstrap_mean_interval,
    clustered_mean_interval,
    exact_mean,
    holm,
    sign_flip_p,
)


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
    # The bounds lie three binomial standard errors of sqrt(0.9 * 0.1 / 500) = 0.0134 around 0.9.
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
    values = graded_users(801)  # The number is odd, so that a row of draws ends within a word of the generator.
    values -= values.mean(axis=0) - 0.001
    first = np.concatenate([*bootstrap_mean_interval(values, seed=7), sign_flip_p(values, seed=7)])
    assert not np.array_equal(first[:8], np.concatenate(bootstrap_mean_interval(values, seed=8)))
    monkeypatch.setattr(uncertainty, "CHUNK_BYTES", 3 * 8 * len(values))  # These are three resamples at a time.
    again = np.concatenate([*bootstrap_mean_interval(values, seed=7), sign_flip_p(values, seed=7)])
    assert first.tobytes() == again.tobytes()


def test_same_bytes_on_one_and_two_threads() -> None:
    program = (
        "import hashlib, numpy as np; from recsys_assets.evaluation import uncertainty as u;"
        "rng = np.random.default_rng(0); a, b = rng.random((2, 3000, 40)) / 3; n = rng.integers(1, 9, a.shape);"
        "found = *u.clustered_mean_interval(a, n, seed=1), u.sign_flip_p(a - b, seed=1);"
        "print(hashlib.sha256(b''.join(x.tobytes() for x in found)).hexdigest())"
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


def nights_of_users(n_users: int, n_columns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts of 1 to 8 nights a user, which resemble each other: the more of them, the better they are."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 9, (n_users, n_columns))
    own = rng.normal(0.05 * n, 0.2)
    return n * own + rng.normal(0, 0.1, own.shape) * np.sqrt(n), n


def test_clusters_equal_resampling_whole_users() -> None:
    """The same draws, each user's nights gathered one by one."""
    rng = np.random.default_rng(11)
    nights = [rng.random((rng.integers(1, 5), 2)) for _ in range(40)]
    sums, n = np.array([user.sum(axis=0) for user in nights]), np.array([[len(user)] for user in nights])
    draws = np.random.Generator(np.random.PCG64(9)).integers(40, size=(300, 40))
    means = [np.concatenate([nights[user] for user in drawn]).mean(axis=0) for drawn in draws]
    low, high = clustered_mean_interval(sums, n, seed=9, n_resamples=300, level=0.8)
    np.testing.assert_allclose(low, np.quantile(means, 0.1, axis=0), rtol=0, atol=1e-11)
    np.testing.assert_allclose(high, np.quantile(means, 0.9, axis=0), rtol=0, atol=1e-11)


def test_clusters_cover_the_true_mean_where_single_nights_would_not() -> None:
    """Each column is an experiment with 150 users; the mean over user-nights is E[n * own] / E[n]."""
    sums, n = nights_of_users(150, 500, seed=12)
    true = 0.05 * np.mean(np.arange(1, 9) ** 2) / 4.5
    low, high = clustered_mean_interval(sums, n, seed=4, level=0.9)
    assert 0.86 < ((low <= true) & (high >= true)).mean() < 0.94
    covered = 0
    for mean, nights in zip((sums / n).T[:100], n.T[:100], strict=True):  # Nights are taken as independent.
        low, high = bootstrap_mean_interval(np.repeat(mean, nights)[:, None], seed=4, level=0.9)
        covered += low[0] <= true <= high[0]
    assert covered < 75


def test_columns_may_differ_in_their_nights() -> None:
    """A list graded for few users only: resamples that draw none of them say nothing."""
    sums, n = nights_of_users(30, 1, seed=13)
    few = n * (np.arange(30) < 2)[:, None]
    low, high = clustered_mean_interval(np.hstack([sums, sums * (few > 0)]), np.hstack([n, few]), seed=1)
    assert np.isfinite([low, high]).all()
    alone = clustered_mean_interval(sums, n, seed=1)
    np.testing.assert_allclose([low[0], high[0]], np.ravel(alone), rtol=0, atol=1e-12)
    means = np.sort(sums[:2, 0] / n[:2, 0])
    assert means[0] - 1e-9 <= low[1] <= high[1] <= means[1] + 1e-9


def test_sign_flips_equal_all_that_there_are() -> None:
    """Nine users have 512 ways to be flipped: as many flips come close to their share of extreme ones."""
    sums = np.random.default_rng(5).normal(0.4, 1, (9, 3))
    every = 1 - 2 * ((np.arange(512)[:, None] >> np.arange(9)) & 1)
    exact = (np.abs(every @ sums) >= np.abs(sums.sum(axis=0)) - 1e-12).mean(axis=0)
    assert ((exact > 0.01) & (exact < 0.9)).any()
    np.testing.assert_allclose(sign_flip_p(sums, seed=6, n_flips=40_000), exact, rtol=0, atol=0.01)


def test_sign_flips_see_what_unpaired_intervals_hide() -> None:
    b = graded_users()
    a = b + np.random.default_rng(1).normal(0.004, 0.02, b.shape)
    assert (sign_flip_p(a - b, seed=2) == 1 / 2001).all()  # It is the least that 2,000 flips can say.
    assert (bootstrap_mean_interval(a, seed=2)[0] < bootstrap_mean_interval(b, seed=2)[1]).all()


def test_sign_flips_are_symmetric_and_sure_of_nothing_when_equal() -> None:
    difference = graded_users(seed=1) - graded_users(seed=2)
    np.testing.assert_array_equal(sign_flip_p(difference, seed=3), sign_flip_p(-difference, seed=3))
    assert (sign_flip_p(np.zeros((20, 3)), seed=3) == 1).all()


def test_p_values_are_uniform_without_a_difference_also_over_many_nights_a_user() -> None:
    """Each user's nights agree; a test that took them for independent would be wrong far more often."""
    rng = np.random.default_rng(4)
    taste, n = rng.normal(0, 1, (150, 4_000)), rng.integers(1, 9, (150, 1))
    p = sign_flip_p(taste * n, seed=5)
    # The bounds are three binomial standard errors over 4,000 columns.
    assert 0.039 < (p <= 0.05).mean() < 0.061
    assert 0.476 < (p <= 0.5).mean() < 0.524
    nights = np.repeat(taste[:, :500], n[:, 0], axis=0)
    assert (sign_flip_p(nights, seed=5) <= 0.05).mean() > 0.15


def test_holm_by_hand() -> None:
    """The example of the method: 4, 3, 2 and 1 times, never less than a smaller one's, at most 1."""
    corrected = holm(np.array([0.03, 0.01, 0.04, 0.005]))
    np.testing.assert_allclose(corrected, [0.06, 0.03, 0.06, 0.02])
    np.testing.assert_array_equal(holm(np.array([0.6, 0.7])), [1, 1])
    assert holm(np.array([])).shape == (0,)


def test_holm_is_wrong_about_any_of_ten_at_most_as_often_as_it_says() -> None:
    p = np.random.default_rng(6).random((2_000, 10))
    any_wrong = np.array([(holm(row) <= 0.05).any() for row in p])
    assert 0.03 < any_wrong.mean() < 0.065
    assert (p.min(axis=1) <= 0.05).mean() > 0.35  # Uncorrected, far more are wrong.


def test_the_exact_mean_knows_no_order() -> None:
    values = [1e16, 1.0, -1e16, 1.0]
    assert exact_mean(values, 4) == exact_mean(sorted(values), 4) == 0.5


def test_refuses_what_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one user"):
        bootstrap_mean_interval(np.zeros((0, 2)), seed=0)
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean_interval(np.array([[0.5], [np.nan]]), seed=0)
    with pytest.raises(ValueError, match=r"level=1\.0"):
        bootstrap_mean_interval(graded_users(), seed=0, level=1.0)
    with pytest.raises(ValueError, match="no nights"):
        clustered_mean_interval(np.zeros((3, 2)), np.array([[1, 0]] * 3), seed=0)
    with pytest.raises(ValueError, match="finite"):
        sign_flip_p(np.array([[np.nan]]), seed=0)
