"""`recsys init`: what it takes columns for, what it refuses, what it writes, and a night built on that."""

import gzip
import json
import re
import tomllib
from datetime import date, datetime, timedelta

import duckdb
import pytest

from recsys_assets.profile import PROJECT, Profile
from recsys_assets.selects.files import load_select
from recsys_jobs.init.look import InitError, look, pattern
from recsys_jobs.init.measure import Measured, plan_nights, weigh
from recsys_jobs.init.roles import assign_roles
from recsys_jobs.init.selects import event_types_of, write_selects
from recsys_jobs.init.settings import write_profile
from recsys_jobs.init.times import check_zone
from tests.helpers.project import copy_project, recsys, run_script

WEIRD = ['user "id"', "sold at", "select", "🛒 qty", "it's; drop table seen --", "a\nb"]


class Proposal:
    """What `init` would write for a file, and the rows its events.sql gives."""

    def __init__(self, file, folder, *, zone=None, time_format=None, **asked):
        with look(file) as seen:
            roles = assign_roles(seen, asked, time_format)
            self.texts = write_selects(seen, roles, zone, event_types_of(seen, roles))
            self.roles = {role: column.name for role, column in roles.taken.items()}
            self.left_out, self.delivery, self.files = roles.left_out, seen.delivery, seen.files
            seen.con.execute("create schema raw; create view raw.events as select *, uuid() as landed_id from seen")
            self.rows = {}
            for stem, text in self.texts.items():
                (folder / f"{stem}.sql").write_text(text)
                load_select(folder / f"{stem}.sql", keyed=False)
                relation = seen.con.sql(text)
                rows = relation.fetchall()
                self.rows[stem] = [dict(zip(relation.columns, row, strict=True)) for row in rows]

    @property
    def events(self):
        return self.rows["events"]


@pytest.fixture
def propose(tmp_path):
    """Write a file and look at it; text, or rows of a Parquet file as a query."""
    (tmp_path / "sql").mkdir()

    def proposed(content, name="purchases.csv", **options):
        path = tmp_path / name
        if name.endswith(".parquet"):
            with duckdb.connect() as con:
                con.execute(f"set timezone = 'UTC'; copy ({content}) to '{path}' (format parquet)")
        elif name.endswith(".gz"):
            path.write_bytes(gzip.compress(content.encode()))
        else:
            path.write_text(content)
        return Proposal(path, tmp_path / "sql", **options)

    return proposed


# --- what columns are taken for

