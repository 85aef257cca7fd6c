"""What `recsys init` takes columns for, and what it refuses."""

import re
import tomllib
from datetime import datetime, timedelta

import duckdb
import pytest

from recsys_assets.profile import PROJECT
from recsys_jobs.init.look import InitError
from recsys_jobs.init.measure import weigh
from recsys_jobs.init.times import check_zone
from tests.jobs.init.proposal import FILES, Proposal, measured, profile_of

WEIRD = ['user "id"', "sold at", "select", "🛒 qty", "it's; drop table seen --", "a\nb"]


@pytest.mark.parametrize(("name", "content", "roles", "first"), FILES.values(), ids=FILES)
def test_columns_are_taken_for_what_they_are(propose, name, content, roles, first):
    proposal = propose(content, name)
    assert proposal.roles == roles
    assert proposal.events[0]["event_ts"] == first
    assert all(row["event_ts"] for row in proposal.events)


HEAD, LINES = "user,item,time", [f"u{n % 3},i{n % 2},2025-01-0{n + 1}" for n in range(4)]
OWN_IDS = {
    "named so": ("event_id", "1 2 3 4", True),
    "of no file's rows": ("id", "a7 b3 c9 d1", True),
    "numbers with gaps": ("id", "11 12 14 15", True),
    "numbers that go on from elsewhere": ("id", "101 102 103 104", True),
    "numbers of the rows": ("id", "1 2 3 4", False),
    "the same, from 0 and not in order": ("id", "3 0 2 1", False),
    "one twice": ("event_id", "a b b c", False),
    "one twice in another spelling": ("event_id", "7 8 8.0 9", False),
    "one missing": ("uuid", "a b  c", False),
    "of an order": ("order_id", "a b c d", None),
}


@pytest.mark.parametrize(("name", "ids", "is_taken"), OWN_IDS.values(), ids=OWN_IDS)
def test_an_id_of_the_event_counts_it_once(propose, name, ids, is_taken):
    rows = [f"{line},{own}" for line, own in zip(LINES, ids.split(" "), strict=True)]
    proposal = propose("\n".join([f"{HEAD},{name}", *rows]))
    assert proposal.roles.get("delivered_id") == (name if is_taken else None)
    assert [row.get("delivered_id") for row in proposal.events] == (ids.split(" ") if is_taken else [None] * 4)
    if is_taken is False:
        assert any(said in proposal.left_out[name] for said in ("none of their own", "begin anew"))


def test_numbers_that_several_files_go_on_with_are_ids(propose, tmp_path):
    (tmp_path / "purchases_2.csv").write_text(f"{HEAD},id\nu1,i1,2025-02-01,5\n")
    rows = [f"{line},{n}" for n, line in enumerate(LINES, 1)]
    proposal = propose("\n".join([f"{HEAD},id", *rows]), "purchases_1.csv")
    assert len(proposal.files) == 2
    assert proposal.roles["delivered_id"] == "id"


