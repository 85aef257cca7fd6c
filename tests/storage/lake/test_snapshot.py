"""Snapshots: what each name shows to a night."""

from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.selects.contracts import CONTRACTS
from recsys_assets.selects.files import TableName
from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.lake.lake import LakeError
from recsys_assets.storage.lake.provenance import Provenance
from recsys_assets.storage.models import Models
from tests.helpers.damage import flip


@pytest.fixture
def write(shop):
    def write(table, number, query="select {n} as a", key=("a",)):
        with shop.lake.as_of(shop.night(number), [], table) as snapshot:
            text = f"{query.format(n=number)} order by {', '.join(key)}"
            return snapshot.write(text, key).partition

    return write


@pytest.fixture
def made(write):
    """Nights 1 to 5 of features.made, each with its own number as ``a``."""
    return [write("features.made", number) for number in range(1, 6)]


def table_name(name):
    *catalog, schema, table = name.split(".")
    return TableName(schema, table, *catalog)


@pytest.fixture
def ask(shop):
    def ask(number, query, *reads):
        with shop.lake.as_of(shop.night(number), map(table_name, reads)) as snapshot:
            return snapshot.table(query).to_pylist()

    return ask


def test_a_table_is_the_nights_own_partition(made, ask):
    assert ask(3, "from features.made", "features.made") == [{"a": 3}]


def test_past_is_every_partition_up_to_the_night_with_its_night(made, ask, shop):
    rows = ask(3, "from past.features.made order by a", "past.features.made")
    assert rows == [{"a": number, "night": shop.night(number)} for number in (1, 2, 3)]


def test_before_is_strictly_earlier(made, ask, shop):
    rows = ask(3, "from before.features.made order by a", "before.features.made")
    assert rows == [{"a": number, "night": shop.night(number)} for number in (1, 2)]


def test_a_column_that_a_declared_table_gained_is_null_in_nights_of_before(write, ask, shop, monkeypatch):
    monkeypatch.setitem(CONTRACTS, "grades.made", {"a": "INTEGER"})
    write("grades.made", 1)
    monkeypatch.setitem(CONTRACTS, "grades.made", {"a": "INTEGER", "b": "VARCHAR"})
    assert ask(2, "select a, b from before.grades.made", "before.grades.made") == [{"a": 1, "b": None}]
    write("grades.made", 2, "select {n} as a, 'new' as b")
    rows = ask(2, "select a, b, night from past.grades.made order by a", "past.grades.made")
    assert rows == [{"a": 1, "b": None, "night": shop.night(1)}, {"a": 2, "b": "new", "night": shop.night(2)}]


def test_graded_is_the_partition_a_horizon_before(made, ask):
    assert ask(3, "from graded.features.made", "graded.features.made") == [{"a": 1}]


def test_graded_is_empty_with_its_columns_where_that_night_was_not_built(write, ask):
    write("features.made", 1)
    write("features.made", 4)
    with_columns = "select count(*) as n, max(a) as a, any_value(typeof(a)) as t from graded.features.made"
    assert ask(4, with_columns, "graded.features.made") == [{"n": 0, "a": None, "t": None}]
    described = ask(4, "describe graded.features.made", "graded.features.made")
    assert [(row["column_name"], row["column_type"]) for row in described] == [("a", "INTEGER")]


@pytest.mark.parametrize("catalog", ["graded", "past", "before"])
def test_a_declared_table_is_empty_with_its_columns_before_any_night_wrote_it(ask, catalog):
    name = f"{catalog}.recommendations.trending"
    described = ask(1, f"describe {name}", name)
    columns = ["scope", "rank", "item_key", "score"] + ([] if catalog == "graded" else ["night"])
    assert [row["column_name"] for row in described] == columns
    assert ask(1, f"select count(*) as n from {name}", name) == [{"n": 0}]


def test_the_columns_of_an_unbuilt_night_do_not_come_from_the_future(write, ask):
    write("features.made", 4)
    with pytest.raises(LakeError, match=r"graded\.features\.made was never built up to night 2020-03-03"):
        ask(3, "from graded.features.made", "graded.features.made")


def test_a_missing_partition_fails_by_name_and_says_what_to_do(made, ask):
    with pytest.raises(LakeError, match=r"features\.made has no partition for night 2020-03-06: build it first"):
        ask(6, "from features.made", "features.made")