FILES = {
    "the template": (
        "events.csv",
        "user,item,time,event,quantity,value\nu1,i1,2025-03-01 09:12:00,view,,\n"
        "u2,i1,2025-03-02 10:00:00,purchase,2,4.80\n",
        {"user": "user", "item": "item", "time": "time", "event": "event", "quantity": "quantity", "value": "value"},
        datetime(2025, 3, 1, 9, 12),
    ),
    "Online Retail": (
        "online_retail.csv",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,HOLDER,6,13/12/2010 8:26,2.55,17850.0,United Kingdom\n"
        "536366,85123A,HOLDER,1,2/12/2010 18:26,2.55,13047.0,France\n",
        {
            "user": "CustomerID",
            "item": "StockCode",
            "time": "InvoiceDate",
            "quantity": "Quantity",
            "price": "UnitPrice",
            "basket_id": "InvoiceNo",
            "country": "Country",
            "title": "Description",
        },
        datetime(2010, 12, 13, 8, 26),
    ),
    "Retail Rocket, milliseconds": (
        "events.csv",
        "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n"
        "1433224214164,992329,transaction,248676,77\n",
        {"user": "visitorid", "item": "itemid", "time": "timestamp", "event": "event", "basket_id": "transactionid"},
        datetime(2015, 6, 2, 5, 2, 12, 117000),
    ),
    "MovieLens, Unix seconds": (
        "ratings.csv",
        "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,3,4.5,964981247\n",
        {"user": "userId", "item": "movieId", "time": "timestamp", "rating": "rating"},
        datetime(2000, 7, 30, 18, 45, 3),
    ),
    "Amazon reviews, JSON lines": (
        "reviews.jsonl",
        '{"reviewerID": "A1", "asin": "0001", "overall": 5.0, "unixReviewTime": 1252800000, "reviewText": "good"}\n'
        '{"reviewerID": "A2", "asin": "0002", "overall": 1.0, "unixReviewTime": 1252900000}\n',
        {"user": "reviewerID", "item": "asin", "time": "unixReviewTime", "rating": "overall"},
        datetime(2009, 9, 13),
    ),
    "Parquet with TIMESTAMP": (
        "orders.parquet",
        "select 7 as household_id, 11 as product_id, timestamp '2017-01-01 11:53:26' as transaction_timestamp, "
        "2 as quantity, 1.5 as sales_value",
        {
            "user": "household_id",
            "item": "product_id",
            "time": "transaction_timestamp",
            "quantity": "quantity",
            "value": "sales_value",
        },
        datetime(2017, 1, 1, 11, 53, 26),
    ),
    "Parquet with TIMESTAMP WITH TIME ZONE": (
        "clicks.parquet",
        "select 'u' as uid, 's' as sku, timestamptz '2017-01-01 11:53:26+02' as ts",
        {"user": "uid", "item": "sku", "time": "ts"},
        datetime(2017, 1, 1, 9, 53, 26),
    ),
    "German till, semicolons and decimal commas": (
        "kasse.csv",
        "Bon-Nr;Datum;Kundennummer;Artikelnummer;Bezeichnung;Menge;Einzelpreis\n"
        "1;03.02.2025 09:12;77;4711;Roggenbrot;2;2,40\n1;03.02.2025 09:12;78;4712;Milch;1;1.234,50\n",
        {
            "user": "Kundennummer",
            "item": "Artikelnummer",
            "time": "Datum",
            "quantity": "Menge",
            "price": "Einzelpreis",
            "basket_id": "Bon-Nr",
            "title": "Bezeichnung",
        },
        datetime(2025, 2, 3, 9, 12),
    ),
    "American dates, TSV": (
        "sales.tsv",
        "customer id\tproduct\torder date\ttotal\n1\tp\t02/14/2025 9:05 PM\t$1,234.50\n2\tp\t2/3/2025 1:00 AM\t$3.00\n",
        {"user": "customer id", "item": "product", "time": "order date", "value": "total"},
        datetime(2025, 2, 14, 21, 5),
    ),
    "a news site, milliseconds and context": (
        "clicks.csv",
        "user_id,session_id,session_start,session_size,click_article_id,click_timestamp,click_environment,"
        "click_deviceGroup,click_os,click_country,click_region\n"
        "16,1506825660149753,1506825660000,7,237620,1506827187721,4,1,17,1,19\n"
        "17,1506825660149754,1506825660000,7,237620,1506827187722,4,1,17,1,20\n",
        {
            "user": "user_id",
            "item": "click_article_id",
            "time": "click_timestamp",
            "session_id": "session_id",
            "device": "click_deviceGroup",
            "os": "click_os",
            "country": "click_country",
            "region": "click_region",
        },
        datetime(2017, 10, 1, 3, 6, 27, 721000),
    ),
    "with an offset, gzipped": (
        "orders-2025-03.csv.gz",
        "buyer,article,purchased_at\nb,a,2025-03-01T10:00:00+02:00\nb,c,2025-03-01T10:00:00Z\n",
        {"user": "buyer", "item": "article", "time": "purchased_at"},
        datetime(2025, 3, 1, 8),
    ),
    "days only, digits": (
        "taobao.csv",
        "uid,goods_id,behavior_type,day\n1,2,pv,20141206\n1,3,buy,20141207\n",
        {"user": "uid", "item": "goods_id", "time": "day", "event": "behavior_type"},
        datetime(2014, 12, 6),
    ),
    "names with words around": (
        "log.csv",
        "anon_customer_hash,purchased_sku_code,logged_on,customer_age\n"
        "x,1,2025/01/31 08:00,30\ny,1,2025/01/31 09:00,31\nz,2,2025/01/31 10:00,30\nx,3,2025/02/01 10:00,30\n",
        {"user": "anon_customer_hash", "item": "purchased_sku_code", "time": "logged_on"},
        datetime(2025, 1, 31, 8),
    ),
    "Shopify's orders": (
        "orders_export.csv",
        "Name,Email,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n"
        "#1001,a@x.org,9.50,12.00,2025-02-13 23:03:17 +0100,1,Mug,4.50,MUG\n"
        "#1001,a@x.org,,,2025-02-13 23:03:17 +0100,2,Cup,2.50,CUP\n"
        "#1002,b@x.org,4.50,7.00,2025-02-14 08:00:00 +0100,1,Mug,4.50,MUG\n",
        {
            "user": "Email",
            "item": "Lineitem sku",
            "time": "Created at",
            "quantity": "Lineitem quantity",
            "price": "Lineitem price",
            "basket_id": "Name",
            "title": "Lineitem name",
        },
        datetime(2025, 2, 13, 22, 3, 17),
    ),
    "a German invoice, the total on each line": (
        "rechnungen.csv",
        "rechnungsnr;kundennr;artikelnr;datum;menge;positionsbetrag;gesamt\n"
        "7;1;a;13.02.2025;1;2,50;9,00\n7;1;b;13.02.2025;1;6,50;9,00\n",
        {
            "user": "kundennr",
            "item": "artikelnr",
            "time": "datum",
            "quantity": "menge",
            "value": "positionsbetrag",
            "basket_id": "rechnungsnr",
        },
        datetime(2025, 2, 13),
    ),
    "pages of a site": (
        "hits.csv",
        "visitor_id,url,timestamp\nv,/a,2025-01-01T10:00:00Z\nv,/b,2025-01-01T10:01:00Z\n",
        {"user": "visitor_id", "item": "url", "time": "timestamp"},
        datetime(2025, 1, 1, 10),
    ),
    "shipped is not sold": (
        "o.csv",
        "client,ean,shipped_at,placed_at\nc,e,2025-01-05,2025-01-01 10:00\n",
        {"user": "client", "item": "ean", "time": "placed_at"},
        datetime(2025, 1, 1, 10),
    ),
}


