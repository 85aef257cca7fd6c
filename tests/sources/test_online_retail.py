"""UCI Online Retail as people find it: day files or one export, customers delivered as 17850.0, cancellations."""

import gzip
from datetime import date, datetime

import pytest

from recsys_assets.assets.clean_log import write_night
from recsys_assets.assets.raw import land_files
from recsys_assets.profile import Profile
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing

NIGHT = date(2010, 12, 31)
READS = ("interactions", "items", "users", "events", "cancellation_counts", "retractions")


@pytest.fixture
def profile(tmp_path, monkeypatch) -> Profile:
    """The committed profile with an earlier first night."""
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path / "data"))
    return load_profile("online_retail").model_copy(update={"first_night": NIGHT})


def reasons(profile: Profile) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in Landing(profile).reject_counts().to_pylist():
        counts[row["reason"]] = counts.get(row["reason"], 0) + row["n_rows"]
    return counts


def build(profile: Profile, night: date = NIGHT) -> None:
    lake, landing = Lake(profile), Landing(profile)
    for each in landing.seal(night):
        write_night(lake, landing, each, "run")


def seen(profile: Profile, query: str, night: date = NIGHT) -> list[tuple]:
    with Lake(profile).as_of(night, [TableName("clean", name) for name in READS]) as snapshot:
        return snapshot.cursor().execute(query).fetchall()


def test_a_month_of_day_files(profile, shared_data):
    files = sorted((shared_data / "online_retail").glob("2010-12-*.csv.gz"))
    assert len(files) == 20, "no file on Saturdays and from Christmas on"
    with gzip.open(files[0], "rt") as file:
        assert len(file.readlines()) == 3109
    landed = land_files(profile, files, "history", lambda text: None)
    assert {file.status for file in landed} == {"landed"}
    assert sum(file.rows_read for file in landed) == 42481
    counts = reasons(profile)
    assert counts["no customer"] == 15631
    assert {reason for reason in counts if "not a product" in reason} >= {"not a product: POST", "not a product: M"}
    assert sum(file.rows_rejected for file in landed) == sum(counts.values())
    build(profile)
    assert seen(profile, "select count(*) from clean.users where user_id = '17850'") == [(1,)]
    assert seen(profile, "select count(*) from clean.users where user_id not similar to '[0-9]{5}'") == [(0,)]
    assert seen(profile, "select item_id from clean.items where item_id not similar to '[0-9]{5}[A-Za-z]*'") == []
    assert seen(profile, "select count(*) from clean.items where title is null or price is null") == [(0,)]
    assert seen(profile, "select country from clean.users where user_id = '12583'") == [("France",)]
    ((n, n_matched, n_partly, n_unmatched),) = seen(
        profile, "select n_cancellations, n_matched, n_partly, n_unmatched from clean.cancellation_counts"
    )
    assert n == n_matched + n_partly + n_unmatched
    assert n_matched > 250
    assert n_unmatched > 100, "what was bought before December 2010 is not delivered"
    assert seen(profile, "select min(quantity) > 0, min(value) > 0 from clean.interactions") == [(True, True)]


EXPORT = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom
536366,85123A,CREAM HANGING HEART T-LIGHT HOLDER,2,12/31/2010 23:59,2.95,17850.0,United Kingdom
C536379,85123A,WHITE HANGING HEART T-LIGHT HOLDER,-1,12/1/2010 9:41,2.55,17850,United Kingdom
536367,DCGSSBOY,BOYS PARTY BAG,1,2010-12-01 08:34:00,3.29,13047,United Kingdom
536368,POST,POSTAGE,1,12/1/2010 8:34,18,13047,United Kingdom
C536380,POST,POSTAGE,-1,12/1/2010 9:34,18,13047,United Kingdom
536369,22632,HAND WARMER RED POLKA DOT,0,12/1/2010 8:34,1.85,13047,United Kingdom
536370,22632,HAND WARMER RED POLKA DOT,3,12/1/2010 8:34,0,13047,United Kingdom
536371,22632,HAND WARMER RED POLKA DOT,3,31/12/2010 8:34,1.85,13047,United Kingdom
536372,22632,HAND WARMER RED POLKA DOT,3,12/1/2010 8:34,1.85,,United Kingdom
536373,22632,HAND WARMER RED POLKA DOT,three,12/1/2010 8:34,1.85,13047,United Kingdom
"""


def test_one_export_as_a_spreadsheet_writes_it(profile, tmp_path):
    file = tmp_path / "Online Retail.csv"
    file.write_text(EXPORT)
    (landed,) = land_files(profile, [file], "history", lambda text: None)
    assert (landed.rows_read, landed.rows_landed, landed.rows_rejected) == (11, 4, 7), landed.message
    assert reasons(profile) == {
        "not a product: POST": 2,
        "quantity is not above zero": 1,
        "price is not above zero: given away": 1,
        "no time, or none that is an instant to the source": 1,
        "no customer": 1,
        "cannot be read as double": 1,
    }
    build(profile)
    lines = "select user_id, item_id, i.event_ts, i.quantity, i.value from clean.interactions as i join clean.users "
    lines += "using (user_key) join clean.items using (item_key) order by event_ts"
    assert seen(profile, lines) == [
        ("17850", "85123A", datetime(2010, 12, 1, 8, 26), 5.0, 12.75),
        ("13047", "DCGSSBOY", datetime(2010, 12, 1, 8, 34), 1.0, 3.29),
        ("17850", "85123A", datetime(2010, 12, 31, 23, 59), 2.0, 5.9),
    ]
    title = "select title, price from clean.items where item_id = '85123A'"
    assert seen(profile, title) == [("CREAM HANGING HEART T-LIGHT HOLDER", 2.95)]