def test_a_table_not_declared_is_not_there(made, ask, write):
    write("features.other", 3)
    with pytest.raises(duckdb.CatalogException, match="Table with name other does not exist"):
        ask(3, "from features.other", "features.made")


def test_candidates_are_the_lists_of_every_algorithm(make_shop):
    shop = make_shop(algorithms={"popularity": {}, "buy_again": {}})
    row = "select '{0}' as algorithm, 'next' as task, 1 as user_key, [{1}] as items, [0.5::double] as scores"
    for algorithm in shop.profile.algorithms:
        for number in (1, 3):
            with shop.lake.as_of(shop.night(number), [], f"candidates.{algorithm}") as snapshot:
                snapshot.write(f"{row.format(algorithm, number)} order by user_key", ("user_key",))
    with shop.lake.as_of(
        shop.night(3), [TableName("candidates", "lists"), TableName("candidates", "lists", "graded")]
    ) as snapshot:
        assert snapshot.row("select list(algorithm order by algorithm), min(item_key) from candidates.lists") == (
            ["buy_again", "popularity"],
            3,
        )
        assert snapshot.row("select count(*), max(item_key) from graded.candidates.lists") == (2, 1)
    lists = [TableName("candidates", "lists")]
    missing = r"candidates\.buy_again has no partition for night 2020-03-02"
    with pytest.raises(LakeError, match=missing), shop.lake.as_of(shop.night(2), lists):
        pass


def test_lists_that_an_earlier_version_wrote_are_to_be_built_again(make_shop, monkeypatch):
    shop = make_shop(algorithms={"popularity": {}})
    row = "select 'popularity' as algorithm, 'next' as task, 1 as user_key, 2 as item_key, 1 as rank, "
    row += "0.5::double as score"
    with monkeypatch.context() as earlier, shop.lake.as_of(shop.night(1), [], "candidates.popularity") as snapshot:
        earlier.setattr("recsys_assets.storage.lake.writer.packed", lambda table: None)
        snapshot.write(f"{row} order by user_key", ("user_key",))
    says = r"candidates\.popularity, night 2020-03-01: holds a row an item, .*: recsys night 2020-03-01\."
    with pytest.raises(LakeError, match=says), shop.lake.as_of(shop.night(1), [TableName("candidates", "lists")]):
        pass


def test_this_says_what_night_it_is(make_shop):
    shop = make_shop(event_weights={"purchase": 2.0, "view": 0.5}, tasks=["discovery"], list_length=30, rrf_k=5)
    with shop.lake.as_of(shop.night(3), []) as snapshot:
        assert snapshot.table("from this.night").to_pylist() == [
            {
                "night": date(2020, 3, 3),
                "cutoff": datetime(2020, 3, 4),
                "graded_night": date(2020, 3, 1),
                "graded_cutoff": datetime(2020, 3, 2),
            }
        ]
        (profile,) = snapshot.table("from this.profile").to_pylist()
        assert '"rrf_k": 5' in profile.pop("settings")
        assert profile == {
            "horizon": 2,
            "list_length": 30,
            "rrf_k": 5,
            "n_similar": 20,
            "n_trending": 100,
            "fingerprint": shop.profile.fingerprint,
            "repeated_lines": "count",
            "list_users": 2_000,
            "co_purchase_days": 90,
            "depth": 100,
        }
        assert snapshot.table("from this.tasks").to_pylist() == [{"task": "discovery", "n_candidates": 200}]
        weights = snapshot.table("from this.event_weights order by event_type").to_pylist()
        assert [tuple(row.values()) for row in weights] == [("purchase", 2.0), ("view", 0.5)]
        assert snapshot.row("select current_setting('TimeZone')") == ("UTC",)


def test_this_inputs_lists_what_is_shown(made, shop):
    with shop.lake.as_of(shop.night(2), [TableName("features", "made", "past")], "features.next", "run 9") as snapshot:
        rows = snapshot.table("from this.inputs order by night").to_pylist()
        assert [tuple(row.values()) for row in rows] == [
            ("features.made", shop.night(n), made[n - 1].fingerprint, "") for n in (1, 2)
        ]
        snapshot.write("select 1 as a order by a", ("a",))
    with shop.lake.as_of(shop.night(2), [TableName("features", "next")]) as snapshot:
        assert snapshot.row("select run_id from this.inputs") == ("run 9",)