REFUSED = {
    "header only": ("user,item,time\n", {}, "holds no row below its column names"),
    "no time": (
        "user,item,pieces\nu,i,3\n",
        {},
        "No column holds times, so no night can be told: user, item, pieces. Join them in from another file first.",
    ),
    "ids are no times": ("user,item,order_number\nu,i,1506827187\n", {}, "--time"),
    "times of a kind nobody knows": (
        'user,item,time\nu,i,"Tue, 31 Oct 2017 10:00:00 GMT"\n',
        {},
        "the values of time (Tue, 31 Oct 2017 10:00:00 GMT) are no times that are known. Say which with --time, and",
    ),
    "no user": ("basket,item,time\nb,i,2025-01-01\n", {}, "If none is, join the user in from another file"),
    "no user by name": (
        "basket,item,time\nb,i,2025-01-01\n",
        {},
        "No column with values is the user by its name. Say which with",
    ),
    "no item": (
        "user,time\nu,2025-01-01\n",
        {},
        "No column with values is the item by its name. Say which with --item",
    ),
    "two users": (
        "customer_id,visitor_id,item,time\nc,v,i,2025-01-01\n",
        {},
        "More than one column could be the user: customer_id, visitor_id. Say which with --user customer_id or",
    ),
    "two times": (
        "user,item,ordered_at,sold_at\nu,i,2025-01-01,2025-01-02\n",
        {},
        "More than one column could be the time: ordered_at, sold_at.",
    ),
    "day or month": (
        "user,item,time\nu,i,03/04/2025 10:00\nu,i,05/06/2025 10:00\n",
        {},
        "--time-format '%d/%m/%Y %H:%M' or --time-format '%m/%d/%Y %H:%M'",
    ),
    "day and month": ("user,item,time\nu,i,13/04/2025\nu,i,04/13/2025\n", {}, "1 values of it can only have the day"),
    "no header": ("u1,i1,2025-01-01\nu2,i2,2025-01-02\nu3,5,6\n", {}, "No column with values is the user"),
    "no header, three ids": (
        "17,42,70,2025-01-01\n18,43,80,2025-01-02\n",
        {},
        "has no line of column names, and its values do not tell which column is what (column1: 17, 18; "
        "column2: 42, 43; column3: 70, 80; column4: 2025-01-01, 2025-01-02). Name all of them in order with --columns "
        "user,item,...,time,",
    ),
    "no header, no time": ("17,42,3\n18,43,4\n", {}, "with --columns ...,...,..., for example"),
    "columns of one name": ("1,2,3\n", {"columns": ["a", "A"]}, "--columns a,A: give each column a name of its own"),
    "a column that is not there": ("user,item,time\nu,i,2025-01-01\n", {"user": "usr"}, "did you mean user?"),
    "a time that is none": ("user,item,time,t\nu,i,2025-01-01,x\n", {"time": "t"}, "its values (x) are no times"),
    "a clock that nobody knows": (
        "user,item,time\nu,i,13/02/2025 klo 10\n",
        {},
        "the values of time (13/02/2025 klo 10) are no times that are known. Say which with --time, and its format",
    ),
    "a format that does not fit": (
        "user,item,time\nu,i,2025-01-01\n",
        {"time_format": "%d.%m.%Y"},
        "--time-format '%d.%m.%Y' fits 0 of 1 values of time, which look like 2025-01-01.",
    ),
    "a thousand types": (
        "user,item,time,t\n" + "".join(f"u,i,2025-01-01,t{n}\n" for n in range(1001)),
        {"event": "t"},
        "t has over a thousand values, so it is no event type.",
    ),
}


