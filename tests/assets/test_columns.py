"""What the assets' pages tell of columns: each is followed down to stored columns, and to the right ones."""

import pytest
from dagster import AssetKey

from recsys_assets.assets.columns import column_notes, origins_text
from recsys_assets.selects.contracts import CONTRACTS
from recsys_assets.selects.files import table_files
from recsys_assets.storage.landing.database import Landed
from tests.helpers import sample
from tests.helpers.sample import Deployment

# Landing makes these (when a row became known, a hash of its attributes), or the source does not give them.
NOT_DELIVERED = {
    "clean.events": {"known_at", "rating", "session_id", "device", "os", "country", "region"},
    "clean.item_versions": {"content", "known_at", "known_from", "price", "retired_at"},
    "clean.user_versions": {"content", "known_at", "known_from", "country", "region"},
    "clean.deliveries": {  # Of files, not of what stands in them.
        "file",
        "table_name",
        "content",
        "is_history",
        "status",
        "arrived_at",
        "is_superseded",
        "n_rows",
        "n_rejected",
        "rejects",
    },
    "clean.cancellations": {
        "cancellation_id",
        "user_id",
        "item_id",
        "event_ts",
        "known_at",
        "quantity",
        "basket_id",
    },
}
# These are settings and constants, from no column of any table.
CONSTANT = {
    "clean.events": {"event_type"},
    "clean.cancellation_counts": {"counted_night"},
    "clean.retractions": {"reason"},
    "grades.segments": {"metric", "segment"},
    "grades.judged_newcomers": {"algorithm"},
    "grades.judged_published": {"algorithm"},
    "grades.late": {"graded_night"},
    "grades.relevant": {"task"},
    "recommendations.confidence": {"score_tenth"},
    "recommendations.lists": {"model_night", "policies"},
    "recommendations.trending_by_window": {"scope", "window_days"},
    "recommendations.settings": {"settings_night", "profile_hash", "settings"},
}
ALGORITHMS = ("als", "buy_again", "item_knn", "popularity")
TABLES = [
    f"{folder}.{name}"
    for folder in ("clean", "features", "grades", "recommendations")
    for name in table_files(folder, "complete_journey")
]


@pytest.fixture(scope="session")
def pages(built: Deployment) -> dict[str, dict]:
    """Metadata of the latest materialization of every asset, as the pages get it."""
    from recsys_jobs.run import dagster_instance, report_landing

    with built.active(), dagster_instance() as instance:
        report_landing(
            [Landed(file, file.removesuffix(".parquet").partition("_")[0], "landed") for file in sample.FILES]
        )
        metadata = {}
        for key in instance.all_asset_keys():
            event = instance.get_latest_materialization_event(key)
            metadata[".".join(key.path)] = {n: v.value for n, v in event.asset_materialization.metadata.items()}
        return metadata


def lineage(page: dict) -> dict[str, set[str]]:
    """Columns of other tables, as schema.table.column, by column."""
    return {
        column: {".".join([*dep.asset_key.path, dep.column_name]) for dep in deps}
        for column, deps in page["dagster/column_lineage"].deps_by_column.items()
    }


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_made_from_something(pages, table):
    columns = {column.name for column in pages[table]["dagster/column_schema"].columns}
    followed = lineage(pages[table])
    unexplained = columns - set(followed)
    assert unexplained == CONSTANT.get(table, set()) | NOT_DELIVERED.get(table, set())
    assert all(followed.values())


def test_what_columns_are_made_from_exists(pages):
    stored = {
        f"{table}.{column.name}"
        for table, page in pages.items()
        if "dagster/column_schema" in page
        for column in page["dagster/column_schema"].columns
    }
    # What results stand above on a page has its columns beneath them.
    stored |= {f"{table}.{column}" for table, columns in CONTRACTS.items() for column in columns}
    nights = {f"{table}.visible_night" for table in pages if table.startswith("clean.")}
    nights |= {f"grades.{name}.night" for name in ("newcomers", "published_rows", "trending")}
    named = {origin for table in TABLES for origins in lineage(pages[table]).values() for origin in origins}
    assert len(named) > 80
    assert named <= stored | nights