def test_a_snapshot_stays_as_it_was_opened(made, shop, write):
    with shop.lake.as_of(shop.night(3), [TableName("features", "made", "past")]) as snapshot:
        write("features.made", 2, "select 22 as a")
        assert snapshot.table("select a from past.features.made order by a")["a"].to_pylist() == [1, 2, 3]


def test_rows_made_by_python_are_read_by_name(shop):
    with shop.lake.as_of(shop.night(1), [], "features.made") as snapshot:
        snapshot.add("made.rows", pa.table({"a": [3, 1, 2]}))
        snapshot.write("select a from made.rows order by a", ("a",))
    assert shop.rows("features.made", 1) == [(1,), (2,), (3,)]


# From here on it is about the clean log.


@pytest.fixture
def log(shop):
    """Two users and three items over three nights; the purchase of p3 arrives a night late."""
    shop.land("products.parquet", [shop.product("p1", brand="old"), shop.product("p2", brand="other")])
    shop.land("demographics.parquet", [shop.household("u1", age="35-44")])
    shop.land("transactions_1.parquet", [shop.line("u1", "p1", shop.at(1)), shop.line("u2", "p2", shop.at(2))])
    shop.build(1)
    shop.land("transactions_2.parquet", [shop.line("u1", "p3", shop.at(1))], arrived=shop.at(3))
    shop.land("products_2.parquet", [shop.product("p1", brand="new")], arrived=shop.at(2))
    shop.build(3)
    return shop


def test_interactions_are_those_visible_with_their_age_and_weight(log):
    query = "select event_ts, visible_night, age_days, weight from clean.interactions order by all"
    assert log.seen(1, query) == [(log.at(1), log.night(1), 0.5, 1.0)]
    assert log.seen(2, query) == [(log.at(1), log.night(1), 1.5, 1.0), (log.at(2), log.night(2), 0.5, 1.0)]
    assert log.seen(3, query)[:2] == [(log.at(1), log.night(1), 2.5, 1.0), (log.at(1), log.night(3), 2.5, 1.0)]


def test_events_of_no_weight_are_no_interactions(log, make_shop):
    other = make_shop(event_weights={"view": 1.0})
    assert other.seen(3, "select count(*) from clean.interactions") == [(0,)]
    assert other.seen(3, "select count(*) from clean.events") == [(3,)]


def test_items_and_users_carry_the_version_visible_and_since_when_they_are_known(log):
    query = "select item_id, available_from, brand from clean.items order by item_id"
    assert log.seen(1, query) == [("p1", log.night(1), "old")]
    assert log.seen(2, query) == [("p1", log.night(1), "new"), ("p2", log.night(2), "other")]
    assert log.seen(3, query)[2] == ("p3", log.night(3), None), "known by its event, never described"
    users = "select user_id, available_from, age from clean.users order by user_id"
    assert log.seen(2, users) == [("u1", log.night(1), "35-44"), ("u2", log.night(2), None)]


def test_the_log_as_graded_is_what_the_graded_night_saw(log):
    for query in (
        "select event_ts, visible_night, age_days, weight from {}clean.interactions order by all",
        "select item_id, available_from, brand from {}clean.items order by item_id",
        "select user_id, available_from, age from {}clean.users order by user_id",
    ):
        assert log.seen(3, query.format("graded.")) == log.seen(1, query.format("")), query
    # Two nights before the second there was no log, but its columns are known.
    assert log.seen(2, "select count(*), max(brand) from graded.clean.items") == [(0, None)]
    assert log.seen(2, "select count(*), max(visible_night) from graded.clean.interactions") == [(0, None)]


def retract(shop, number, event_id, quantity):
    """Write the night's retractions by hand."""
    query = (
        f"select '{event_id}'::uuid as event_id, event_id as retracted_by, {quantity}::double as quantity, "
        "'taken back' as reason, "
        "cutoff - interval 1 hour as known_at from this.night order by event_id, retracted_by"
    )
    with shop.lake.as_of(shop.night(number), [], "clean.retractions") as snapshot:
        snapshot.write(query, ("event_id", "retracted_by"))