@pytest.mark.parametrize(("content", "options", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_told_is_refused_with_the_option_to_give(propose, content, options, sentence):
    with pytest.raises(InitError) as refused:
        propose(content, **options)
    assert sentence in str(refused.value)


def test_unknown_formats_and_missing_files_are_refused(propose, tmp_path):
    with pytest.raises(InitError, match=r"format \.xlsx is not known; [^;]* or JSON lines\.$"):
        propose("user,item\n", "sales.xlsx")
    with pytest.raises(InitError, match="is not a file"):
        Proposal(tmp_path / "nowhere.csv", tmp_path)


def test_what_the_caller_says_counts(propose):
    content = "customer_id,visitor_id,item,d1,d2,n\nc,v,i,03/04/2025,2025-01-01,3\n"
    proposal = propose(content, user="VISITOR_ID", time="d1", time_format="%m/%d/%Y", quantity="n")
    assert (proposal.roles["user"], proposal.roles["time"], proposal.roles["quantity"]) == ("visitor_id", "d1", "n")
    assert proposal.events[0]["event_ts"] == datetime(2025, 3, 4)
    assert propose("user,item,time,qty\nu,i,2025-01-01,1\n", quantity="").roles.keys() == {"user", "item", "time"}


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2025-07-01 10:00", datetime(2025, 7, 1, 8)),
        ("2025-01-01 10:00", datetime(2025, 1, 1, 9)),
        ("2025-07-01T10:00:00Z", datetime(2025, 7, 1, 10)),
        ("2025-07-01 10:00:00 UTC", datetime(2025, 7, 1, 10)),
        ("31/07/2025 10:00", datetime(2025, 7, 31, 8)),
        ("31-Jul-2025 10:00", datetime(2025, 7, 31, 8)),
        ("31-JUL-25 10:00", datetime(2025, 7, 31, 8)),
        ("31/07/2025 10h00", datetime(2025, 7, 31, 8)),
        ("2025.07.31 10:00", datetime(2025, 7, 31, 8)),
        ("2025年7月31日 10:00", datetime(2025, 7, 31, 8)),
        ("2025年7月31日10時00分", datetime(2025, 7, 31, 8)),
        ("2025년 7월 31일 10시 00분", datetime(2025, 7, 31, 8)),
        ("1751364000", datetime(2025, 7, 1, 10)),
        ("1751364000123456", datetime(2025, 7, 1, 10, 0, 0, 123456)),
        ("1751364000123456789", datetime(2025, 7, 1, 10, 0, 0, 123456)),
    ],
)
def test_local_times_become_utc_and_instants_stay(propose, written, instant):
    proposal = propose(f"user,item,time\nu,i,{written}\n", zone="Europe/Berlin")
    assert proposal.events[0]["event_ts"] == instant
    assert ("Europe/Berlin" in proposal.texts["events"].partition("select")[0]) == (
        not re.search(r"^\d+$|Z$|UTC$", written)
    )


def test_times_taken_as_utc_are_called_so_in_the_sql(propose):
    comment = propose("user,item,time\nu,i,2025-01-01 10:00\n").texts["events"].partition("select")[0]
    assert "Those that say no offset are taken as UTC" in comment


def test_a_time_of_day_beside_the_day_is_pointed_at(propose):
    proposal = propose("user,item,date,time\nu,i,2025-01-01,10:15\n")
    assert proposal.roles["time"] == "date"
    assert proposal.left_out == {"time": "a time of day: join it to the day in events.sql"}


def test_an_offset_is_never_read_as_local_time(propose):
    """DuckDB's cast to TIMESTAMP drops an offset; the written SQL must not."""
    proposal = propose("user,item,time\n" + "u,i,2025-01-01 10:00:00\n" * 9 + "u,i,2025-01-01 10:00:00+05:00\n")
    assert proposal.events[-1]["event_ts"] == datetime(2025, 1, 1, 5)


def test_what_stands_behind_the_clock_is_heeded_or_the_row_rejected(propose):
    """Shopify's `Created at`; times of day that a cast would read as if the rest were not there."""
    shopify = propose("Email,Lineitem sku,Created at\nu,i,2025-02-13 23:03:17 +0100\nu,i,2025-07-13 23:03:17 -0500\n")
    assert shopify.roles["time"] == "Created at"
    assert [row["event_ts"] for row in shopify.events] == [
        datetime(2025, 2, 13, 22, 3, 17),
        datetime(2025, 7, 14, 4, 3, 17),
    ]
    odd = ["2025-01-01 10:00:00 CEST", "2025-01-01 10:00 PM", "2025-01-01 10:00:00 +1"]
    proposal = propose("user,item,time\n" + "u,i,2025-01-01 10:00:00\n" * 9 + "".join(f"u,i,{t}\n" for t in odd))
    assert [row["event_ts"] for row in proposal.events[-3:]] == [None, None, None]
    assert propose("user,item,time\nu,i,2025-01-01 10:00 PM\n").events[0]["event_ts"] == datetime(2025, 1, 1, 22)


EXCEL = {
    "45000.5": datetime(2023, 3, 15, 12),
    "45000,5": datetime(2023, 3, 15, 12),
    "45000": datetime(2023, 3, 15),
    "45000.333333333336": datetime(2023, 3, 15, 8),
    "45000.999988425925": datetime(2023, 3, 15, 23, 59, 59),
}