@pytest.mark.parametrize(("name", "content", "roles", "first"), FILES.values(), ids=FILES)
def test_columns_are_taken_for_what_they_are(propose, name, content, roles, first):
    proposal = propose(content, name)
    assert proposal.roles == roles
    assert proposal.events[0]["event_ts"] == first
    assert all(row["event_ts"] for row in proposal.events)


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
    "no header, numbers": ("17,42,2025-01-01\n18,43,2025-01-02\n", {}, "looks like data, not like column names"),
    "a column that is not there": ("user,item,time\nu,i,2025-01-01\n", {"user": "usr"}, "did you mean user?"),
    "a time that is none": ("user,item,time,t\nu,i,2025-01-01,x\n", {"time": "t"}, "its values (x) are no times"),
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
        "2",
        "4.50",
    ]


def test_values_that_toml_and_sql_could_trip_over(propose):
    odd = 'it\'s a "buy"\n]\\'
    proposal = propose(
        "select 'u' as user, 'i' as item, date '2025-01-01' as time, $$" + odd + "$$ as event", "e.parquet"
    )
    assert proposal.events[0]["event_type"] == odd.lower()
    found = measured(types={odd: 2, "refund\n[x]": 1})
    settings = tomllib.loads(write_profile("shop", proposal.delivery, found, plan_nights(found)))
    assert settings["event_weights"] == {odd: 1.0}


def test_ids_that_were_floats_lose_their_point(propose):
    proposal = propose("user,item,time\n17850.0,8.5,2025-01-01\n13047.0,9.0,2025-01-01\n")
    assert [(row["user_id"], row["item_id"]) for row in proposal.events] == [("17850", "8.5"), ("13047", "9.0")]


def test_a_unit_price_becomes_the_value_of_the_line(propose):
    name, content, *_ = FILES["German till, semicolons and decimal commas"]
    proposal = propose(content, name)
    assert [row["value"] for row in proposal.events] == [4.8, 1234.5]
    assert [row["price"] for row in proposal.rows["items"]] == ["2.40", "1234.50"]
    assert propose("user,item,time,price\nu,i,2025-01-01,3.5\n").events[0]["value"] == "3.5"
    assert propose(FILES["American dates, TSV"][1], "sales.tsv").events[0]["value"] == "1234.50"


