"""What looks odd in accepted events is told with counts and the line to change, and nothing is left out for it."""

from datetime import date

import duckdb
import pytest

from recsys_assets.assets.raw import land_files
from recsys_assets.profile import Delivery, Profile
from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.storage.landing.suspicious import suspicions

SQL = """-- Who took what.
select
    lines.landed_id,
    canonical_id(lines.user) as user_id,
    lines.item_id,
    lines.at as event_ts,
    'purchase' as event_type,
    lines.rating
from raw.events as lines
"""
# A hundred events of fifty users and twenty items, each with a clock of its own.
GOOD = {
    "user_id": "'u' || n % 50",
    "item_id": "'i' || n % 20",
    "event_ts": "timestamp '2025-03-01 08:00' + to_minutes(n * 17)",
    "event_type": "'purchase'",
    "rating": "null::double",
    "basket_id": "'b' || n",
}


def told(weights=None, n_rows=100, **odd):
    columns = ", ".join(f"{expression} as {name}" for name, expression in (GOOD | odd).items())
    events = f"select {columns} from (select range as n from range({n_rows}))"
    with duckdb.connect() as con:
        return suspicions(con, events, "shop", SQL, weights or {"purchase": 1.0})


def test_good_events_are_not_suspicious():
    assert told() == []
    assert told(n_rows=0) == []
    assert told(user_id="(n % 50)::varchar", rating="4 + n % 2") == []


@pytest.mark.parametrize("word", ["nan", "NULL", "\\N", "Gast", "guest", "Anonymous", "invité", "unbekannt", "ゲスト"])
def test_words_for_nobody_are_told_with_what_to_write(word):
    (sentence,) = told(user_id=f"if(n % 4 = 0, '{word}', 'u' || n % 50)")
    assert sentence.startswith(
        f"sql/sources/shop/events.sql:4: 25 of 100 rows (25.0%) are of user '{word}', which is a"
    )
    assert sentence.endswith(f"write nullif(canonical_id(lines.user), '{word}') as user_id")


def test_several_words_are_told_at_once():
    (sentence,) = told(user_id="case when n % 4 = 0 then 'nan' when n % 4 = 1 then 'None' else 'u' || n % 50 end")
    assert "50 of 100 rows (50.0%) are of user 'None' and 'nan'" in sentence
    assert sentence.endswith("not in ('None', 'nan') then canonical_id(lines.user) end as user_id")


@pytest.mark.parametrize("filler", ["0", "-1", "9999", "00000"])
def test_a_filler_is_suspicious_where_it_holds_many_rows(filler):
    (sentence,) = told(user_id=f"if(n % 4 = 0, '{filler}', 'u' || n % 50)")
    assert f"25 of 100 rows (25.0%) are of user '{filler}', which often stands for none" in sentence
    assert told(user_id=f"if(n % 50 = 0, '{filler}', 'u' || n % 50)") == []


ODD = {
    "half the log": (
        {"user_id": "if(n % 2 = 0, 'till', 'u' || n)"},
        ":4: 50 of 100 rows (50.0%) are of user 'till', who",
    ),
    "one user": ({"user_id": "'me'"}, ":4: all 100 rows are of one user, 'me'."),
    "one item": ({"item_id": "'it'"}, ":5: all 100 rows are of one item, 'it'."),
    "no item": (
        {"item_id": "if(n % 4 = 0, 'NaN', 'i' || n % 20)"},
        ":5: 25 of 100 rows (25.0%) are of item 'NaN', which",
    ),
    "midnight": (
        {"event_ts": "timestamp '2025-03-01' + to_days(n::int)"},
        ":6: all 100 times are at 00:00:00 UTC, as days without a clock are",
    ),
    "midnight of a zone": (
        {"event_ts": "timezone('Europe/Berlin', timestamp '2025-03-01' + to_days(n::int))::timestamp"},
        ":6: all 100 times are at 22:00:00 or 23:00:00 UTC",
    ),
    "barcodes": (
        {"item_id": "if(n % 2 = 0, '5.90123E+12', 'i' || n % 20)"},
        ":5: 50 of 100 rows (50.0%) have item ids in scientific notation, such as '5.90123E+12'.",
    ),
    "ratings": (
        {"rating": "n % 10 / 2 + .5"},
        ":7: 100 of 100 rows (100.0%) are of type 'purchase', rated from 0.5 to 5, and all weigh the same. To learn "
        "from what was liked only, write case when lines.rating >= 4 then 'liked' else 'rated' end as event_type",
    ),
}


@pytest.mark.parametrize(("odd", "sentence"), ODD.values(), ids=ODD)
def test_what_is_odd_is_told_with_the_line_to_change(odd, sentence):
    assert [each for each in told(**odd) if f"sql/sources/shop/events.sql{sentence}" in each], told(**odd)


def test_ratings_of_types_that_weigh_nothing_are_not_suspicious():
    assert told({"view": 1.0}, rating="n % 10 / 2 + .5") == []


def test_the_first_landing_tells_and_later_ones_do_not(tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path / "data"))
    profile = Profile(
        name="shop",
        source="events_table",
        deliveries=[Delivery(table="events", files="events*.csv")],
        first_night=date(2025, 3, 1),
        algorithms={"popularity": {}},
    )

    def land(name):
        rows = "".join(f"{'nan' if n % 4 else f'u{n}'},i{n},2025-03-01 10:{n},purchase,1,{n}\n" for n in range(10, 50))
        (tmp_path / name).write_text("user,item,time,event,quantity,value\n" + rows.replace("i10,", f"{name},"))
        said = []
        (landed,) = land_files(profile, [tmp_path / name], "history", said.append)
        assert (landed.rows_landed, landed.rows_rejected) == (40, 0)
        return [sentence for sentence in said if sentence.startswith("Suspicious: ")]

    lines = (SQL_FOLDER / "sources" / "events_table" / "events.sql").read_text().splitlines()
    place = lines.index("    canonical_id(lines.user) as user_id,") + 1
    (sentence,) = land("events-1.csv")
    assert sentence.startswith(
        f"Suspicious: sql/sources/events_table/events.sql:{place}: 30 of 40 rows (75.0%) are of user"
    )
    assert land("events-2.csv") == []
