"""`recsys replay`: history handed over day by day, late and twice, ends in the tables of an orderly load."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from recsys_assets.assets.clean_log import clean_selects, write_night
from recsys_assets.assets.raw import delivery_of
from recsys_assets.nights import nights_between
from recsys_assets.profile import Profile, ProfileError
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_jobs.replay import Arrival, arrivals, day_files, moment, plan
from tests.helpers import sample
from tests.helpers.sample import Deployment

MARCH = [date(2011, 3, day) for day in range(1, 32)]
# None of this may depend on the order in which files arrive; keys, known_at and visible nights may.
FINAL = {
    "events": "select user_id, item_id, events.* exclude (event_id, user_key, item_key, known_at, visible_night), "
    "event_id from clean.events as events join clean.users using (user_key) join clean.items using (item_key)",
    "interactions": "select event_id, user_id, item_id, i.event_ts, i.quantity, i.value from clean.interactions as i "
    "join clean.users using (user_key) join clean.items using (item_key)",
    "items": "select * exclude (item_key, available_from) from clean.items",
    "users": "select * exclude (user_key, available_from) from clean.users",
    "cancellations": "select * exclude (known_at, visible_night) from clean.cancellations",
    "retractions": "select event_id, retracted_by, sum(quantity) as quantity from clean.retractions group by all "
    "having sum(quantity) <> 0",
    "counts": "select * exclude (counted_night, visible_night) from clean.cancellation_counts "
    "order by counted_night desc limit 1",
}
READS = ("events", "users", "items", "interactions", "cancellations", "retractions", "cancellation_counts")


def test_the_day_of_a_file_is_in_its_name():
    names = [
        "b-2011-03-09.csv",
        "a_20110308.csv.gz",
        "2011-03-09.csv",
        "products.csv",
        "2011-13-40.csv",
        "x120110308.csv",
    ]
    days = day_files(map(Path, names))
    assert [(path.name, day.day) for path, day in days.items()] == [
        ("a_20110308.csv.gz", 8),
        ("2011-03-09.csv", 9),
        ("b-2011-03-09.csv", 9),
    ]


def test_files_arrive_on_their_day_but_for_the_shares_that_are_late_or_come_twice():
    days = {Path(f"{day}.csv"): day for day in MARCH}
    punctual = arrivals(days, MARCH[2], MARCH[9])
    assert punctual == [Arrival(day, Path(f"{day}.csv")) for day in MARCH[2:10]]
    unruly = arrivals(days, MARCH[0], MARCH[-1], late_share=0.2, twice_share=0.1)
    assert unruly == arrivals(days, MARCH[0], MARCH[-1], late_share=0.2, twice_share=0.1)
    assert unruly != arrivals(days, MARCH[0], MARCH[-1], late_share=0.2, twice_share=0.1, seed=1)
    first = [arrival for arrival in unruly if not arrival.again]
    late = [arrival for arrival in first if arrival.days_late]
    assert (len(first), len(late), len(unruly) - len(first)) == (31, 6, 3)
    assert all(a.night == days[a.path] + timedelta(days=a.days_late) and a.days_late <= 9 for a in first)


def test_a_folder_without_day_files_is_refused_by_name(tmp_path):
    (tmp_path / "all.csv").write_text("x")
    with pytest.raises(ProfileError, match=r"holds no file of a day from 2011-09-05 to 2011-09-07.*--files"):
        plan(load_profile("online_retail"), tmp_path, date(2011, 9, 5), 3)


def replayed(
    profile: Profile, history: Sequence[Path], coming: Sequence[Arrival], last: date
) -> dict[str, list[tuple]]:
    """Land and build clean tables day by day as `recsys replay` does; no night changes once it is built."""
    lake, landing = Lake(profile), Landing(profile)
    for path in history:
        landing.land(path, profile.deliveries[delivery_of(profile, path)], "history", lake=lake)
    built: dict[tuple[str, date], str] = {}
    for night in nights_between(profile.first_night, last):
        for arrival in (arrival for arrival in coming if arrival.night == night):
            delivery = profile.deliveries[delivery_of(profile, arrival.path)]
            landed = landing.land(arrival.path, delivery, "arrival", lake=lake, arrived_at=moment(profile, night))
            assert landed.status == ("already landed" if arrival.again else "landed"), landed
        landing.seal(night)
        write_night(lake, landing, night, "replay")
        now = {
            (p.table, p.night): p.fingerprint
            for name in clean_selects(landing)
            for p in lake.partitions(f"clean.{name}")
        }
        assert {partition: now[partition] for partition in built} == built, f"night {night} changed an earlier one"
        built = now
    return final(lake, last)


def final(lake: Lake, last: date) -> dict[str, list[tuple]]:
    """The clean tables as the last night sees them, on ids as delivered."""
    with lake.as_of(last, [TableName("clean", name) for name in READS]) as snapshot:
        return {name: sorted(snapshot.cursor().execute(query).fetchall(), key=str) for name, query in FINAL.items()}


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_five_percent_late_and_some_twice_end_as_an_orderly_load(shared_data, tmp_path, monkeypatch):
    given = load_profile("online_retail")
    first, last = date(2011, 8, 1), date(2011, 10, 10)
    days = {path: day for path, day in day_files((shared_data / "online_retail").iterdir()).items() if day <= last}
    history = [path for path, day in days.items() if day < first]
    coming = arrivals(days, first, last, late_share=0.05, twice_share=0.05)
    assert len([arrival for arrival in coming if arrival.days_late]) >= 3
    end = max(arrival.night for arrival in coming)
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path / "replay"))
    unruly = replayed(given.model_copy(update={"first_night": first}), history, coming, end)
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path / "orderly"))
    orderly = replayed(given.model_copy(update={"first_night": end}), list(days), [], end)
    assert {name: len(rows) for name, rows in unruly.items()} == {name: len(rows) for name, rows in orderly.items()}
    for name, rows in orderly.items():
        assert unruly[name] == rows, name
    assert len(orderly["retractions"]) > 1000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_command_lives_through_days_and_grades_them(shared_data, tmp_path):
    settings = {"source =": 'source = "online_retail"', "first_night": "first_night = 2011-01-04", "demo_nights": ""}
    deployment = retail(tmp_path, settings)
    files = tmp_path / "few"
    files.mkdir()
    for file in sorted((shared_data / "online_retail").glob("201[01]-*.csv.gz"))[:32]:
        (files / file.name).write_bytes(file.read_bytes())
    arguments = ("replay", "--days", 8, "--files", files, "--late", 0.6, "--twice", 0.4, "--every", 2)
    done = deployment.recsys(*arguments, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "day(s) late" in done.stdout
    assert " again" in done.stdout
    assert "published" in done.stdout
    assert len(deployment.lake.built_nights()) == 4
    again = deployment.recsys("replay", "--days", 1, "--files", files)
    assert "night 2011-01-12" in again.stdout, "it goes on where it stopped"


def retail(folder: Path, settings: dict[str, str]) -> Deployment:
    """An empty deployment of Online Retail with a short horizon."""
    folder = folder / "deployment"
    (folder / "data").mkdir(parents=True)
    text = sample.PROFILE.replace("{files}", "")
    lines = [
        line for line in text.splitlines() if not line.startswith(("[[", "table", "files", "folder", "last_night"))
    ]
    for start, line in settings.items():
        lines = [line if old.startswith(start) else old for old in lines]
    delivery = '[[deliveries]]\ntable = "lines"\nfiles = "*.csv.gz"\n\n[event_weights]'
    (folder / "retail.toml").write_text(
        "\n".join(lines).replace("[event_weights]", delivery).replace("horizon = 3", "horizon = 2")
    )
    return Deployment(folder / "data", folder / "retail.toml")