@pytest.mark.parametrize(
    ("table", "column", "origins"),
    [
        ("clean.events", "item_key", "clean.item_keys.item_key"),
        ("clean.events", "quantity", "raw.transactions.quantity"),
        ("clean.events", "value", "raw.transactions.sales_value"),
        ("clean.events", "event_ts", "raw.transactions.transaction_timestamp"),
        ("clean.item_keys", "item_id", "raw.transactions.product_id raw.products.product_id"),
        ("clean.item_versions", "title", "raw.products.product_type raw.products.package_size"),
        ("features.user_item", "user_key", "clean.events.user_key"),
        ("features.user_item", "recency_days", "clean.events.event_ts"),
        ("features.user_item", "n_purchases", "clean.events.event_type"),
        ("features.user_item", "n_events", "clean.events.user_key clean.events.item_key"),
        (
            "features.user_item",
            "rank_in_user",
            "clean.events.user_key clean.events.event_ts clean.item_keys.item_id",
        ),
        ("features.user_category", "category", "clean.item_versions.category"),
        ("features.user", "value_per_basket", "clean.events.value clean.events.quantity clean.retractions.quantity"),
        ("features.item", "n_events", "features.user_item.n_events"),
        ("features.item", "age_days", "features.user_item.first_age_days clean.item_keys.visible_night"),
        (
            "grades.segments",
            "mean",
            " ".join(f"grades.{t}.{m}" for t in ("candidates", "newcomers", "published") for m in ("ndcg", "recall")),
        ),
        ("grades.judged_published", "rank", "recommendations.lists.rank recommendations.trending.rank"),
        ("grades.relevant", "is_cold_user", "clean.user_keys.visible_night"),
        (
            "recommendations.lists",
            "algorithms",
            " ".join(f"candidates.{name}.{column}" for name in ALGORITHMS for column in ("algorithm", "items"))
            + " recommendations.trending.rank",
        ),
        ("recommendations.trending_by_window", "score", "features.user_item.recency_days"),
        (
            "recommendations.trending",
            "score",
            "clean.events.event_ts features.user_item.recency_days recommendations.trending_windows.window_days",
        ),
    ],
)
def test_columns_are_followed_to_the_right_ones(pages, table, column, origins):
    assert lineage(pages[table])[column] == set(origins.split())


def test_each_column_says_what_it_is_and_where_it_comes_from(pages):
    told = {column.name: column for column in pages["features.user_item"]["dagster/column_schema"].columns}
    assert told["due"].description == (
        'days since the last time over the usual gap, so 1 means "about now"\n\n'
        "from [clean.events](/assets/clean/events): `event_ts`, `item_key`, `user_key`"
    )
    assert [name for name, column in told.items() if "key" in column.constraints.other] == ["user_key", "item_key"]


def test_tables_made_by_python_say_what_their_columns_are(pages):
    told = {column.name: column.description for column in pages["grades.published"]["dagster/column_schema"].columns}
    assert told["user_key"].startswith("number of the user")
    assert told["ndcg"]


def test_a_raw_table_shows_rows_columns_and_rejects(pages):
    page = pages["raw.transactions"]
    columns = [column.name for column in page["dagster/column_schema"].columns]
    assert {"household_id", "landed_night"} <= set(columns)
    assert page["dagster/row_count"] > 10_000
    assert "| household_id |" in page["Sample"]
    assert "landed_night" not in page["Sample"]
    assert "quantity is not above zero" in page["rejected"]


@pytest.mark.parametrize(
    ("comment", "notes"),
    [
        ("share: part of all.\nrank: place.", {"share": "part of all", "rank": "place"}),
        ("share: part of all,\nitems too.\nMore of the table.", {"share": "part of all, items too"}),
        ("share, rank: as of now.", {"share": "as of now", "rank": "as of now"}),
        ("share: one; rank: two.", {"share": "one", "rank": "two"}),
        ("What is taken by share: not a note.", {}),
        ("(a share: neither)", {}),
        ("other: not a column.", {}),
    ],
)
def test_notes_of_columns_are_found_in_a_comment(comment, notes):
    assert column_notes(comment, {"share": "DOUBLE", "rank": "INTEGER"}) == notes


def test_origins_alike_are_told_together():
    from dagster import TableColumnDep

    deps = [TableColumnDep(AssetKey(["candidates", name]), "rank") for name in ("als", "knn")]
    deps.append(TableColumnDep(AssetKey(["clean", "events"]), "event_ts"))
    assert origins_text(deps) == (
        "from [candidates.als](/assets/candidates/als), [candidates.knn](/assets/candidates/knn): `rank`; "
        "[clean.events](/assets/clean/events): `event_ts`"
    )
