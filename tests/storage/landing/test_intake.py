"""Intake: every row lands or is rejected with its reason, and a source that breaks the contract is named."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recsys_assets.profile import Delivery
from recsys_assets.selects import files, source
from recsys_assets.selects.canonical import SourceError
from tests.helpers.examples import examples
from tests.helpers.shop import COLUMNS, FIRST, Shop, day, encode, household, line, product

CELL = st.sampled_from(
    [
        "",
        " ",
        "u1",
        "p1",
        "7",
        "-1",
        "0",
        "1e400",
        "nan",
        "NULL",
        "2017-10-20 10:00:00",
        "2017-10-20",
        "1970-01-01",
        "2999-01-01",
    ]
) | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6)
GARBAGE = st.lists(st.lists(CELL, min_size=7, max_size=7), min_size=1, max_size=15)


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=GARBAGE)
@example(rows=[["u1", "3", "7", "p1", "1", "2.5", "2017-10-20 10:00:00"], ["u1", "3", "7", "p1", "0", "x", ""]])
def test_every_row_lands_or_is_rejected(tmp_path_factory, monkeypatch, rows):
    shop = Shop(tmp_path_factory.mktemp("shop"), monkeypatch)
    shop.land("products.csv", [product("p1")], day(1))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([COLUMNS["transactions"].split(), *rows])
    landed = shop.land("transactions.csv", text.getvalue(), day(22))
    assert landed.rows_read == landed.rows_landed + landed.rows_rejected == len(rows)
    stored = [row for (row,) in shop.query("select landed_row from landing.raw.transactions")]
    rejected = shop.rejects()
    assert sorted([*stored, *(row for _, row, *_ in rejected)]) == list(range(1, len(rows) + 1))
    for _, number, column, reason, delivered in rejected:
        assert reason
        assert column in {"user_id", "item_id", "event_ts", "quantity", "value"}
        values = [cell or None for cell in rows[number - 1]]
        assert list(json.loads(delivered).values()) == values, "the row as delivered"


REJECTED = [
    (line("", "p1", day(20)), "user_id", "no user"),
    (line("  ", "p1", day(20)), "user_id", "no user"),
    (line("u", "", day(20)), "item_id", "no item"),
    (line("u", "p1", ""), "event_ts", "no time, or none that is an instant to the source"),
    (line("u", "p1", "yesterday"), "event_ts", "cannot be read as timestamp: 'yesterday'"),
    (line("u", "p1", "1989-12-31 23:59:59"), "event_ts", "before 1990"),
    (line("u", "p1", day(22, 12, 1)), "event_ts", "after its own arrival"),
    (line("u", "p1", day(20), quantity=0), "quantity", "quantity is not above zero"),
    (line("u", "p1", day(20), quantity=-2), "quantity", "quantity is not above zero"),
    (line("u", "p1", day(20), quantity="two"), "quantity", "cannot be read as double: 'two'"),
    (line("u", "p1", day(20), quantity="inf"), "quantity", "not a finite number"),
    (line("u", "p1", day(20), value="nan"), "value", "not a finite number"),
    (line("u", "p1", day(20), value="2,50"), "value", "cannot be read as double: '2,50'"),
    (line("u", "fuel", day(20)), "product_id", "not a product: department FUEL"),
]


def test_each_reject_says_file_row_column_and_why(shop):
    shop.land("products-2.csv", [product("fuel", department="FUEL")], day(2))
    good = line("u", "p1", "1990-01-01 00:00:00")
    edge = line("u", "p2", day(22))  # It is at its own arrival, not after it.
    landed = shop.land("transactions.csv", [good, *(row for row, *_ in REJECTED), edge], day(22))
    assert (landed.rows_read, landed.rows_landed, landed.rows_rejected) == (len(REJECTED) + 2, 2, len(REJECTED))
    rejects = shop.rejects()
    assert [reject[:4] for reject in rejects] == [
        ("transactions.csv", number, column, reason) for number, (_, column, reason) in enumerate(REJECTED, 2)
    ]
    for (*_, delivered), (row, *_) in zip(rejects, REJECTED, strict=True):
        assert json.loads(delivered) == {name: str(value) or None for name, value in row.items()}
    counts = {
        (row["column_name"], row["reason"]): (row["n_rows"], row["first_row"])
        for row in shop.landing.reject_counts().to_pylist()
    }
    assert counts["user_id", "no user"] == (2, 2)
    assert sum(n for n, _ in counts.values()) == len(REJECTED)


def test_items_and_users_without_an_id_are_rejected(shop):
    shop.land("products-2.csv", [product(""), product("p3")], day(2))
    shop.land("demographics.csv", [household(" "), household("u")], day(2))
    assert [reject[:4] for reject in shop.rejects()] == [
        ("products-2.csv", 1, "item_id", "no item"),
        ("demographics.csv", 1, "user_id", "no user"),
    ]


class Sources:
    """SQL sources in a folder of their own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        monkeypatch.setattr(files, "SQL_FOLDER", folder / "sql")
        monkeypatch.setattr(source, "PROJECT", folder)

    def shop(self, **selects: str) -> Shop:
        """A shop with raw tables ``sales`` and ``names`` whose source has these SELECTs."""
        mine = self.folder / "sql" / "sources" / "mine"
        mine.mkdir(parents=True)
        for name, select in selects.items():
            (mine / f"{name}.sql").write_text(f"-- {name}\n{select}\n")
        deliveries = [Delivery(table=name, files=f"{name}*") for name in ("sales", "names")]
        return Shop(self.folder, self.monkeypatch, source="mine", deliveries=deliveries)