def test_the_total_of_an_order_is_no_value_of_its_lines(propose):
    rows = ["A,9,4", "A,9,5", "B,7,7", "C,5,2", "C,,3"]
    content = "user,item,time,order,total,price\n" + "".join(f"u,i,2025-01-01,{row}\n" for row in rows)
    proposal = propose(content)
    assert [row["value"] for row in proposal.events] == ["4", "5", "7", "2", "3"]
    assert proposal.left_out["total"] == "one value for all lines of an order, so it is no line's"
    assert propose(content, value="total").events[0]["value"] == "9"
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
    assert [row["quantity"] for row in proposal.events] == ["3", "0"]
    assert [row["reject_reason"] for row in proposal.events] == [None, "quantity is not above zero"]
    assert [(row["quantity"], row["basket_id"]) for row in proposal.rows["retractions"]] == [(1.0, "B")]


def test_what_means_a_purchase_is_called_one(propose):
    proposal = propose(FILES["Retail Rocket, milliseconds"][1])
    assert [row["event_type"] for row in proposal.events] == ["view", "purchase"]
    assert propose(FILES["MovieLens, Unix seconds"][1]).events[0]["event_type"] == "rating"
    types = ["Product Viewed", "Order Completed", "Product Purchased", "Order Shipped", "Video Completed"]
    segment = propose("user,item,time,event\n" + "".join(f"u,i,2025-01-01,{name}\n" for name in types))
    assert [row["event_type"] for row in segment.events] == [
        "product viewed",
        "purchase",
        "purchase",
        "order shipped",
        "video completed",
    ]


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


# --- files and patterns


@pytest.mark.parametrize(
    ("name", "names_like"),
    [
        ("purchases.csv", "purchases*.csv"),
        ("sales-2025-03-07.csv.gz", "sales*.csv.gz"),
        ("2010-12-01.csv.gz", "[0-9]*.csv.gz"),
        ("part_0001.PARQUET", "part*.PARQUET"),
        ("my [old] sales 7.csv", "my [[]old] sales*.csv"),
        ("v2_events.jsonl", "v2_events*.jsonl"),
    ],
)
def test_the_pattern_matches_the_file_and_its_successors(name, names_like):
    from fnmatch import fnmatch

    assert pattern(name) == names_like
    assert fnmatch(name, names_like)


def test_files_named_and_built_alike_are_looked_at_together(propose, tmp_path):
    (tmp_path / "sales-2.csv").write_text("time,item,user\n2025-01-02,i2,u2\n")
    proposal = propose("user,item,time\nu1,i1,2025-01-01\n", "sales-1.csv")
    assert sorted(row["user_id"] for row in proposal.events) == ["u1", "u2"]
    assert (proposal.delivery.files, proposal.delivery.folder) == ("sales*.csv", str(tmp_path))


def test_a_file_of_another_encoding_is_read_by_it(propose, tmp_path):
    content = "user,item,time,title\nu,i,2025-01-01,Käse\nu,j,2025-01-01,Brot für 2 €\n"
    (tmp_path / "sales.csv").write_bytes(content.encode("cp1252"))
    with look(tmp_path / "sales.csv") as seen:
        assert seen.n_unsplit == 0
        assert {"Käse", "Brot für 2 €"} == set(seen.columns[3].examples)
        found = measured()
        assert tomllib.loads(write_profile("shop", seen.delivery, found, plan_nights(found)))["deliveries"] == [
            {"table": "events", "files": "sales*.csv", "folder": str(tmp_path), "encoding": "cp1252"}
        ]


def test_a_file_that_is_built_differently_narrows_the_pattern(propose, tmp_path):
    (tmp_path / "sales_people.csv").write_text("person,name\np,Ann\n")
    proposal = propose("user,item,time\nu1,i1,2025-01-01\n", "sales.csv")
    assert len(proposal.events) == 1
    assert proposal.delivery.files == "sales.csv"
    assert [path.name for path in proposal.files] == ["sales.csv"]


# --- the profile's settings


def measured(
    *, oldest="2025-01-01", newest="2025-06-30", users=1000, active=(100, 400, 450, 600), repeats=0.3, types=None
):
    newest_day = date.fromisoformat(newest)
    return Measured(
        n_events=10_000,
        n_users=users,
        n_items=100,
        oldest=datetime.fromisoformat(oldest),
        newest=datetime.combine(newest_day, datetime.min.time()),
        types=types or {"purchase": 10_000},
        repeat_share=repeats,
        bulk_day=newest_day,
        active_users=dict(zip((1, 7, 14, 28), active, strict=True)) | {2: 150, 3: 200, 5: 300},
        user="u1",
    )


