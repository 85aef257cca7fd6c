"""How often rows are taken, and how far that held: by hand."""

from datetime import date

import pytest

from recsys_assets.assets.steps.reliability import _results, steps
from recsys_assets.evaluation.plots import reliability_figure

FIRST, SECOND = date(2020, 3, 24), date(2020, 3, 31)


def graded(shop, *rows):
    """(night, configuration, rank, tenth, n_rows, n_taken) of `next`."""
    for night, configuration, rank, tenth, n_rows, n_taken in rows:
        shop.insert("past.grades.published_rows", (night, "next", configuration, rank, tenth, n_rows, n_taken))


def confidence(shop, task="next"):
    shop.build("recommendations/confidence")
    rows = shop.rows(
        "select configuration, rank, score_tenth, confidence, n_nights, n_rows, n_taken "
        f"from recommendations.confidence where task = '{task}'"
    )
    return {row[:3]: row[3:] for row in rows}


def test_before_any_grades_there_is_none(shop):
    assert confidence(shop) == {}


def test_a_cell_is_mixed_with_its_ranking_and_that_with_the_rank(shop):
    graded(shop, (FIRST, "fusion", 1, 10, 300, 90), (FIRST, "fusion", 1, 9, 100, 10), (FIRST, "als", 1, 10, 600, 0))
    graded(shop, (SECOND, "fusion", 1, 10, 100, 60))
    by_rank = (90 + 10 + 60) / 1100
    by_ranking = (160 + 200 * by_rank) / (500 + 200)
    found = confidence(shop)
    assert found["fusion", 1, 10] == (round((150 + 200 * by_ranking) / 600, 2), 2, 400, 150)
    assert found["fusion", 1, 9] == (round((10 + 200 * by_ranking) / 300, 2), 1, 100, 10)
    # Nothing of this tenth was graded, so it is as the ranking's rank is.
    assert found["fusion", 1, 1] == (round(by_ranking, 2), 0, 0, 0)
    assert confidence(shop, "discovery") == {}
    assert {rank for _, rank, _ in found} == {1}, "ranks that no night graded have none"


def test_a_ranking_that_was_never_published_has_the_ranks_own(shop):
    graded(shop, (FIRST, "als", 1, 10, 100, 5), (FIRST, "als", 1, 9, 100, 2), (FIRST, "als", 2, 10, 1000, 4))
    found = confidence(shop)
    assert {tenth: found["fusion", 1, tenth][0] for tenth in (1, 9, 10)} == dict.fromkeys((1, 9, 10), 0.035)
    assert found["fusion", 2, 10][0] == 0.004


def test_what_is_trending_is_judged_by_itself(shop):
    graded(shop, (FIRST, "fusion", 1, 10, 1000, 500), (FIRST, "trending", 1, 10, 1000, 10))
    found = confidence(shop)
    assert found["fusion", 1, 10][0] == 0.5
    assert found["trending", 1, 10][0] == 0.01


def test_no_users_rows_are_left_out_of_what_was_published(shop):
    """Two users were listed the same; one took it, the other came never again. A third took what nobody listed."""
    for user in (1, 2):
        shop.con.execute(
            "insert into graded.recommendations.lists by name select 'next' as task, $1 as user_key, 1 as rank, "
            "7 as item_key, .91 as score, 'fusion' as configuration",
            [user],
        )
    shop.con.execute("create table grades.relevant (task varchar, user_key integer, item_key integer)")
    shop.insert("grades.relevant", ("next", 1, 7), ("next", 3, 8), ("discovery", 2, 7))
    shop.build("grades/published_rows")
    assert shop.rows("from grades.published_rows") == [("next", "fusion", 1, 10, 2, 1)]


def reliability(shop, *cells):
    """(confidence, n_rows, n_taken)."""
    for rank, (said, n_rows, n_taken) in enumerate(cells, 1):
        shop.insert("grades.published_rows", ("next", "fusion", rank, 10, n_rows, n_taken))
        if said is not None:
            shop.insert("graded.recommendations.confidence", ("next", "fusion", rank, 10, 1, 9, 9, said))
    (step,) = steps(None)
    made = step.make(shop)
    return shop.table(made.rows.text).to_pylist(), made.results()


def test_scores_of_confidence_are_those_of_every_row(shop):
    rows, shown = reliability(shop, (0.5, 10, 7), (0.1, 20, 1), (0.1, 10, 0), (None, 10, 10))
    assert [(row["n_rows"], row["predicted"], row["observed"]) for row in rows] == [
        (30, pytest.approx(0.1), pytest.approx(1 / 30)),
        (10, pytest.approx(0.5), pytest.approx(0.7)),
    ]
    outcomes = [(0.5, 1)] * 7 + [(0.5, 0)] * 3 + [(0.1, 1)] + [(0.1, 0)] * 29
    assert rows[0]["brier"] == pytest.approx(sum((said - was) ** 2 for said, was in outcomes) / 40)
    assert rows[0]["base_brier"] == pytest.approx(0.2 * 0.8)
    assert rows[0]["ece"] == pytest.approx((30 * (0.1 - 1 / 30) + 10 * 0.2) / 40)
    assert "data:image/png" in shown["Reliability"].text
    assert "0.16" in shown["Brier score and calibration error"].text


def test_bins_are_of_about_as_many_rows(shop):
    rows, _ = reliability(shop, *((place / 1000, 100, place % 3) for place in range(1, 101)))
    assert [row["n_rows"] for row in rows] == [500] * 20
    assert [row["bin"] for row in rows] == list(range(1, 21))


def test_nothing_told_is_said(shop):
    rows, shown = reliability(shop, (None, 10, 3))
    assert rows == []
    assert shown["Reliability"].startswith("no confidence yet")
    assert _results([])["Reliability"] == shown["Reliability"]


def test_a_picture_of_rows_that_nobody_took_can_be_drawn():
    row = {"task": "next", "n_rows": 3, "predicted": 0.0, "observed": 0.0, "brier": 0.0, "ece": 0.0}
    assert reliability_figure([row]).startswith(b"\x89PNG")
