"""`recsys init` in a copy of the project: what it prints and writes, and a night built on that."""

import json
import re
import subprocess
import sys
import tomllib

import duckdb
import pytest

from tests.helpers.project import copy_project, recsys, run_script


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


def test_a_report_lands_as_it_was_looked_at(project, tmp_path):
    file = tmp_path / "report.csv"
    file.write_text("Sales report\nBranch: North\n\nuser,item,time\nu,i,2025-01-01 10:00\n")
    printed = recsys(project, "init", "report", "--file", file)
    assert "The column names are in line 4: what stands above is left out (skip = 3)." in printed
    assert "report.csv: landed, 1 rows read, 1 landed" in recsys(project, "land", "--history", RECSYS_PROFILE="report")
    failed = init_fails(project, "report", "--file", file, "--force", "--skip", 0)
    assert "its column names seem to stand 3 line(s) further down: set skip = 3" in failed


def test_the_command_that_unnests_can_be_pasted_as_it_is_printed(project, tmp_path):
    file = tmp_path / "a folder with a long name, so that no line of a terminal holds it" / "sessions.jsonl"
    file.parent.mkdir()
    file.write_text('{"user": "u", "events": [{"item": "i", "time": "2025-01-01"}]}\n')
    with pytest.raises(AssertionError) as failed:
        recsys(project, "init", "sessions", "--file", file, COLUMNS="60")
    (command,) = re.findall(r"^\.venv/bin/python (.*^SQL)$", str(failed.value), re.DOTALL | re.MULTILINE)
    subprocess.run(["bash", "-c", f"{sys.executable} {command}"], check=True)
    assert "user" in recsys(project, "init", "sessions", "--file", file.with_name("unnested-sessions.jsonl"))


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
