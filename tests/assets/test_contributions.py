"""What scores are made of, and how often rows are taken, on real purchases: held against models and rows themselves."""

import math
from datetime import timedelta

import numpy as np
import pytest

from recsys_assets.assets.night_features import NightFeatures, night_feature_reads
from recsys_assets.ranking.candidate_tables import feature_matrix
from recsys_assets.ranking.reranker import Reranker
from recsys_assets.storage.models import Models
from tests.helpers import sample
from tests.helpers.sample import HORIZON, NIGHTS

NIGHT = NIGHTS[-1]


@pytest.fixture(scope="module")
def told(built: sample.Deployment):
    """Rows of the release with the sum of base and parts: task, user, item, configuration, raw score, sum, parts."""
    return built.released(
        "select c.task, c.user_id, c.item_id, c.explains, r.configuration, r.raw_score, "
        "c.base + list_sum(list_transform(c.parts, lambda p: p.contribution)), "
        "list_transform(c.parts, lambda p: p.part) from serving.contributions as c "
        "inner join serving.recommendations as r using (task, user_id, rank, item_id)"
    )


def test_parts_of_a_raw_score_add_up_to_it(told):
    explained = [(raw, total) for *_, explains, _, raw, total, _ in told if explains == "raw_score"]
    assert len(explained) > 1000
    np.testing.assert_allclose(*np.array(explained).T, rtol=0, atol=1e-9)


def test_trees_say_of_listed_items_what_their_parts_add_up_to(built: sample.Deployment, told):
    with built.active(), built.lake.as_of(NIGHT, night_feature_reads(built.profile)) as snapshot:
        rows = NightFeatures(snapshot).rows()
        ids = {
            kind: dict(snapshot.table(f"select {kind}_key, {kind}_id from clean.{kind}s").to_pandas().to_numpy())
            for kind in ("user", "item")
        }
        n_told = 0
        for task in built.profile.tasks:
            reranker = Reranker.load(Models(built.profile).get(f"reranker_{task}", NIGHT).path)
            of_task = rows.filter([each == task for each in rows["task"].to_pylist()])
            keys = zip(of_task["user_key"].to_pylist(), of_task["item_key"].to_pylist(), strict=True)
            places = {(ids["user"][u], ids["item"][i]): place for place, (u, i) in enumerate(keys)}
            for objective, booster in reranker.boosters.items():
                sums = booster.predict(feature_matrix(of_task, reranker.names), raw_score=True)
                for of, user, item, explains, configuration, raw, total, parts in told:
                    if (of, explains) == (task, objective):
                        assert total == pytest.approx(sums[places[user, item]], abs=1e-9)
                        assert {"fusion", "user_item"} & {*parts} or "als" in parts
                        if configuration == f"reranker_{objective}":
                            said = 1 / (1 + math.exp(-total)) if objective == "binary" else total
                            assert raw == pytest.approx(said, abs=1e-9)
                        n_told += 1
        ordered = built.released(
            "select count(*) from serving.recommendations where configuration = 'blend' or configuration like 'rer%'"
        )
        assert n_told >= ordered[0][0]


def test_confidence_is_what_earlier_nights_were_graded(built: sample.Deployment):
    columns = "task, configuration, rank, score_tenth, n_rows, n_taken"
    assert built.rows("recommendations.confidence", NIGHTS[0], columns) == []
    graded = {NIGHTS[1]: NIGHTS[0], NIGHTS[2]: NIGHTS[1]}
    counted: dict[tuple, list[int]] = {}
    for night, listed in graded.items():
        assert night - listed == timedelta(HORIZON)
        taken = set(built.rows("grades.relevant", night, "task, user_key, item_key"))
        lists = built.rows("recommendations.lists", listed, "task, configuration, rank, score, user_key, item_key")
        for task, configuration, rank, score, user, item in lists:
            cell = counted.setdefault((task, configuration, rank, math.ceil(score * 10)), [0, 0])
            cell[0] += 1
            cell[1] += (task, user, item) in taken
    cells = {tuple(row[:4]): row[4:] for row in built.rows("recommendations.confidence", NIGHT, columns)}
    found = {cell: [*row] for cell, row in cells.items() if row[0]}
    assert found == {cell: row for cell, row in counted.items() if cell in cells}
    assert len(found) > 100
    shown = built.released("select count(*), count(confidence) from serving.recommendations")
    assert shown[0][0] == shown[0][1] > 0


def test_reliability_judges_what_was_said_a_horizon_before(built: sample.Deployment):
    said = {
        row[:4]: row[4]
        for row in built.rows(
            "recommendations.confidence", NIGHTS[1], "task, configuration, rank, score_tenth, confidence"
        )
    }
    taken = set(built.rows("grades.relevant", NIGHT, "task, user_key, item_key"))
    lists = built.rows("recommendations.lists", NIGHTS[1], "task, configuration, rank, score, user_key, item_key")
    distances: dict[str, list[float]] = {}
    for task, configuration, rank, score, user, item in lists:
        confidence = said[task, configuration, rank, math.ceil(score * 10)]
        distances.setdefault(task, []).append((confidence - ((task, user, item) in taken)) ** 2)
    rows = built.released("select night, task, max(brier), sum(n_rows) from meta.reliability group by all order by all")
    assert [(night, task, n) for night, task, _, n in rows] == [
        (NIGHT, task, len(of_task)) for task, of_task in sorted(distances.items())
    ]
    for _, task, brier, _ in rows:
        assert brier == pytest.approx(sum(distances[task]) / len(distances[task]), abs=1e-9)