@pytest.mark.parametrize(("written", "instant"), EXCEL.items())
def test_days_as_excel_counts_them(propose, written, instant):
    content = f"user;item;sold_at\nu;i;{written}\nu;i;44000.25\n"
    for options in ({}, {"time_format": "excel"}, {"time_format": "Excel"}):
        assert propose(content, **options).events[0]["event_ts"] == instant
    local = propose(content, zone="Europe/Berlin").events[0]["event_ts"]
    assert local == instant - timedelta(hours=1), "Excel knows no zone"
    parquet = f"select 'u' as user, 'i' as item, {written.replace(',', '.')} as sold_at"
    assert propose(parquet, "sales.parquet").events[0]["event_ts"] == instant


def test_not_every_number_of_five_digits_is_a_day(propose):
    with pytest.raises(InitError, match="No column"):
        propose("user,item,time\nu,i,45000.5\nu,i,86399\n")
    assert propose("user,item,time\nu,i,45000.5\nu,i,99\n", time_format="excel").events[1]["event_ts"].year == 1900
    with pytest.raises(InitError, match="--time-format 'excel' fits 0 of 1 values of time, which look like 2025-01-01"):
        propose("user,item,time\nu,i,2025-01-01\n", time_format="excel")


FRACTIONS = {
    "2025-03-01 10:00:00,069": "%Y-%m-%d %H:%M:%S,%f",
    "2025-03-01T10:00:00,069": "%Y-%m-%dT%H:%M:%S,%f",
    "2025-03-01T11:00:00,069+01:00": None,
    "2025-03-01 10:00:00,069 UTC": None,
    "13.03.2025 10:00:00,069": "%d.%m.%Y %H:%M:%S,%f",
    "03/13/2025 10:00:00,069": "%m/%d/%Y %H:%M:%S,%f",
}


@pytest.mark.parametrize(("written", "given"), FRACTIONS.items(), ids=FRACTIONS)
def test_fractions_of_a_second_may_follow_a_comma(propose, written, given):
    content = f"user;item;time\nu;i;{written}\n"
    for time_format in {None, given}:
        at = propose(content, time_format=time_format).events[0]["event_ts"]
        assert (at.month, at.hour, at.microsecond) == (3, 10, 69_000)


def test_nanoseconds_with_a_zone_are_instants(propose, shared_cases, tmp_path):
    proposal = Proposal(shared_cases / "06c_ns_tz" / "events.parquet", tmp_path)
    assert len(proposal.events) == 20
    assert [row["event_ts"] for row in proposal.events[:2]] == [datetime(2025, 3, 1, 9), datetime(2025, 3, 2, 9)]


@pytest.mark.parametrize(("name", "skip"), [("report.csv", 3), ("verkauf.csv", 0)])
def test_a_report_is_read_below_its_titles(shared_cases, tmp_path, name, skip):
    file = shared_cases / "08_preamble" / name
    proposal = Proposal(file, tmp_path)
    assert (proposal.delivery.skip, list(proposal.roles)) == (skip, ["user", "item", "time", "quantity"])
    lines = file.read_text().splitlines()
    assert len(proposal.events) == len(lines) - lines.index(next(each for each in lines if "customer" in each)) - 1
    assert all(row["event_ts"] for row in proposal.events)


def test_titles_above_the_names_become_a_setting_of_the_delivery(propose):
    content = "Report\n\nuser,item,time\nu,i,2025-01-01\n"
    figures = measured()
    for options in ({}, {"skip": 2}):
        proposal = propose(content, **options)
        settings = tomllib.loads(profile_of(proposal.delivery, figures))
        assert settings["deliveries"][0]["skip"] == 2
        assert len(proposal.events) == 1
    plain = propose("user,item,time\nu,i,2025-01-01\n")
    assert "skip" not in profile_of(plain.delivery, figures)
    assert len(propose("a,b,c\nuser,item,time\nu,i,2025-01-01\n", skip=1).events) == 1, "what nothing tells is asked"


