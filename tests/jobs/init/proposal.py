"""What `init` would write for a file, files as shops have them, and what was measured of one."""

from datetime import date, datetime

from recsys_assets.selects.files import load_select
from recsys_jobs.init.budget import Work, choose_algorithms
from recsys_jobs.init.choosing import Roles
from recsys_jobs.init.headerless import name_columns
from recsys_jobs.init.look import look
from recsys_jobs.init.measure import Measured, plan_nights, tasks_of
from recsys_jobs.init.selects import event_types_of, write_selects
from recsys_jobs.init.settings import write_profile
from recsys_jobs.init.source import roles_of
from recsys_jobs.init.values import decide_values


class Proposal:
    """What `init` would write for a file, and the rows its events.sql gives."""

    def __init__(
        self,
        file,
        folder,
        *,
        zone=None,
        time_format=None,
        skip=None,
        encoding=None,
        columns=None,
        decimal_sign=None,
        **asked,
    ):
        with look(file, skip, encoding, columns) as looked:
            seen = name_columns(looked)
            roles = roles_of(seen, asked, time_format)
            decide_values(seen, roles, decimal_sign)
            self.why = roles.why
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
        work=Work(10_000, users, 100, 7_000, 60_000, 700_000, 1.0),
    )


def profile_of(delivery, figures):
    """Text of the profile that is written for such figures."""
    choice = choose_algorithms(figures.work, tasks_of(figures), None)
    return write_profile("shop", delivery, Roles(), figures, plan_nights(figures), choice)