@pytest.fixture
def sources(tmp_path, monkeypatch) -> Sources:
    return Sources(tmp_path, monkeypatch)


EVENTS = (
    "select s.landed_id, s.u as user_id, s.i as item_id, {} as event_ts, 'purchase' as event_type{} from raw.sales as s"
)
SALES = "u,i,t\nu1,i1,2017-10-20T10:00:00Z\nu2,i2,2017-10-20T12:30:00+02:00\nu3,i3,2017-10-20T10:00:00\n"


def test_a_time_without_offset_is_rejected_where_the_source_asks_for_instants(sources):
    shop = sources.shop(events=EVENTS.format("instant_with_offset(s.t)", ""))
    landed = shop.land("sales.csv", SALES, day(22), kind="history")
    assert landed.rows_landed == 2
    known = shop.query("select u, landed_known_at from landing.raw.sales order by u")
    assert known == [("u1", day(20, 10)), ("u2", day(20, 10, 30))]
    ((_, row, column, reason, delivered),) = shop.rejects()
    assert (row, column, reason) == (3, "event_ts", "no time, or none that is an instant to the source")
    assert json.loads(delivered) == {"u": "u3", "i": "i3", "t": "2017-10-20T10:00:00"}


def test_rows_a_select_leaves_out_are_rejects_too(sources):
    shop = sources.shop(events=EVENTS.format("s.t", "") + " where s.u <> 'u2'")
    landed = shop.land("sales.csv", SALES, day(22))
    assert (landed.rows_landed, landed.rows_rejected) == (2, 1)
    assert shop.rejects()[0][1:4] == (2, "", "left out by the SELECTs of source mine")


def test_an_item_or_user_known_from_after_its_arrival_is_rejected(sources):
    items = "select n.landed_id, n.i as item_id, n.f as known_from from raw.names as n"
    shop = sources.shop(events=EVENTS.format("s.t", ""), items=items)
    shop.land("names.csv", "i,f\ni1,2017-10-20\ni2,2017-10-23\ni3,soon\n", day(22))
    assert [reject[1:4] for reject in shop.rejects()] == [
        (2, "known_from", "after its own arrival"),
        (3, "known_from", "cannot be read as timestamp: 'soon'"),
    ]


def test_a_join_that_multiplies_rows_is_refused(sources):
    joined = EVENTS.format("s.t", "") + " left join raw.names as n on n.i = s.i"
    items = "select n.landed_id, n.i as item_id, n.name as title from raw.names as n"
    shop = sources.shop(events=joined, items=items)
    shop.land("names.csv", "i,name\ni1,Soup\ni1,Stew\n", day(1))
    with pytest.raises(
        SourceError, match=r"sql/sources/mine/events\.sql: gives 1 row\(s\) of sales\.csv more than once"
    ):
        shop.land("sales.csv", SALES, day(22))
    assert [file["name"] for file in shop.ledger()] == ["names.csv"]


