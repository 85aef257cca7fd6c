"""How `recsys init` reads numbers, ids and ratings, decided over whole columns, and the inputs that once went wrong."""

import json
import sys
import tomllib

import pytest

from recsys_jobs.init.look import InitError
from recsys_jobs.init.measure import weigh
from tests.helpers.project import copy_project, recsys, run, run_script

CLEAN = """
import json
from recsys_assets.assets.clean_log import write_night
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing

profile = load_profile()
lake, landing = Lake(profile), Landing(profile)
for night in landing.seal(profile.last_night):
    write_night(lake, landing, night, "run")
tables = [TableName("clean", name) for name in ("events", "retractions", "users", "items")]
with lake.as_of(night, tables) as snapshot:
    print(json.dumps({
        "events": snapshot.row("select count(*) from clean.events")[0],
        "value": round(snapshot.row("select sum(value::decimal(18, 6))::double from clean.events")[0] or 0, 2),
        "returns": snapshot.row("select count(*) from clean.retractions")[0],
        "users": snapshot.row("select count(*) from clean.users")[0],
        "ids": snapshot.table("select user_id from clean.users order by user_id limit 3")["user_id"].to_pylist(),
        "types": sorted(snapshot.table("select distinct event_type from clean.events")["event_type"].to_pylist()),
    }))
"""


def lines(column, *values):
    """A file with a column of numbers; values with commas in quotes."""
    return f"user,item,time,{column}\n" + "".join(
        f'u{n},i,2025-01-0{n + 1},"{value}"\n' for n, value in enumerate(values)
    )


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["9,57 €", "1.234 €"], [9.57, 1234]),
        (["$9.57", "$1,234"], [9.57, 1234]),
        (["1.234", "1.5"], [1.234, 1.5]),
        (["1,00,000", "2,50,000"], [100000, 250000]),
        (["1'234", "0,125"], [1234, 0.125]),
        (["5,-", "7,50"], [5, 7.5]),
    ],
)
def test_the_whole_column_tells_a_decimal_comma_from_a_point(propose, values, numbers):
    assert [row["value"] for row in propose(lines("paid", *values)).events] == numbers


def test_a_column_that_tells_no_decimal_sign_is_asked_about(propose):
    content = lines("paid", "1,234", "5,678")
    with pytest.raises(InitError, match=r"paid could be either: no value of it \(1,234, ...\).*--decimal-sign \. or"):
        propose(content)
    assert [row["value"] for row in propose(content, decimal_sign=".").events] == [1234, 5678]
    assert [row["value"] for row in propose(content, decimal_sign=",").events] == [1.234, 5.678]
    with pytest.raises(
        InitError, match=r"1 values of it can only have a decimal point \(1\.5\), 1 only a comma \(1,5\)"
    ):
        propose(lines("paid", "1.5", "1,5"))
    mixed = propose(lines("paid", "1.5", "1,5"), decimal_sign=",").events
    assert [row["value"] for row in mixed] == [None, 1.5]
    assert [row["reject_reason"] for row in mixed] == ["cannot be read as a number: '1.5'", None]
    with pytest.raises(InitError, match=r"give '\.' or ','"):
        propose(content, decimal_sign=";")


def test_a_column_that_does_not_tell_has_the_sign_of_the_others(propose):
    german = "user;item;time;menge;betrag\nu;i;2025-01-01;1.000;9,57\nu;i;2025-01-02;2;1,00\n"
    proposal = propose(german)
    assert [row["quantity"] for row in proposal.events] == [1000, 2]
    assert proposal.why["quantity"] == "its name; decimal comma"


def test_a_number_that_cannot_be_read_rejects_its_row_with_the_value(propose):
    rows = propose(
        lines("paid", *["2.50"] * 9) + "u,i,2025-01-09,3 pcs\nu,i,2025-01-09,1_000\nu,i,2025-01-09,\n", value="paid"
    ).events
    assert [(row["value"], row["reject_column"], row["reject_reason"]) for row in rows[-3:]] == [
        (None, "value", "cannot be read as a number: '3 pcs'"),
        (None, "value", "cannot be read as a number: '1_000'"),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    ("delivered", "ids", "why"),
    [
        (["17012", "17012.0", "8.0"], ["17012", "17012", "8"], "its name; .0 left out"),
        (["1.0", "1.1", "1.10", "2.0"], ["1.0", "1.1", "1.10", "2.0"], "its name; .0 stays, as 1.1 is an id"),
        (["007", "7"], ["007", "7"], "its name"),
        (["Ann", "ann", "\ufeffAnn\u00a0"], ["Ann", "ann", "Ann"], "its name"),
    ],
)
def test_zeros_behind_a_whole_number_go_unless_they_belong_to_the_id(propose, delivered, ids, why):
    proposal = propose("item,user,time\n" + "".join(f"i,{user},2025-01-01\n" for user in delivered))
    assert [row["user_id"] for row in proposal.events] == ids
    assert proposal.why["user"] == why