def test_one_odd_value_decides_nothing(propose):
    content = "user,item,time\n" + "u,i,28/02/2025 10:00\n" * 200 + "u,i,unknown\nu,i,02/28/2025 10:00\n"
    assert [row["event_ts"] for row in propose(content).events[-2:]] == [None, None]


def test_an_unknown_zone_names_close_ones():
    with duckdb.connect() as con, pytest.raises(InitError, match="Names look like: Europe/Berlin"):
        check_zone(con, "Europe/Berlim")


# --- what is written


def test_names_that_sql_could_trip_over(propose):
    content = ",".join('"' + name.replace('"', '""') + '"' for name in [*WEIRD, "item"])
    content += '\nu1,2025-01-01 10:00,x,2,"4.50","z",i1\n'
    proposal = propose(content, user=WEIRD[0], time=WEIRD[1], event=WEIRD[2], quantity=WEIRD[3], value=WEIRD[4])
    (event,) = proposal.events
    assert [event[name] for name in ("user_id", "event_ts", "event_type", "quantity", "value")] == [
        "u1",
        datetime(2025, 1, 1, 10),
        "x",
        2,
        4.5,
    ]


def test_values_that_toml_and_sql_could_trip_over(propose):
    odd = 'it\'s a "buy"\n]\\'
    proposal = propose(
        "select 'u' as user, 'i' as item, date '2025-01-01' as time, $$" + odd + "$$ as event", "e.parquet"
    )
    assert proposal.events[0]["event_type"] == odd.lower()
    figures = measured(types={odd: 2, "refund\n[x]": 1})
    settings = tomllib.loads(profile_of(proposal.delivery, figures))
    assert settings["event_weights"] == {odd: 1.0}


def test_ids_that_were_floats_lose_their_point(propose):
    proposal = propose("user,item,time\n17850.0,8.5,2025-01-01\n13047.0,9.0,2025-01-01\n")
    assert [(row["user_id"], row["item_id"]) for row in proposal.events] == [("17850", "8.5"), ("13047", "9.0")]


def test_a_unit_price_becomes_the_value_of_the_line(propose):
    name, content, *_ = FILES["German till, semicolons and decimal commas"]
    proposal = propose(content, name)
    assert [row["value"] for row in proposal.events] == [4.8, 1234.5]
    assert [row["price"] for row in proposal.rows["items"]] == [2.4, 1234.5]
    assert propose("user,item,time,price\nu,i,2025-01-01,3.5\n").events[0]["value"] == 3.5
    assert propose(FILES["American dates, TSV"][1], "sales.tsv").events[0]["value"] == 1234.5


def test_the_total_of_an_order_is_no_value_of_its_lines(propose):
    rows = ["A,9,4", "A,9,5", "B,7,7", "C,5,2", "C,,3"]
    content = "user,item,time,order,total,price\n" + "".join(f"u,i,2025-01-01,{row}\n" for row in rows)
    proposal = propose(content)
    assert [row["value"] for row in proposal.events] == [4, 5, 7, 2, 3]
    assert proposal.left_out["total"] == "one value for all lines of an order, so it is no line's"
    assert propose(content, value="total").events[0]["value"] == 9
    assert propose(content.replace("A,9,5", "A,8,5").replace("C,,3", "C,4,3")).roles["value"] == "total"


def test_items_are_known_from_their_event_on(propose):
    content = "user,item,time,title,brand,note\n" + "".join(
        f"u{n},i{n % 2},2025-01-0{n + 1},Title {n % 2},B,note {n}\n" for n in range(6)
    )
    proposal = propose(content)
    assert "note" in proposal.left_out
    assert proposal.rows["items"][1] | {"landed_id": None} == {
        "landed_id": None,
        "item_id": "i1",
        "title": "Title 1",
        "brand": "B",
        "known_from": datetime(2025, 1, 2),
    }