def test_one_row_may_be_of_two_canonical_tables_and_is_rejected_where_one_rejects_it(sources):
    items = (
        "select s.landed_id, s.i as item_id, s.i as title, case when s.u = 'u2' then 'u' end as reject_column, "
        "case when s.u = 'u2' then 'not from u2' end as reject_reason from raw.sales as s"
    )
    shop = sources.shop(events=EVENTS.format("s.t", ""), items=items)
    landed = shop.land("sales.csv", SALES, day(22))
    assert (landed.rows_read, landed.rows_landed, landed.rows_rejected) == (3, 2, 1), landed.message
    assert [reject[1:4] for reject in shop.rejects()] == [(2, "u", "not from u2")]


def test_a_lookup_in_a_table_that_never_landed_is_refused(sources):
    joined = EVENTS.format("s.t", "") + " left join raw.names as n on n.i = s.i"
    shop = sources.shop(events=joined)
    with pytest.raises(SourceError, match=r"events\.sql looks up raw\.names, but nothing has landed in it"):
        shop.land("sales.csv", SALES, day(22))


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (
            "select landed_id, u as user_id, t as event_ts from raw.sales",
            r"gives no column item_id\. Required are landed_id",
        ),
        (EVENTS.format("s.t", ", 1 as quantitty"), "column quantitty is not one of events; did you mean quantity"),
        (EVENTS.format("s.t", ", 1 as zzz"), r"column zzz is not one of events\. Known are landed_id, user_id"),
    ],
)
def test_a_select_with_other_columns_is_refused(sources, select, message):
    shop = sources.shop(events=select)
    with pytest.raises(SourceError, match=rf"sql/sources/mine/events\.sql: {message}"):
        shop.land("sales.csv", SALES, day(22))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("timestamp '2017-01-01' as known_at", "gives known_at, .* a row's own time is known_from"),
        ("null::timestamp as Known_At", "gives known_at"),
        ("date '2017-10-20' as visible_night", "gives visible_night, .* is found when it lands"),
        ("date '2017-10-20' as night", "gives night"),
        ("n.name as content", "gives content, .* the hash that tells one version from the next"),
        ("1 as item_key", "gives item_key, .* keys are numbered"),
        ("date '2017-10-20' as landed_night", "gives landed_night, .* columns of landing are its own"),
    ],
)
@pytest.mark.parametrize("table", ["items", "users", "promotions"])
def test_no_source_says_itself_when_its_rows_were_known(sources, table, given, why):
    key = "u as user_id" if table == "users" else "i as item_id"
    select = f"select n.landed_id, n.{key}, {given} from raw.names as n"
    shop = sources.shop(events=EVENTS.format("s.t", ""), **{table: select})
    with pytest.raises(SourceError, match=rf"sql/sources/mine/{table}\.sql: {why}"):
        shop.land("names.csv", "i,u,name\ni1,u1,Soup\n", day(1))


REWRITTEN = (
    ("n.f - interval 30 day", "makes known_from days earlier than it was delivered, n.f - INTERVAL '30' DAY"),
    ("coalesce(n.f - to_days(7), n.f)", "makes known_from days earlier"),
    ("date_add(n.f, interval '-1 week')", "makes known_from days earlier"),
    ("n.f - 7 * interval 1 day", "makes known_from days earlier"),
    ("n.f::date - 1", "makes known_from days earlier"),
    ("timestamp '2017-01-01'", "known_from is the same for all rows, .* leave known_from out where rows have none"),
    ("null", "known_from is the same for all rows, NULL"),
)


@pytest.mark.parametrize(("time", "why"), REWRITTEN, ids=[time for time, _ in REWRITTEN])
def test_no_source_makes_the_time_of_its_rows_earlier(sources, time, why):
    items = f"select n.landed_id, n.i as item_id, {time} as known_from from raw.names as n"
    with pytest.raises(SourceError, match=rf"sql/sources/mine/items\.sql: {why}"):
        sources.shop(events=EVENTS.format("s.t", ""), items=items)


