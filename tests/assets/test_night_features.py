"""Every number known of a candidate stands beside it, joined by the tables' own keys, from the right night."""

from datetime import timedelta

import pytest

from recsys_assets.assets.night_features import NightFeatures, night_feature_reads
from recsys_assets.selects.feature_join import FeatureError, feature_tables
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select
from tests.helpers.sample import NIGHTS


@pytest.fixture(scope="module")
def joined(built):
    """Rows of the last night's candidates with all features, and the snapshot they came from."""
    with built.active():
        lists = [TableName("recommendations", "candidates"), TableName("candidates", "als")]
        with built.lake.as_of(NIGHTS[-1], [*night_feature_reads(built.profile), *lists]) as snapshot:
            yield NightFeatures(snapshot).rows().to_pandas(), snapshot


def test_rows_stay_as_they_are(joined):
    rows, snapshot = joined
    (n,) = snapshot.row("select count(*) from recommendations.candidates")
    assert len(rows) == n
    assert not rows.duplicated(["task", "user_key", "item_key"]).any()


@pytest.mark.parametrize(
    ("column", "query"),
    [
        ("user_n_baskets", "select user_key, n_baskets from features.user"),
        ("item_n_buyers", "select item_key, n_buyers from features.item"),
        ("user_item_due", "select user_key, item_key, due from features.user_item"),
        (
            "user_category_n_events",
            "select user_key, item_key, t.n_events from features.user_category as t "
            "inner join features.item using (category)",
        ),
        ("als_rank", "select task, user_key, item_key, rank from candidates.als"),
        ("als_score", "select task, user_key, item_key, score from candidates.als"),
    ],
)
def test_a_columns_values_are_those_of_its_table(joined, column, query):
    rows, snapshot = joined
    given = snapshot.table(query).to_pandas()
    *key, name = given.columns
    looked_up = rows[key].merge(given, on=key, how="left")[name].astype("float32")
    assert rows[column].notna().sum() > 20
    assert ((rows[column] == looked_up.to_numpy()) | (rows[column].isna() & looked_up.isna().to_numpy())).all()


def test_every_number_of_every_feature_table_is_there(joined):
    rows, snapshot = joined
    numbers = snapshot.table(
        "select schema_name as s, table_name as t, column_name as c, data_type as k from duckdb_columns() "
        "where schema_name = 'features' and data_type in ('INTEGER', 'BIGINT', 'DOUBLE', 'BOOLEAN')"
    ).to_pylist()
    wanted = {f"{n['t']}_{n['c']}" for n in numbers if n["c"] not in {"user_key", "item_key"}}
    assert len(wanted) > 40
    assert wanted <= set(rows.columns)


def test_texts_and_keys_are_no_features(joined):
    rows, _ = joined
    others = [name for name in rows.columns if name.endswith(("_category", "_store", "_key", "_algorithm", "_task"))]
    assert others == ["user_key", "item_key"]
    assert rows.dtypes.astype(str).value_counts()["float32"] == len(rows.columns) - 7


def test_what_the_fusion_says_stands_beside_them(joined):
    rows, snapshot = joined
    columns = ["task", "user_key", "item_key", "rank", "score", "n_algorithms", "best_rank"]
    given = snapshot.table(f"select {', '.join(columns)} from recommendations.candidates order by 1, 2, 3").to_pandas()
    assert rows[columns].equals(given)


def test_some_users_are_the_same_rows_as_all(built, joined):
    rows, snapshot = joined
    some = NightFeatures(snapshot).rows(3, 9).to_pandas()
    key = ["task", "user_key", "item_key"]
    expected = rows[rows["user_key"].between(3, 9)].sort_values(key).reset_index(drop=True)
    assert len(some) > 20
    assert some.sort_values(key).reset_index(drop=True).equals(expected)


def test_graded_features_are_those_of_the_graded_night(built):
    labels = load_select(SQL_FOLDER / "training" / "labels.sql")
    with built.active():
        profile = built.profile
        reads = [*labels.reads, *night_feature_reads(profile, "graded")]
        with built.lake.as_of(NIGHTS[-1], reads) as snapshot:
            chosen = snapshot.table(labels.text, {"every_nth": 3, "max_users": 10**6})
            known = NightFeatures(snapshot, "graded")
            rows = known.rows(chosen=chosen).to_pandas()
            everything = known.rows().to_pandas()
        earlier = NIGHTS[-1] - timedelta(days=profile.horizon)
        with built.lake.as_of(earlier, [TableName("features", "user")]) as snapshot:
            users = snapshot.table("select user_key, n_events from features.user").to_pandas()
    assert len(rows) > 100
    assert rows["taken"].any()
    key = ["task", "user_key", "item_key"]
    assert rows[key].equals(chosen.to_pandas()[key])
    # Those that were chosen are said the same of as all.
    same = rows[key].merge(everything, on=key, how="left", validate="one_to_one")
    assert rows.drop(columns=["taken", "weight"]).equals(same[[*key, *same.columns[3:]]])
    given = rows[["user_key"]].merge(users, on="user_key", how="left")["n_events"].astype("float32")
    assert (rows["user_n_events"].to_numpy() == given.to_numpy()).all()


def test_a_table_whose_key_nothing_has_is_named(built):
    """No table tells an item's category here, so those of categories cannot join."""
    with built.active(), built.lake.as_of(NIGHTS[-1], night_feature_reads(built.profile)) as snapshot:

        def ask(query):
            return snapshot.table(f"from ({query}) where column_name <> 'category'")

        with pytest.raises(FeatureError, match=r"features\.user_category needs category"):
            feature_tables(built.profile, ask)