def test_interactions_are_less_what_was_taken_back(shop):
    shop.stock("p1", "p2", "p3")
    lines = [shop.line("u1", f"p{n}", shop.at(1), quantity=4.0, sales_value=8.0) for n in (1, 2, 3)]
    shop.land("transactions.parquet", lines)
    shop.build(4)
    ids = dict(shop.seen(1, "select i.item_id, e.event_id from clean.events e join clean.items i using (item_key)"))
    retract(shop, 2, ids["p1"], 3)
    retract(shop, 3, ids["p2"], "null")
    retract(shop, 4, ids["p1"], "null")
    query = (
        "select i.item_id, quantity, value from clean.interactions join clean.items i using (item_key) order by item_id"
    )
    whole = {name: (name, 4.0, 8.0) for name in ids}
    assert shop.seen(1, query) == [whole["p1"], whole["p2"], whole["p3"]]
    assert shop.seen(2, query) == [("p1", 1.0, 2.0), whole["p2"], whole["p3"]]
    assert shop.seen(3, query) == [("p1", 1.0, 2.0), whole["p3"]]
    assert shop.seen(4, query) == [whole["p3"]], "taken back in part, then wholly"


# From here on it is about watermarks.


@pytest.mark.parametrize(("instant", "good"), [("2020-03-02 23:59:59.999999", True), ("2020-03-03 00:00:00", False)])
def test_a_watermark_at_or_after_the_cutoff_is_refused(shop, instant, good):
    with shop.lake.as_of(shop.night(2), [], "features.made") as snapshot:
        if good:
            snapshot.use_watermark(datetime.fromisoformat(instant))
            return
        with pytest.raises(LakeError, match=r"features\.made, night 2020-03-02: rests on an event of 2020-03-03"):
            snapshot.use_watermark(datetime.fromisoformat(instant))


def test_an_event_past_the_cutoff_in_the_log_is_noticed(shop):
    """As if landing had given it the wrong visible night."""
    shop.stock()
    shop.land("transactions.parquet", [shop.line("u1", "p1", shop.at(1))])
    with shop.landing.open() as con:
        con.execute("update landing.raw.transactions set transaction_timestamp = timestamp '2020-03-05'")
    with pytest.raises(LakeError, match=r"clean\.events, night 2020-03-01: rests on an event of 2020-03-05"):
        shop.build(1)


# From here on it is about models.


def fit(shop, number, **provenance):
    def save(folder):
        folder.mkdir()
        (folder / "weights.json").write_text(f"{number}")

    about = Provenance(shop.night(number), **provenance)
    return Models(shop.profile).write("popularity", shop.night(number), save, about)


def test_a_model_of_another_night_is_refused(shop):
    model = fit(shop, 2)
    said = "night 2020-03-01 may not use the model of night 2020-03-02"
    lists = shop.lake.as_of(shop.night(1), [], "candidates.popularity")
    with lists as snapshot, pytest.raises(LakeError, match=said):
        snapshot.use_model(model)


def test_a_model_that_changes_while_lists_are_made_of_it_is_refused(shop):
    model = fit(shop, 2)
    with shop.lake.as_of(shop.night(2), [], "candidates.popularity") as snapshot:
        snapshot.use_model(model)
        flip(model.path / "weights.json")
        with pytest.raises(DamagedFile, match="its files are not those that were written"):
            snapshot.write("select 1 as a order by a", ("a",))
    assert shop.lake.partition("candidates.popularity", shop.night(2)) is None


def test_a_model_that_saw_the_future_is_refused(shop):
    model = fit(shop, 2, watermark=datetime(2020, 3, 3))
    lists = shop.lake.as_of(shop.night(2), [], "candidates.popularity")
    with lists as snapshot, pytest.raises(LakeError, match="rests on an event of 2020-03-03"):
        snapshot.use_model(model)


def test_a_model_of_data_built_again_since_is_refused(shop, write):
    old = write("features.made", 1)
    model = fit(shop, 2, inputs={"features.made": {shop.night(1): old.fingerprint}})
    reads = [TableName("features", "made", "past")]
    with shop.lake.as_of(shop.night(2), reads, "candidates.popularity") as snapshot:
        snapshot.use_model(model)
        assert snapshot.provenance.models == {"popularity": f"2020-03-02 {model.fingerprint}"}
    write("features.made", 1, "select 9 as a")
    said = r"popularity was fitted on features\.made as it was before"
    lists = shop.lake.as_of(shop.night(2), reads, "candidates.popularity")
    with lists as snapshot, pytest.raises(LakeError, match=said):
        snapshot.use_model(model)