def test_a_time_is_followed_to_where_it_is_made(sources):
    made = "with n as (select *, f - interval 2 day as told from raw.names) "
    made += "select landed_id, i as item_id, told as known_from from n"
    with pytest.raises(SourceError, match="makes told days earlier than it was delivered"):
        sources.shop(events=EVENTS.format("s.t", ""), items=made)


@pytest.mark.parametrize(
    "time", ["n.f - interval 5 hour", "n.f + interval 1 day", "date_trunc('day', n.f)", "timezone('Asia/Tokyo', n.f)"]
)
def test_time_zones_and_later_times_are_a_sources_own(sources, time):
    items = f"select n.landed_id, n.i as item_id, {time} as known_from, n.f - interval 3 day as old from raw.names as n"
    assert sources.shop(events=EVENTS.format("s.t", ""), items=items)


def test_a_source_without_events_is_refused(sources):
    with pytest.raises(SourceError, match=r"sql/sources/mine/events\.sql is missing"):
        sources.shop(items="select landed_id, i as item_id from raw.names")


def test_a_select_must_map_a_raw_table(sources):
    with pytest.raises(SourceError, match=r"events\.sql: must select from one raw table"):
        sources.shop(events="select landed_id from clean.events")


def test_deliveries_that_disagree_on_a_type_are_kept_as_text(shop):
    shop.land("transactions-1.parquet", [line(1, 2, day(20), basket=10)], day(20, 13))
    shop.land("transactions-2.parquet", [line("x1", "007", day(21), basket="b-10")], day(21, 13))
    shop.land("transactions-3.parquet", [line(3, 4, day(22), basket=30)], day(22, 13))
    types = {row[0]: row[1] for row in shop.query("describe landing.raw.transactions")}
    assert types["household_id"] == types["basket_id"] == "VARCHAR"
    assert types["quantity"] == "BIGINT"
    assert types["transaction_timestamp"] == "TIMESTAMP"
    shop.build(22)
    ids = [shop.events(number)[0][:2] for number in (20, 21, 22)]
    assert ids == [("1", "2"), ("x1", "007"), ("3", "4")]
    assert [shop.clean("events", number, "basket_id") for number in (20, 21, 22)] == [[("10",)], [("b-10",)], [("30",)]]


def test_new_columns_are_added_and_absent_ones_are_null(shop):
    shop.land("transactions-1.csv", [line("u", "p1", day(20))], day(20, 13))
    shop.land("transactions-2.csv", [line("u", "p2", day(20)) | {"coupon": "c9", "odd name": "x"}], day(20, 14))
    shop.land("transactions-3.csv", [line("u", "p3", day(20))], day(20, 15))
    rows = shop.query('select product_id, coupon, "odd name" from landing.raw.transactions order by 1')
    assert rows == [("p1", None, None), ("p2", "c9", "x"), ("p3", None, None)]


def test_a_file_without_a_column_the_source_reads_is_quarantined(shop):
    rows = [{name: value for name, value in line("u", "p1", day(20)).items() if name != "quantity"}]
    landed = shop.land("transactions.csv", rows, day(20, 13))
    assert landed.status == "quarantined"
    assert "does not fit sql/sources/complete_journey/events.sql" in landed.message
    assert '"quantity"' in landed.message
    assert shop.ledger()[-1]["status"] == "quarantined"


def test_reserved_column_names_are_quarantined(shop):
    landed = shop.land("transactions.csv", [line("u", "p1", day(20)) | {"landed_night": FIRST}], day(20, 13))
    assert landed.status == "quarantined"
    assert "column landed_night starts with landed_, which is reserved" in landed.message
    assert shop.land("transactions-2.csv", [line("u", "p1", day(20))], day(20, 13)).status == "landed"


