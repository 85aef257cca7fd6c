"""Equal lines of a file: what `init` takes them for, and what becomes of a till that writes a line a piece."""

import json
import shutil
import sys
import tomllib
from datetime import datetime, timedelta

import pytest

from recsys_assets.profile import Profile
from recsys_jobs.init.look import look
from recsys_jobs.init.measure import measure
from recsys_jobs.init.roles import assign_roles
from recsys_jobs.init.selects import event_types_of, write_selects
from tests.helpers.committed import PROJECT
from tests.helpers.project import copy_project, recsys, run
from tests.jobs.init.proposal import profile_of

CASE = PROJECT.parent / "shared" / "cases" / "14_piece_lines" / "till.csv"
START = datetime(2025, 3, 1, 8)
LAST = "2025-03-26"
# The pieces and their value that the last night sees, and what its clean.events tells.
COUNT = f"""
import json
from datetime import date
from recsys_assets.assets.clean_log import write_night
from recsys_assets.nights import nights_between
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
profile = load_profile()
landing, lake, night = Landing(profile), Lake(profile), date.fromisoformat("{LAST}")
arrived = adding_nothing = 0
for each in nights_between(profile.first_night, night):
    landing.seal(each)
    _, told = write_night(lake, landing, each, "run")["events"]
    arrived, adding_nothing = arrived + told["rows_arrived"], adding_nothing + told["rows_adding_nothing"]
with lake.as_of(night, [TableName("clean", "interactions")]) as snapshot:
    pieces, value = snapshot.row("select sum(quantity_or_one), sum(value)::decimal(18, 2)::varchar from "
        "(select coalesce(quantity, 1) as quantity_or_one, value from clean.interactions)")
print(json.dumps([int(pieces), value, arrived, adding_nothing]))
"""


def receipts(n=40, pieces=1):
    """Lines of receipts of three articles each, each article written once a piece."""
    for number in range(n):
        at = START + timedelta(hours=number)
        for article in range(3):
            yield from [f"{number},c{number % 7},p{article},{at:%Y-%m-%d %H:%M:%S},2.50"] * (1 + article % pieces)


def log(kind):
    return [f"{n},u{n % 5},i{n % 9},{START + timedelta(seconds=7 * n):%Y-%m-%d %H:%M:%S},{kind}" for n in range(40)]


TILL, LOG = "receipt,customer,article,sold_at,paid", "session_id,user,item,time,event"
FILES = {
    "a line a piece": (TILL, [*receipts(pieces=3)], "count", 120),
    "the like in two lines": (TILL, [*receipts(), *[*receipts()][:1]], "count", 1),
    "each row twice": (TILL, [row for row in receipts() for _ in range(2)], "drop", 120),
    "the whole export twice": (TILL, [*receipts(), *receipts()], "drop", 120),
    "two exports that overlap": (TILL, [*[*receipts()][:60], *[*receipts()][30:]], "drop", 30),
    "clicks noted twice": (
        LOG,
        [row for n, row in enumerate(log("view")) for _ in range(1 + (n % 4 == 0))],
        "drop",
        10,
    ),
    "purchases of the like": (
        LOG,
        [row for n, row in enumerate(log("buy")) for _ in range(1 + (n % 4 == 0))],
        "count",
        10,
    ),
}


def measured(path, folder):
    """Figures of a file, by the source that `init` would write for it."""
    with look(path) as seen:
        roles = assign_roles(seen, {}, None)
        texts = write_selects(seen, roles, None, event_types_of(seen, roles))
        return measure(seen.con, texts["events"]), seen.delivery


@pytest.mark.parametrize("name", FILES)
def test_what_equal_lines_are_taken_for(tmp_path, name):
    header, rows, choice, n_lines = FILES[name]
    path = tmp_path / "lines.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    figures, delivery = measured(path, tmp_path)
    assert figures.repeated is not None
    assert (figures.repeated.n_lines, figures.repeated.choice) == (n_lines, choice), figures.repeated.why
    profile = profile_of(delivery, figures)
    assert f"# {n_lines:,} of {len(rows):,} lines repeat a line of their file.\n# {choice}: " in profile
    assert Profile(name="shop", **tomllib.loads(profile)).repeated_lines == choice


def test_equal_lines_of_two_files_are_not_repeats(tmp_path):
    for day in ("lines-1.csv", "lines-2.csv"):
        (tmp_path / day).write_text("\n".join([TILL, *receipts()]) + "\n")
    figures, delivery = measured(tmp_path / "lines-1.csv", tmp_path)
    assert (figures.n_events, figures.repeated) == (240, None)
    assert "repeated_lines" not in profile_of(delivery, figures)


def test_a_till_of_pieces_counts_them_and_a_day_delivered_again_once(tmp_path):
    if not CASE.is_file():
        pytest.skip("no small inputs in ../shared/cases")
    lines = CASE.read_text().splitlines()[1:]
    again = [line for line in lines if ",2025-03-20 " in line]
    project, till = copy_project(tmp_path / "project"), tmp_path / "till.csv"
    shutil.copy(CASE, till)
    printed = recsys(project, "init", "till", "--file", till)
    assert (
        "851 of 1,662 lines repeat a line of their file and count: as of a till that writes a line a piece" in printed
    )
    (tmp_path / "till-again.csv").write_text("\n".join([TILL, *again]) + "\n")
    landed = recsys(project, "land", "--history", RECSYS_PROFILE="till")
    assert "851 repeat a line of the file and count" in landed
    assert f"{len(again)} add nothing: other files hold them" in landed
    counted = run(project, sys.executable, "-c", COUNT, RECSYS_PROFILE="till")
    assert json.loads(counted.splitlines()[-1]) == [1057, "5234.06", 1057 + len(again), len(again)]