@pytest.mark.parametrize(
    ("ratings", "liked"),
    [
        (["0.5", "3.5", "4", "5"], {"4", "5"}),
        (["1", "7", "8", "10"], {"8", "10"}),
        (["0", "1"], {"1"}),
        (["-1", "1"], {"1"}),
        (["1", "2", "3"], {"3"}),
        (["10", "79", "80"], {"80"}),
        (["0,5", "4,5"], {"4,5"}),
    ],
)
def test_what_was_rated_high_was_liked_and_the_rest_was_had(propose, ratings, liked):
    events = propose(lines("rating", *ratings)).events
    assert [row["event_type"] for row in events] == ["liked" if rating in liked else "rated" for rating in ratings]
    assert weigh({"liked": 5, "rated": 7}) == {"liked": 1.0, "rated": 0.0}


def test_ratings_that_tell_nothing_apart_stay_one_type(propose):
    assert {row["event_type"] for row in propose(lines("rating", "5", "5")).events} == {"rating"}
    assert {row["event_type"] for row in propose(lines("score", "5", "3000")).events} == {"rating"}
    bought = "user,item,time,order,rating\nu,i,2025-01-01,o,1\nu,i,2025-01-02,p,5\n"
    assert {row["event_type"] for row in propose(bought).events} == {"purchase"}


# --- the command


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("values") / "project")


def test_init_shows_values_as_delivered_and_as_understood_and_tells_what_is_suspicious(project, tmp_path):
    file = tmp_path / "rechnungen.csv"
    users = ["Gast" if n % 4 == 0 else f"k{n}" for n in range(1, 41)]
    items = ["5,90123E+12" if n % 2 else f"{n}.0" for n in range(1, 41)]
    rows = [
        f"{user};{item};{n % 27 + 1:02d}.03.2025;{'(2)' if n == 2 else n};9,5{n % 9} €\n"
        for n, (user, item) in enumerate(zip(users, items, strict=True), 1)
    ]
    file.write_text("kunde;artikel;datum;menge;betrag\n" + "".join(rows))
    printed = recsys(project, "init", "rechnungen", "--file", file, COLUMNS="200")
    shown = {tuple(cell.strip() for cell in line.split("│")[4:6]) for line in printed.splitlines() if "│" in line}
    assert {
        ("(2)", "-2"),
        ("9,51 €", "9.51"),
        ("2.0", "2"),
        ("5,90123E+12", "5,90123E+12"),
        ("02.03.2025", "2025-03-02 00:00:00"),
    } <= shown
    for place, sentence in (
        (8, "all 39 times are at 00:00:00 UTC, as days without a clock are"),
        (7, "20 of 39 rows (51.3%) have item ids in scientific notation, such as '5,90123E+12'."),
        (6, "10 of 39 rows (25.6%) are of user 'Gast', which is a word for anybody"),
    ):
        assert f"Suspicious: sql/sources/rechnungen/events.sql:{place}: {sentence}" in printed


# --- inputs that once went wrong


@pytest.fixture(scope="module")
def cleaned(project, shared_cases):
    """What becomes of a case: what init and landing print, and figures of the clean tables."""

    def clean(file):
        name = "case_" + file.partition("/")[0]
        script = f"recsys init {name} --file {shared_cases / file}\nexport RECSYS_PROFILE={name}\nrecsys land --history"
        printed = run_script(project, script)
        return printed, json.loads(run(project, sys.executable, "-c", CLEAN, RECSYS_PROFILE=name))

    return clean


def test_case_01_a_currency_sign_beside_a_decimal_comma(cleaned):
    _, figures = cleaned("01_euro_price/orders.csv")
    assert figures["value"] == 8094.76


@pytest.mark.slow
def test_case_02_returns_in_brackets(cleaned):
    printed, figures = cleaned("02_paren_returns/sales.csv")
    assert "120 row(s) have a negative quantity and are taken as returns" in printed
    assert (figures["events"], figures["returns"], figures["value"]) == (811, 120, 8094.76)


@pytest.mark.slow
def test_case_04_ids_that_became_floats_in_some_files(cleaned):
    _, figures = cleaned("04_float_days/sales-2025-03-01.csv")
    assert figures["users"] == 27
    assert not any("." in user for user in figures["ids"])


def test_case_06_decimal_ids(cleaned):
    _, figures = cleaned("06_decimal_ids/sales.parquet")
    assert (figures["users"], figures["ids"]) == (30, ["1000", "1001", "1002"])


@pytest.mark.slow
def test_case_16_ratings_get_a_threshold(cleaned, project):
    printed, figures = cleaned("16_ratings/ratings.csv")
    assert "Rated 4 or more, an item counts as liked; rated lower, as had and no more." in printed
    assert figures["types"] == ["liked", "rated"]
    profile = tomllib.loads((project / "data/profiles/case_16_ratings.toml").read_text())
    assert profile["event_weights"] == {"liked": 1.0, "rated": 0.0}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_release_knows_an_id_in_every_spelling(project, shared_cases):
    file = shared_cases / "06_decimal_ids/sales.parquet"
    run_script(project, f"recsys init decimal --file {file}\nexport RECSYS_PROFILE=decimal\nrecsys demo")
    for spelling in ("1000", "'1000'", "1000.0", "1000::decimal(38, 10)", "' 1000.0000000000'", "1000::double"):
        query = f"select count(*) as n from serving.recommend({spelling}) where reason <> 'trending'"
        assert "10" in recsys(project, "query", query, RECSYS_PROFILE="decimal"), spelling