def test_ragged_lines_are_rejects_and_the_rows_after_them_keep_their_number(shop):
    good = [line("u", item, day(20)) for item in ("a", "b", "c")] + [line("u", "d", day(20), quantity=0)]
    header, *rows = encode("x.csv", good).decode().splitlines()
    text = "\n".join([header, "1,2", rows[0], rows[1], "1,2,3,4,5,6,7,8,9", rows[2], rows[3]]) + "\n"
    landed = shop.land("transactions.csv", text, day(20, 13))
    assert (landed.rows_read, landed.rows_landed, landed.rows_rejected) == (6, 3, 3)
    stored = shop.query("select product_id, landed_row from landing.raw.transactions order by landed_row")
    assert stored == [("a", 2), ("b", 3), ("c", 5)]
    first, second, third = shop.rejects()
    assert (first[1], first[4], second[1], second[4]) == (1, "1,2", 4, "1,2,3,4,5,6,7,8,9")
    assert (third[1], third[3]) == (6, "quantity is not above zero")


GOOD = [line("u", n, day(20)) for n in range(500)]
UNREADABLE = {
    "transactions-truncated.csv.gz": encode("x.csv.gz", GOOD)[:-200],
    "transactions-corrupt.parquet": encode("x.parquet", GOOD)[:-9] + b"nonsense!",
    "transactions-empty.csv": b"",
    "transactions-empty.parquet": b"",
    "transactions-empty.jsonl": b"",
    "transactions.xlsx": b"PK",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_quarantined_and_the_next_one_lands(shop, name):
    landed = shop.land(name, UNREADABLE[name], day(20, 13))
    assert (landed.status, landed.rows_landed) == ("quarantined", 0)
    assert (landed.name, bool(landed.message)) == (name, True)
    after = shop.land("transactions-next.csv", [line("u", "p1", day(20))], day(20, 14))
    assert (after.status, after.rows_landed) == ("landed", 1)
    _, quarantined, following = shop.ledger()
    assert (quarantined["name"], quarantined["status"], quarantined["rows_read"]) == (name, "quarantined", 0)
    assert len(quarantined["message"]) > 20
    assert (following["status"], following["message"]) == ("landed", None)
    assert shop.query("select count(*) from landing.raw.transactions") == [(1,)]


def test_a_repaired_file_lands_under_the_name_of_the_quarantined_one(shop):
    whole = encode("x.csv.gz", GOOD)
    assert shop.land("transactions.csv.gz", whole[:-200], day(20, 13)).status == "quarantined"
    assert shop.land("transactions.csv.gz", whole, day(20, 14)).rows_landed == len(GOOD)
    assert [file["status"] for file in shop.ledger()] == ["landed", "quarantined", "landed"]


def test_a_select_that_fails_on_a_value_quarantines_the_file_and_says_what_to_write(sources):
    shop = sources.shop(events=EVENTS.format("s.t::timestamp", ""))
    landed = shop.land("sales.csv", "u,i,t\nu1,i1,soon\n", day(22))
    assert landed.status == "quarantined"
    assert "sql/sources/mine/events.sql fails on a value of it: Conversion Error" in landed.message
    assert "Use try_cast or try there" in landed.message
    assert shop.land("sales-2.csv", "u,i,t\nu1,i1,2017-10-20\n", day(22)).rows_landed == 1


def test_lines_that_cannot_be_split_are_kept_at_once_however_many(shop):
    header, row = ",".join(COLUMNS["transactions"].split()), "u,31,7,p1,1,2.5,2017-10-20\n"
    landed = shop.land("transactions.csv", f"{header}\n{row}" + "short,line\n" * 100_000, day(22))
    assert (landed.rows_landed, landed.rows_rejected) == (1, 100_000)
    assert shop.query("select count(*), min(row_number), max(row_number) from landing.ledger.rejects") == [
        (100_000, 2, 100_001)
    ]


def test_a_row_is_judged_with_what_its_own_night_can_look_up(shop):
    """A product that is found to be fuel on the 25th cannot have been fuel to the 21st."""
    shop.land("products_2.csv", [product("p9", department="FUEL")], day(25))
    shop.land("transactions.csv", [line("u1", "p9", day(21)), line("u1", "p9", day(26))], kind="history")
    assert shop.query("select landed_row from landing.raw.transactions") == [(1,)]
    assert [(row, reason) for _, row, _, reason, _ in shop.rejects()] == [(2, "not a product: department FUEL")]
