"""What three nights made, held against the delivered files."""

import itertools
from collections import Counter
from datetime import datetime, timedelta

import pytest
from pyarrow.parquet import ParquetFile

from recsys_jobs.run import dagster_instance
from tests.assets.purchases import cutoff
from tests.helpers.sample import HORIZON, LATE_ARRIVAL, NIGHTS

FIRST, SECOND, LAST = NIGHTS
TASKS = ("next", "discovery")
REPORTED = {"dagster/row_count", "Sample", "watermark", "fingerprint", "seconds", "peak_memory_mb"}
WITH_RESULTS = {
    "grades.summary": "Grades",
    "grades.pooled": "NDCG@10",
    "grades.comparisons": "NDCG@10",
    "grades.policy_effects": "Effects",
    "recommendations.champions": "Decision",
    "recommendations.similar_items": "Grades",
    "audits.detectors": "Detectors",
    "releases.published": "Outcome",
}
"""Assets whose pages begin with results, and one of these."""
NOT_TABLES = {"models", "tracking"}


@pytest.fixture(scope="module")
def reports(built):
    """Metadata of the newest materialization, by asset and night."""
    metadata = {}
    with built.active(), dagster_instance() as instance:
        for key in instance.all_asset_keys():
            for record in reversed(instance.fetch_materializations(key, limit=100).records):
                metadata[".".join(key.path), record.partition_key] = {
                    name: value.value for name, value in record.asset_materialization.metadata.items()
                }
    return metadata


def test_every_asset_of_every_night_reports_what_it_made(built, reports):
    from recsys_assets.assets.night_assets import all_assets

    with built.active():
        expected = {".".join(key.path) for assets in all_assets(built.profile) for key in assets.keys}
    expected = {name for name in expected if not name.startswith("raw.")}
    assert len(expected) > 25
    for name, night in itertools.product(sorted(expected), NIGHTS):
        report = reports[name, night.isoformat()]
        columns = {"columns", WITH_RESULTS[name]} if name in WITH_RESULTS else {"dagster/column_schema"}
        wanted = {"seconds", "peak_memory_mb"} if name.split(".")[0] in NOT_TABLES else REPORTED | columns
        assert wanted <= set(report), f"{name} of {night} does not report {wanted - set(report)}"
        assert report["seconds"] > 0
        assert report["peak_memory_mb"] > 30


def test_results_stand_above_all_else(reports):
    """Dagster shows ``dagster/column_schema`` first, then the other metadata by name, capitals before small letters."""
    for name, result in WITH_RESULTS.items():
        report = reports[name, LAST.isoformat()]
        assert "dagster/column_schema" not in report, name
        shown = sorted(label for label in report if not label.startswith("dagster/"))
        assert shown.index(result) < shown.index("Sample") < shown.index("columns"), name
    model = reports["models.reranker_next", LAST.isoformat()]
    assert sorted(model)[:3] == ["Gain, binary", "Gain, lambdamart", "SHAP"]


def test_no_watermark_is_at_or_after_its_cutoff_and_the_log_reaches_its_last_day(reports):
    watermarks = {
        (name, night): datetime.fromisoformat(report["watermark"])
        for (name, night), report in reports.items()
        if report.get("watermark", "no event yet") != "no event yet"
    }
    assert len(watermarks) > 90
    for (name, night), watermark in watermarks.items():
        end = cutoff(datetime.fromisoformat(night).date())
        assert watermark < end, f"{name} of {night} rests on an event of {watermark}"
    for night in NIGHTS:
        for name in ("clean.events", "features.user_item", "models.als", "candidates.als", "recommendations.lists"):
            assert watermarks[name, night.isoformat()] >= cutoff(night) - timedelta(days=1), f"{name} of {night}"


def test_reported_rows_and_fingerprint_are_the_files(built, reports):
    for name in ("clean.events", "features.user", "candidates.item_knn", "recommendations.lists", "grades.summary"):
        report = reports[name, LAST.isoformat()]
        with ParquetFile(built.lake.partition(name, LAST).path) as file:
            assert report["dagster/row_count"] == file.metadata.num_rows
        assert report["fingerprint"] == built.lake.partition(name, LAST).fingerprint
        assert built.lake.partition(name, LAST).path.samefile(report["file"])


def test_skipped_nights_got_their_own_clean_partition_and_were_reported(built, reports):
    nights = built.lake.nights("clean.events")
    assert nights == [built.profile.first_night + timedelta(days=day) for day in range(8)]
    assert {night for name, night in reports if name == "clean.events"} == {str(night) for night in nights}
    assert built.lake.built_nights() == list(NIGHTS)


