"""The release's tables for views on real purchases: nothing of them is of later than the night."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest

from recsys_assets.assets.feature_gains import feature_gains
from recsys_assets.checks.declared import load_checks
from recsys_assets.ranking.reranker import Reranker
from recsys_assets.selects.files import TableName
from recsys_assets.storage.models import Models
from tests.assets.purchases import Purchases, cutoff
from tests.helpers import sample

NIGHT = sample.NIGHTS[-1]


def test_history_and_volume_are_of_what_the_night_could_see(built: sample.Deployment, purchases: Purchases):
    seen = purchases.up_to(NIGHT)
    hours = Counter(row.at.replace(minute=0, second=0, microsecond=0) for row in seen)
    since = cutoff(NIGHT) - timedelta(days=60)
    assert dict(built.released("select hour, sum(n_events)::int from meta.volume group by hour")) == {
        hour: n for hour, n in hours.items() if hour >= since
    }
    by_user: dict[str, list[tuple]] = {}
    for row in seen:
        by_user.setdefault(row.user, []).append((row.at, row.item, row.basket))
    history = built.released("select user_id, event_ts, item_id, basket_id from serving.history")
    assert {user for user, *_ in history} == by_user.keys()
    for user, events in by_user.items():
        shown = [(at, item, basket) for who, at, item, basket in history if who == user]
        newest = sorted((at for at, *_ in events), reverse=True)[:200]
        assert [at for at, *_ in shown] == newest
        assert set(shown) <= set(events)


def test_history_names_the_delivered_row_of_each_event(built: sample.Deployment):
    history = built.released("select user_id, item_id, basket_id, file, row_number from serving.history")
    assert {file for *_, file, _ in history} == {"transactions_1.parquet", "transactions_2.parquet", sample.LATE}
    delivered = {
        name: duckdb.sql(f"select household_id, product_id, basket_id from '{built.files / name}'").fetchall()
        for name in {file for *_, file, _ in history}
    }
    for *ids, file, row in history:
        assert tuple(ids) == tuple(str(each) for each in delivered[file][row - 1])


def test_the_parts_of_the_fusion_are_the_score_of_its_lists(built: sample.Deployment):
    """The sum of weight / (rrf_k + rank) over who proposed an item, in whole multiples of 1e-12."""
    parts = built.released(
        "with proposed as (select task, user_id, item_id, configuration, raw_score, "
        "unnest(algorithms, recursive := true) from serving.recommendations where configuration <> 'trending'), "
        "weights as (select task, rrf_k, unnest(fusion_weights, recursive := true) from meta.tasks), "
        "fused as (select task, user_id, unnest(items) as item_id, unnest(scores) as score "
        "from serving.algorithm_lists where algorithm = 'fusion') "
        "select p.configuration, p.raw_score, f.score, sum(round(w.weight / (w.rrf_k + p.rank) * 1e12)::bigint) / 1e12 "
        "from proposed as p inner join weights as w using (task, algorithm) left join fused as f using (task, user_id, "
        "item_id) group by p.task, p.user_id, p.item_id, p.configuration, p.raw_score, f.score"
    )
    assert len(parts) == built.released("select count(*) from serving.recommendations")[0][0]
    shown = [(score, total) for _, _, score, total in parts if score is not None]
    assert len(shown) > 0.5 * len(parts)
    assert all(abs(score - total) < 1e-7 for score, total in shown)  # Lists of algorithms hold floats of 32 bits.
    assert all(raw_score == total for configuration, raw_score, _, total in parts if configuration == "fusion")
    for weights in built.released("select list_transform(fusion_weights, lambda w: w.weight) from meta.tasks"):
        assert sum(weights[0]) == pytest.approx(1)


def test_the_ledger_counts_the_rows_of_history_up_to_the_night(built: sample.Deployment, purchases: Purchases):
    late = (sample.LATE, sample.LATE_ARRIVAL, False, "landed")
    ledger = {row[0]: row for row in built.released("from meta.ledger")}
    assert (ledger[sample.LATE][0], *ledger[sample.LATE][2:5]) == late
    assert ledger["products.parquet"][2:] == (None, True, "landed", None, None)
    counted = sum(row[5] for name, row in ledger.items() if name.startswith("transactions"))
    with built.active():
        from recsys_assets.storage.landing.database import Landing

        with Landing(built.profile).open() as con:
            query = "select count(*), count(*) filter (landed_night <= $1) from landing.raw.transactions"
            every, up_to_the_night = con.execute(query, [NIGHT]).fetchall()[0]
    assert counted == up_to_the_night < every
    reasons = built.released("select sum(n_rows)::int from meta.reject_counts")
    assert reasons == built.released("select sum(n_rejected)::int from meta.ledger")


def test_algorithm_lists_are_those_of_the_lake(built: sample.Deployment):
    ids = dict(built.released("select user_id, 1 from serving.users"))
    lists = built.released("select task, user_id, algorithm, items, scores from serving.algorithm_lists")
    assert {user for _, user, *_ in lists} == ids.keys()
    assert {"als", "popularity", "fusion"} <= {algorithm for _, _, algorithm, *_ in lists}
    assert all(len(items) == len(scores) <= 20 for *_, items, scores in lists)
    first = built.released(
        "select count(*) from serving.algorithm_lists as l inner join meta.champions as c on c.task = l.task "
        "and c.configuration = l.algorithm and c.is_champion and c.night = (select max(night) from meta.nights) "
        "inner join serving.recommendations as r on r.task = l.task and r.user_id = l.user_id and r.rank = 1 "
        "where l.items[1] = r.item_id"
    )
    assert first[0][0] > 0.9 * len(ids)


def test_gains_are_those_of_the_models_that_ranked(built: sample.Deployment):
    gains = built.released(
        "select task, objective, feature, gain, share from meta.feature_gains where night = $1", NIGHT
    )
    assert len(gains) == built.released("select count(*) from meta.feature_gains")[0][0]
    with built.active():
        for task in ("next", "discovery"):
            model = Reranker.load(Models(built.profile).get(f"reranker_{task}", NIGHT).path)
            for objective, expected in model.gains().items():
                told = {feature: row for t, o, feature, *row in gains if (t, o) == (task, objective)}
                assert {feature: gain for feature, (gain, _) in told.items()} == expected
                shares = {feature: gain / sum(expected.values()) for feature, gain in expected.items()}
                assert {feature: share for feature, (_, share) in told.items()} == pytest.approx(shares)


def test_a_model_that_was_fitted_after_it_ranked_is_not_told(built: sample.Deployment, tmp_path):
    copy = built.copy(tmp_path / "copy")
    with copy.active(), copy.lake.as_of(NIGHT, [TableName("recommendations", "rankings", "packed")]) as snapshot:
        (rankings,) = snapshot.inputs
        assert {row["task"] for row in feature_gains(snapshot, rankings).to_pylist()} == {"next", "discovery"}
        models, old = Models(copy.profile), Models(copy.profile).get("reranker_next", NIGHT)
        again = replace(Reranker.load(old.path), seed=99)
        models.write("reranker_next", NIGHT, again.save, old.provenance)
        assert {row["task"] for row in feature_gains(snapshot, rankings).to_pylist()} == {"discovery"}
        assert feature_gains(snapshot, None).num_rows == 0


def test_checks_are_those_that_ended_before_the_release(built: sample.Deployment):
    checks = built.released("select table_name, check_name, outcome, is_blocking, n_rows from meta.checks")
    tables = {table for table, *_ in checks}
    assert {"clean.events", "features.user", "models.als", "recommendations.lists"} <= tables
    assert not [table for table in tables if table.startswith(("raw.", "releases."))]
    assert {outcome for _, _, outcome, _, _ in checks} <= {"pass", "warn"}
    declared = {(check.table, check.name) for check in load_checks(built.profile)}
    assert {(table, check) for table, check, *_ in checks} <= declared
    assert all(outcome == "pass" for _, _, outcome, is_blocking, _ in checks if is_blocking)


def test_costs_name_the_steps_that_ended_before(built: sample.Deployment):
    costs = {step: row for step, *row in built.released("from meta.costs")}
    assert {"clean.events", "models.als", "candidates.als", "recommendations.lists"} <= costs.keys()
    assert "releases.published" not in costs
    algorithm, rows, seconds, peak = costs["candidates.als"]
    assert (algorithm, seconds > 0, peak > 10**6) == ("als", True, True)
    assert rows == built.released("select count(*) from serving.algorithm_lists where algorithm = 'als'")[0][0]
