"""Shops with next to nothing, from `recsys init` to lists: every night builds, and an empty task says why.

Whole nights, so most run with ``--slow`` only; the first stays in `make test`.
"""

import random
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import duckdb
import pytest

from tests.helpers.project import copy_project, run_script

START, DAY = datetime(2025, 3, 1, 9), timedelta(days=1)
ALL_HAD, NOBODY = "every user has had everything that can be listed", "no user is known yet"
chance = random.Random(1)


@dataclass(frozen=True)
class Tiny:
    """A file, the nights that are built of it, and what is empty in each."""

    rows: list[tuple[str, str, datetime]]
    nights: tuple[str, ...]
    empty: dict[str, dict[str, str]] = field(default_factory=dict)
    """Why a task is empty, by night and task."""
    settings: dict[str, str | None] = field(default_factory=dict)
    """Lines of the written profile that are others; None: deleted, as those of the demo's nights are then."""
    category: str = ""
    """What all items are; none where nothing is said."""


WEEKLY = ("2025-03-25", "2025-04-01", "2025-04-08")
SHOPS = {
    "single": Tiny(
        [("u1", "i1", START + 2 * day * DAY) for day in range(20)],
        WEEKLY[2:],
        {night: {"discovery": ALL_HAD} for night in WEEKLY[2:]},
    ),
    "two_users": Tiny([(f"u{n % 2}", f"i{n % 5 if n % 2 else n % 3}", START + n * DAY) for n in range(39)], WEEKLY),
    "all_had": Tiny(
        [
            (f"u{u}", f"i{i}", START + (3 * n + (u + i) % 3) * DAY)
            for n in range(13)
            for u in range(6)
            for i in range(4)
        ],
        WEEKLY,
        {night: {"discovery": ALL_HAD} for night in WEEKLY},
    ),
    "one_day": Tiny(
        [(f"u{n // 4}", f"i{(n // 4 * 3 + n % 4) % 12}", START + n * timedelta(minutes=5)) for n in range(80)],
        ("2025-03-01", "2025-03-02", "2025-03-03"),
        settings={"last_night": None},
    ),
    "nobody_graded": Tiny(
        [(f"u{u}", f"i{(7 * u + 3 * n) % 25}", START + n * DAY) for u in range(20) for n in range(6)]
        + [("u0", "i1", START + 38 * DAY)],
        ("2025-03-25", "2025-04-01"),
        settings={"first_night": "first_night = 2025-03-25", "horizon": "horizon = 7"},
    ),
    "one_category": Tiny(
        [(f"u{chance.randrange(15)}", f"i{chance.randrange(20)}", START + n % 40 * DAY) for n in range(300)],
        ("2025-03-26", "2025-04-02", "2025-04-09"),
        category="soup",
    ),
    "nothing_yet": Tiny(
        [("u1", "i1", START), ("u2", "i1", START + DAY), ("u2", "i2", START + 2 * DAY)],
        ("2025-02-10", "2025-02-11", "2025-03-03"),
        {night: {"discovery": NOBODY} for night in ("2025-02-10", "2025-02-11")},
        settings={"first_night": "first_night = 2025-02-10", "last_night": None, "horizon": "horizon = 1"},
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("tiny") / "project")


def write_file(path, shop):
    """The rows as CSV, in the order of their times."""
    head = "user,item,time,category\n" if shop.category else "user,item,time\n"
    end = f",{shop.category}\n" if shop.category else "\n"
    path.write_text(head + "".join(f"{u},{i},{at:%Y-%m-%d %H:%M}{end}" for u, i, at in sorted(shop.rows, key=str)))


def set_lines(profile, settings):
    """Replace or delete lines of the written profile by their setting."""
    changed = {**settings, "demo_nights": None} if settings else {}
    lines = profile.read_text().splitlines()
    for name, line in changed.items():
        assert [old for old in lines if (old or "").startswith(f"{name} =")], name
        lines = [line if (old or "").startswith(f"{name} =") else old for old in lines]
    profile.write_text("\n".join(line for line in lines if line is not None))


@pytest.mark.timeout(900)
@pytest.mark.slow
@pytest.mark.parametrize("name", SHOPS)
def test_every_night_builds_passes_and_is_published(project, tmp_path, name):
    shop, file = SHOPS[name], tmp_path / f"{name}.csv"
    write_file(file, shop)
    run_script(project, f"recsys init {name} --file {file}")
    set_lines(project / "data" / "profiles" / f"{name}.toml", shop.settings)
    steps = [f"export RECSYS_PROFILE={name}", "recsys land --history"]
    steps += [f"recsys night {night}" for night in shop.nights]
    steps += [f"recsys check --night {night}" for night in shop.nights]
    printed = " ".join(run_script(project, "\n".join(steps)).split())
    assert re.findall(r"ERROR (\d+), SKIP", printed) == ["0"] * len(shop.nights)
    said = re.findall(r"Night (\S+): task (\w+) is empty, (.*?)\.", printed)
    assert sorted(said) == sorted((night, *why) for night, tasks in shop.empty.items() for why in tasks.items())
    with duckdb.connect(str(project / "data" / name / "recsys.duckdb"), read_only=True) as release:
        looks_right(release, shop)


def looks_right(release, shop):
    """Hold the last night's release against the rows: who is known, who has a list, and of what."""

    def rows(query, *values):
        return release.execute(query, list(values)).fetchall()

    assert [str(night) for (night,) in rows("select night from meta.nights order by night")] == list(shop.nights)
    tasks = rows("select task, empty_because, n_users, n_users_listed, n_rows from meta.tasks")
    assert {task: why for task, why, *_ in tasks if why} == shop.empty.get(shop.nights[-1], {})
    had = {(user, item) for user, item, at in shop.rows if at.date() <= date.fromisoformat(shop.nights[-1])}
    users, items = {user for user, _ in had}, {item for _, item in had}
    for task, _, n_users, n_listed, n_rows in tasks:
        answers = {}
        for user in users:
            answer = rows("select item_id, score from serving.recommend($1, task := $2, k := 99)", user, task)
            left = items if task == "next" else items - {item for who, item in had if who == user}
            assert {item for item, _ in answer} <= left
            assert bool(answer) == bool(left)
            assert all(0 < score <= 1 for _, score in answer)
            answers[user] = len(answer)
        assert n_users == len(users)
        assert n_listed == sum(n > 0 for n in answers.values())
        assert n_rows == sum(answers.values())


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_strangers_change_nothing_of_known_users_grades_and_all_lists_are_one_for_them(project, tmp_path):
    """The same shop with and without five users who first come in the week that the last night grades."""
    regulars = [(f"u{u}", f"i{(u * n + u) % 12}", START + 2 * n * DAY) for u in range(8) for n in range(16)]
    strangers = [(f"s{n}", f"i{n}", START + 27 * DAY) for n in range(5)]
    grades, last_two = {}, ("2025-03-24", "2025-03-31")
    for name, rows in (("regulars", regulars), ("visited", regulars + strangers)):
        write_file(tmp_path / f"{name}.csv", Tiny(rows, last_two))
        run_script(project, f"recsys init {name} --file {tmp_path / name}.csv")
        nights = "\n".join(f"recsys night {night}" for night in last_two)
        run_script(project, f"export RECSYS_PROFILE={name}\nrecsys land --history\n{nights}")
        with duckdb.connect(str(project / "data" / name / "recsys.duckdb"), read_only=True) as release:
            columns = "users, task, algorithm, k, metric, mean, low, high, n_users"
            grades[name] = release.execute(f"select {columns} from meta.grades order by all").fetchall()
            pooled = release.execute("select users, count(*) from meta.pooled group by all order by all").fetchall()
    known = [row for row in grades["visited"] if row[0] == "known"]
    assert known == grades["regulars"]
    assert {row[8] for row in known if row[6] is not None} == {8}
    unknown = [row[1:] for row in grades["visited"] if row[0] == "unknown"]
    assert {row[7] for row in unknown} == {5}
    by_list = {}
    for task, algorithm, *figures in unknown:
        by_list.setdefault((task, algorithm), []).append(figures)
    assert {algorithm for _, algorithm in by_list} >= {"published", "fusion", "popularity"}
    assert all(figures == by_list[task, "published"] for (task, _), figures in by_list.items())
    assert max(figures[2] for figures in by_list["next", "published"]) > 0
    assert [users for users, _ in pooled] == ["known", "unknown"]