def test_the_log_holds_every_purchase_once_on_its_visible_night(built, purchases, keys):
    users, items = keys
    logged = Counter(
        (users[user], items[item], at, basket, partition.night)
        for partition in built.lake.partitions("clean.events", LAST)
        for user, item, at, basket in built.rows(
            "clean.events", partition.night, "user_key, item_key, event_ts, basket_id"
        )
    )
    # Two lines of one basket that are alike in all but their row count once.
    delivered = {(row.user, row.item, row.at, row.basket, row.visible) for row in purchases.up_to(LAST)}
    assert set(logged) == delivered
    late = [row for row in logged if row[4] == LATE_ARRIVAL.date() and row[2].date() < row[4]]
    assert late, "the sample has no late events"


def test_known_users_and_items_are_those_with_a_visible_purchase(built, purchases, keys):
    users, items = keys
    assert sorted(users.values()) == sorted(purchases.users(LAST))
    assert sorted(items.values()) == sorted(purchases.items(LAST))


@pytest.mark.parametrize("algorithm", ["als", "buy_again", "item_knn", "popularity"])
def test_candidates_keep_their_contract(built, purchases, keys, algorithm):
    users, items = keys
    had = purchases.had(LAST)
    rows = built.rows(f"candidates.{algorithm}", LAST, "algorithm, task, user_key, item_key, rank, score")
    assert {row[0] for row in rows} == {algorithm}
    lists = {key: list(group) for key, group in itertools.groupby(rows, lambda row: (row[1], row[2]))}
    assert len(lists) == len({(row[1], row[2]) for row in rows}), "a list is not in one piece"
    assert len(lists) > 90
    for (task, user), listed in lists.items():
        ranked = [(-score, items[item]) for _, _, _, item, _, score in listed]
        assert [row[4] for row in listed] == list(range(1, len(listed) + 1))
        assert len({item for _, item in ranked}) == len(listed)
        assert ranked == sorted(ranked), f"{task} list of user {users[user]} is out of order"
        if task == "discovery":
            assert not had[users[user]] & {item for _, item in ranked}


@pytest.mark.parametrize("night", NIGHTS)
def test_every_known_user_has_a_full_list_for_every_task(built, purchases, keys, night):
    users, items = keys
    had, known_items = purchases.had(night), purchases.items(night)
    rows = built.rows("recommendations.lists", night, "task, user_key, rank, item_key, score")
    lists = {key: list(group) for key, group in itertools.groupby(rows, lambda row: row[:2])}
    assert {(task, users[user]) for task, user in lists} == set(itertools.product(TASKS, purchases.users(night)))
    for (task, user), listed in lists.items():
        assert [row[2] for row in listed] == list(range(1, built.profile.list_length + 1))
        ranked = [(-score, items[item]) for _, _, _, item, score in listed]
        assert ranked == sorted(ranked)
        assert {item for _, item in ranked} <= known_items
        if task == "discovery":
            assert not had[users[user]] & {item for _, item in ranked}


def test_lists_differ_from_user_to_user_and_night_to_night(built):
    def lists(night):
        rows = built.rows("recommendations.lists", night, "task, user_key, item_key")
        return {key: tuple(row[2] for row in group) for key, group in itertools.groupby(rows, lambda row: row[:2])}

    last, second = lists(LAST), lists(SECOND)
    assert len(set(last.values())) > 0.9 * len(last)
    assert sum(last[key] != second[key] for key in second) > 0.5 * len(second)


def test_what_a_night_saw_is_the_same_for_all_of_its_tables(built):
    """Each table's file says which partitions it rests on: all of them at or before its own night."""
    from recsys_assets.storage.lake.provenance import provenance

    checked = 0
    for name in built.lake.tables():
        for partition in built.lake.partitions(name):
            nights = {night for read in provenance(partition.path).inputs.values() for night in read}
            assert all(night <= partition.night for night in nights), f"{name} of {partition.night}"
            checked += len(nights)
    assert checked > 100


def test_a_table_keeps_what_it_was_made_from(built):
    from recsys_assets.storage.lake.provenance import provenance

    about = provenance(built.lake.partition("candidates.als", LAST).path)
    assert about.models["als"].startswith(f"{LAST} ")
    learned = provenance(built.lake.partition("recommendations.fusion_weights", LAST).path)
    assert LAST - timedelta(days=HORIZON) in learned.inputs["candidates.als"]