def test_what_changes_with_the_event_is_no_attribute_of_the_item(propose):
    content = "user,item,time,name\n" + "".join(f"u{n},i{n % 2},2025-01-0{n + 1},Ann {n}\n" for n in range(6))
    proposal = propose(content)
    assert proposal.left_out["name"] == "one item has many values of it, so it says nothing of the item"
    assert "items" not in proposal.texts


def test_negative_quantities_are_what_was_given_back(propose):
    proposal = propose("user,item,time,qty,order\nu,i,2025-01-01,3,A\nu,i,2025-01-02,-1,B\nu,i,2025-01-03,0,C\n")
    assert [row["quantity"] for row in proposal.events] == [3, 0]
    assert [row["reject_reason"] for row in proposal.events] == [None, "quantity is not above zero"]
    assert [(row["quantity"], row["basket_id"]) for row in proposal.rows["retractions"]] == [(1.0, "B")]


def test_what_means_a_purchase_is_called_one(propose):
    proposal = propose(FILES["Retail Rocket, milliseconds"][1])
    assert [row["event_type"] for row in proposal.events] == ["view", "purchase"]
    types = ["Product Viewed", "Order Completed", "Product Purchased", "Order Shipped", "Video Completed"]
    segment = propose("user,item,time,event\n" + "".join(f"u,i,2025-01-01,{name}\n" for name in types))
    assert [row["event_type"] for row in segment.events] == [
        "product viewed",
        "purchase",
        "purchase",
        "order shipped",
        "video completed",
    ]


STATES = {
    "order_status": ["Delivered", "canceled", "shipped", ""],
    "status": ["Entregue", "Cancelado", "Enviado", ""],
    "Statut commande": ["Livrée", "Annulée", "Payée", ""],
    "Auftragsstatus": ["versendet", "storniert", "offen", ""],
    "注文ステータス": ["発送済み", "キャンセル", "入金済み", ""],
    "주문상태": ["배송완료", "취소완료", "결제", ""],
}


@pytest.mark.parametrize(("name", "states"), STATES.items(), ids=STATES)
def test_orders_that_came_to_nothing_are_no_purchases(propose, name, states):
    rows = [f"u,i,2025-01-01,{state}\n" for state in states]
    proposal = propose(f"user,item,time,{name}\n" + "".join(rows))
    assert [row["event_type"] for row in proposal.events] == ["purchase", states[1].lower(), "purchase", "purchase"]
    assert "came to nothing" in proposal.texts["events"]
    assert list(weigh({"purchase": 3, states[1].lower(): 1})) == ["purchase"]
    all_went_well = propose(f"user,item,time,{name}\n" + rows[0] + rows[2])
    assert "event" not in all_went_well.roles


def test_a_column_says_why_it_is_left_out(propose):
    proposal = propose("user,item,time,Betrag in EUR,Preis (CHF),amount\nu,i,2025-01-01,1.50,3.00,three pounds\n")
    assert (proposal.roles["value"], proposal.roles["price"]) == ("Betrag in EUR", "Preis (CHF)")
    assert proposal.left_out == {"amount": "its values are no numbers"}


@pytest.mark.parametrize(
    ("name", "columns", "event_type"),
    [
        ("purchases_2025.csv", "user,item,time", "purchase"),
        ("log.csv", "user,item,time", "event"),
        ("events.csv", "user,item,time", "event"),
        ("log.csv", "user,item,order", "purchase"),
        ("page-views.csv", "user,item,time", "view"),
        ("log.csv", "user_id,click_article_id,click_timestamp", "click"),
    ],
)
def test_the_type_of_events_that_have_none_is_what_the_file_says(propose, name, columns, event_type):
    content = f"{columns},date\nu,i,2025-01-01,2025-01-02\n"
    proposal = propose(content, name, time=None if "time" in columns else "date")
    assert {row["event_type"] for row in proposal.events} == {event_type}


def test_the_source_events_table_is_what_is_written_for_its_columns(propose):
    def sql(text):
        return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("--"))

    committed = (PROJECT / "sql/sources/events_table/events.sql").read_text()
    assert sql(propose(FILES["the template"][1]).texts["events"]) == sql(committed)