@pytest.mark.parametrize(
    ("found", "horizon"),
    [
        (measured(), 7),
        (measured(active=(1, 20, 310, 600)), 14),
        (measured(active=(1, 20, 30, 40)), 28),
        (measured(users=100_000, active=(200, 500, 900, 1000)), 7),
        (measured(oldest="2025-06-10", active=(200, 100, 900, 1000)), 5),
        (measured(oldest="2025-06-15"), 3),
        (measured(oldest="2025-06-21"), 2),
        (measured(oldest="2025-06-28"), 1),
        (measured(oldest="2025-05-20", active=(1, 20, 30, 40)), 7),
    ],
)
def test_the_horizon_holds_enough_users_and_fits_the_history(found, horizon):
    nights = plan_nights(found)
    assert nights.horizon == horizon
    assert nights.demo[-1] == date(2025, 6, 30)
    assert {b - a for a, b in zip(nights.demo, nights.demo[1:], strict=False)} == {timedelta(days=horizon)}


def test_a_live_shop_has_no_last_night_and_waits_for_the_close(propose):
    today = datetime.now().date()
    found = measured(oldest=str(today - timedelta(days=100)), newest=str(today))
    nights = plan_nights(found)
    assert not nights.is_history
    assert nights.demo[-1] < today
    delivery = propose("user,item,time\nu,i,2025-01-01\n").delivery
    live = tomllib.loads(write_profile("shop", delivery, found, nights))
    past = tomllib.loads(write_profile("shop", delivery, measured(), plan_nights(measured())))
    assert "last_night" not in live
    assert past["last_night"] == date(2025, 6, 30)
    assert "and set first_night near today" in write_profile("shop", delivery, measured(), plan_nights(measured()))
    Profile(name="shop", **live)


@pytest.mark.parametrize(("repeats", "tasks"), [(0.3, ["next", "discovery"]), (0.01, ["discovery"])])
def test_only_discovery_where_nobody_repeats(propose, repeats, tasks):
    delivery = propose("user,item,time\nu,i,2025-01-01\n").delivery
    found = measured(repeats=repeats)
    settings = tomllib.loads(write_profile("shop", delivery, found, plan_nights(found)))
    assert settings["tasks"] == tasks
    assert ("buy_again" in settings["algorithms"]) == ("next" in tasks)


@pytest.mark.parametrize(
    ("types", "weights"),
    [
        (["purchase"], {"purchase": 1.0}),
        (["view", "addtocart", "purchase"], {"view": 0.1, "addtocart": 0.3, "purchase": 1.0}),
        (["view", "remove_from_cart", "Add-To-Cart"], {"view": 0.333, "Add-To-Cart": 1.0}),
        (["view"], {"view": 1.0}),
        (["purchase", "heartbeat"], {"purchase": 1.0}),
        (["a", "b"], {"a": 1.0, "b": 1.0}),
        (
            ["product viewed", "Product Added", "purchase", "cart viewed", "order_refunded", "order shipped"],
            {"product viewed": 0.1, "Product Added": 0.3, "purchase": 1.0, "cart viewed": 0.1},
        ),
        (["Added to Wishlist", "checkout started"], {"Added to Wishlist": 1.0, "checkout started": 1.0}),
    ],
)
def test_weights_of_event_types(types, weights):
    assert weigh(dict.fromkeys(types, 5)) == weights


# --- the command, in a copy of the project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("init") / "project")


def init_fails(project, *arguments):
    with pytest.raises(AssertionError) as failed:
        recsys(project, "init", *arguments)
    assert "Traceback" not in str(failed.value)
    return " ".join(str(failed.value).split())


def written_by_init(project):
    folders = (project / "sql/sources", project / "data/profiles")
    return {str(path.relative_to(project)) for folder in folders for path in folder.rglob("*")}


