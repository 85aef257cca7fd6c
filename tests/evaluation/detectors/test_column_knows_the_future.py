"""A column filled when the future was known is found; one of the past, of the market or of chance is not."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from recsys_assets.evaluation.detectors.column_knows_the_future import HISTORY, correct, judge_columns
from tests.helpers.examples import examples
from tests.helpers.simulated import clean_night

HORIZONS_LATER = 10


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As in the nightly step: small products, whose threads would wait for one another."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def night():
    return clean_night(np.random.default_rng(7), 3_000)


def judge(history, column):
    (finding,) = correct(judge_columns(history, {"column": column}))
    return finding


def later(history, rng):
    """What comes in ten horizons after the one that is judged, at each entity's usual rate."""
    return rng.poisson(history["decayed"] / 3 * HORIZONS_LATER)


@pytest.mark.parametrize("seed", range(examples(45)))
def test_nothing_is_said_of_a_clean_night(seed):
    history, columns = clean_night(np.random.default_rng(seed), [300, 1_000, 2_000][seed % 3])
    findings = correct(judge_columns(history, columns))
    assert [found for found in findings if found.is_suspicious] == []
    assert [found.subject for found in findings] == list(columns)


def test_a_total_that_was_made_a_horizon_later_is_found(night):
    history, _ = night
    found = judge(history, history["n_before"] + history["n_after"])
    assert found.is_suspicious
    assert found.value == pytest.approx(1)
    assert "a number of events that goes on after the cutoff" in found.reason


def test_a_total_that_was_made_long_after_is_found(night):
    history, _ = night
    rng = np.random.default_rng(0)
    found = judge(history, history["n_before"] + history["n_after"] + later(history, rng))
    assert found.is_suspicious
    assert found.p < 1e-8


def test_a_sum_of_money_that_goes_on_is_told_as_one(night):
    history, _ = night
    found = judge(history, history["value_before"] + history["value_after"])
    assert found.is_suspicious
    assert "a sum of money" in found.reason


def test_a_total_as_of_the_cutoff_is_none(night):
    history, _ = night
    for name in ("n_before", "quantity_before", "value_before"):
        assert not judge(history, history[name]).is_suspicious


@pytest.mark.parametrize("name", ["market_total", "sister_total"])
def test_a_total_of_a_larger_market_is_none(night, name):
    """It is nowhere below what is visible either, but falls short of what came as often as chance has it."""
    history, columns = night
    assert not judge(history, columns[name]).is_suspicious


def test_a_total_that_misses_some_of_what_came_is_found(night):
    history, _ = night
    rng = np.random.default_rng(0)
    came = history["n_after"] + later(history, rng)
    assert judge(history, history["n_before"] + rng.binomial(came.astype(int), 0.8)).is_suspicious


@pytest.mark.parametrize(("noise", "seen"), [(0.5, True), (1.5, True), (30, False)])
def test_what_says_more_of_after_than_of_before_is_found(night, noise, seen):
    history, _ = night
    rng = np.random.default_rng(1)
    came = np.log1p(history["n_after"])
    found = judge(history, came + noise * rng.normal(size=len(came)) * came.std())
    assert found.is_suspicious == seen
    assert not seen or "filled later" in found.reason


@pytest.mark.parametrize("told", [1.0, 0.1])
def test_a_text_that_was_chosen_later_is_found_where_it_tells_enough(night, told):
    history, _ = night
    rng = np.random.default_rng(2)
    mixed = np.where(
        rng.random(len(history["n_after"])) < told, history["n_after"], rng.permutation(history["n_after"])
    )
    segment = np.array(["none", "some", "many"], dtype=object)[np.digitize(mixed, [1, 4])]
    assert judge(history, segment).is_suspicious == (told == 1.0)


def test_p_values_are_corrected_for_the_number_of_columns(night):
    history, columns = night
    alone = judge(history, columns["price"]).p
    among = {
        name: np.random.default_rng(i).normal(size=len(history["n_before"])) for i, name in enumerate("abcdefghij")
    }
    (found, *_) = correct(judge_columns(history, {"price": columns["price"]} | among))
    assert found.p >= min(1, 2 * alone)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (np.full(3_000, np.nan), "nearly all have one value"),
        (np.ones(3_000), "nearly all have one value"),
        (np.array([None] * 3_000, dtype=object), "nearly all have one value"),
        (np.array([f"text {n}" for n in range(3_000)], dtype=object), "3000 different texts"),
    ],
)
def test_odd_columns_are_told_and_not_judged(column, why):
    history = {name: np.random.default_rng(3).integers(0, 9, 3_000).astype(float) for name in HISTORY}
    found = judge(history, column)
    assert (found.value, found.is_suspicious) == (None, False)
    assert why in found.reason


@pytest.mark.parametrize("n", [0, 1, 2, 99])
def test_few_entities_are_told_and_not_judged(n):
    history = {name: np.arange(n, dtype=float) for name in HISTORY}
    found = judge(history, np.arange(n, dtype=float))
    assert found.value is None
    assert "too few" in found.reason


def test_infinite_and_missing_values_are_ranked():
    history, _ = clean_night(np.random.default_rng(4), 500)
    column = np.random.default_rng(5).normal(size=len(history["n_before"]))
    column[::3], column[1::3] = np.nan, np.inf
    found = judge(history, column)
    assert found.value is not None
    assert not found.is_suspicious