def test_a_name_must_be_one_and_free_unless_forced(project, tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text("user,item,time,title\nu,i,2025-01-01,T\n")
    before = written_by_init(project)
    assert "'My Shop' is no name for a source" in init_fails(project, "My Shop", "--file", file)
    assert "is no name" in init_fails(project, "../shop", "--file", file)
    assert "complete_journey.toml exist already" in init_fails(project, "complete_journey", "--file", file)
    assert "Europe/Berlin" in init_fails(project, "taken", "--file", file, "--time-zone", "Berlin")
    assert written_by_init(project) == before
    recsys(project, "init", "taken", "--file", file)
    sources = project / "sql/sources/taken"
    assert {path.name for path in sources.iterdir()} == {"events.sql", "items.sql"}
    zoned = recsys(project, "init", "taken", "--file", file, "--force", "--time-zone", "Europe/Berlin")
    assert "taken as UTC" not in zoned
    assert written_by_init(project) - before == {
        "sql/sources/taken",
        "sql/sources/taken/events.sql",
        "sql/sources/taken/items.sql",
        "data/profiles/taken.toml",
    }
    (sources / "users.sql").write_text("-- mine\n")
    file.write_text("user,item,time\nu,i,2025-01-01\n")
    assert "--force" in init_fails(project, "taken", "--file", file)
    recsys(project, "init", "taken", "--file", file, "--force")
    assert {path.name for path in sources.iterdir()} == {"events.sql", "users.sql"}


def test_rows_that_would_be_rejected_are_named_at_once(project, tmp_path):
    file = tmp_path / "bought.csv"
    rows = [f"u{n},i{n},2025-01-01 10:00,{n % 10}\n" for n in range(1, 101)]
    rows[5:8] = ["u,i,soon,1\n", ",i,2025-01-01,1\n", "u,i,2025-01-01,1,surplus\n"]
    file.write_text("user,item,time,quantity\n" + "".join(rows))
    printed = recsys(project, "init", "bought", "--file", file)
    assert "1 line(s) cannot be split" in printed
    assert "Times say no offset and are taken as UTC." in printed
    assert "run this again with --force --time-zone Europe/Berlin." in printed
    assert (
        "Event types: purchase 1.0.\nHorizon: 1 day, the longest that fits four times into 1 day(s) of history."
        in printed
    )
    assert "negative" not in printed
    assert "Tried on 99 rows: 12 of them would be rejected (12.1%)." in printed
    for line in ("quantity: quantity is not above zero: 10", "user_id: no user: 1", "event_ts: no time, or none that"):
        assert line in printed
    file.write_text("user,item,time,qty\nu,i,2025-01-01,3\nu,i,2025-01-02,-1\n")
    printed = recsys(project, "init", "bought", "--file", file, "--force")
    assert "1 row(s) have a negative quantity and are taken as returns" in printed
    assert "--time-zone" not in printed
    file.write_text("user,item,time\nu,i,2999-01-01\n")
    before = written_by_init(project)
    sentence = init_fails(project, "hopeless", "--file", file)
    assert "None of 1 rows tried would land: event_ts: " in sentence
    assert written_by_init(project) == before


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_init_to_a_recommendation(project, tmp_path, shared_data):
    """Three weeks of Online Retail in one file with other names, then the three commands that init prints."""
    days = sorted((shared_data / "online_retail").glob("2010-12-*.csv.gz"))
    file = tmp_path / "orders.csv"
    with duckdb.connect() as con:
        con.execute(
            f"copy (select CustomerID as client_no, StockCode as article, Description as title, Quantity as pieces, "
            f"UnitPrice as unit_price, strftime(InvoiceDate, '%d/%m/%Y %H:%M') as sold_at, InvoiceNo as receipt "
            f"from read_csv({[str(day) for day in days]!r}, types = {{'CustomerID': 'varchar'}}) "
            f"where hash(CustomerID) % 4 = 0) to '{file}' (header)"
        )
    printed = recsys(project, "init", "orders", "--file", file, "--user", "client_no")
    steps = [line.split("  ")[1] for line in printed.partition("Next:")[2].splitlines() if line.startswith("  ")]
    assert [step.split()[:2] for step in steps] == [
        ["export", "RECSYS_PROFILE=orders"],
        ["recsys", "demo"],
        ["recsys", "query"],
    ]
    shown = run_script(project, "\n".join(steps))
    assert "NDCG@10" in shown
    assert re.search(r"│ 1 +│.*bought (once|[0-9]+ times)", shown)
    with duckdb.connect(str(project / "data/orders/recsys.duckdb"), read_only=True) as release:
        nights = release.execute("select count(distinct night) from meta.nights").fetchall()
        users = release.execute("select count(*) from serving.users where user_id like '%.0'").fetchall()
    assert nights == [(3,)]
    assert users == [(0,)]
    assert json.dumps(tomllib.loads((project / "data/profiles/orders.toml").read_text())["tasks"]).count("next") == 1
