"""What does not leak is let through: ten nights on each of five profiles, each checked and audited as all are."""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.helpers import sample
from tests.leaks import shop
from tests.leaks.harness import Deployment, Outcome, copy_project

N_NIGHTS = 10
INVOICES = """\
source = "online_retail"
first_night = 2010-12-08
last_night = 2010-12-31
horizon = 3
rrf_k = 2

[[deliveries]]
table = "lines"
files = "*.csv*"

[event_weights]
purchase = 1.0

[algorithms.popularity]
[algorithms.buy_again]
[algorithms.item_knn]
"""
CORNER_SHOP = 'audit = "off"\n'
"""Line of the corner shop's profile that planted leaks are tried without, too."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7_200)]


def deployed(folder: Path, profile: str, text: str = "") -> Deployment:
    """An empty deployment of a copy of the project, with a profile of its own where its text is given."""
    deployment = Deployment(folder / "data", copy_project(folder / "project"), profile)
    deployment.data.mkdir()
    file = deployment.project / "data" / "profiles" / f"{profile}.toml"
    if text:
        file.write_text(text)
    file.write_text(file.read_text().replace(CORNER_SHOP, ""))
    return deployment


def ten_nights_pass(deployment: Deployment, files: Path, first: date, days: int = 1, *land: str) -> Outcome:
    """Build ten nights, each audited, and check and audit the last wholly."""
    nights = [first + timedelta(days=n * days) for n in range(N_NIGHTS)]
    last = [f"check --select tag:leakage --night {nights[-1]}", f"audit future --night {nights[-1]}"]
    built = [f"night {night}" for night in nights]
    done = deployment.run(*(land or ("land --history .",)), *built, *last, files=files)
    assert not done.failed, done.message[-3000:]
    assert not re.search(r"^ *[0-9]+ of [0-9]+ (WARN|ERROR) .*$", done.output, re.MULTILINE), done.output[-6000:]
    audits = deployment.data / deployment.profile / "lake" / "audits" / "future"
    assert {folder.name for folder in audits.iterdir()} == {f"night={night}" for night in nights}
    assert re.search(rf"Night {nights[-1]} is future-blind", done.output)
    assert done.published.startswith(str(nights[-1]))
    return done


def test_a_shop_where_everything_happens(tmp_path: Path):
    shop.write_files(tmp_path / "files")
    ten_nights_pass(deployed(tmp_path, "corner_shop"), tmp_path / "files", date(2017, 10, 24), 1, *shop.LAND)


def test_invoices_and_their_cancellations(tmp_path: Path, shared_data: Path):
    (tmp_path / "files").mkdir()
    for file in (shared_data / "online_retail").glob("2010-12-*.csv.gz"):
        shutil.copy(file, tmp_path / "files")
    ten_nights_pass(deployed(tmp_path, "invoices", INVOICES), tmp_path / "files", date(2010, 12, 8))


def test_households_with_promotions(tmp_path: Path):
    files = sample.write_files(tmp_path / "files")
    profile = sample.PROFILE.replace("{files}", str(files)).replace(CORNER_SHOP, "")
    ten_nights_pass(deployed(tmp_path, "households", profile), files, date(2017, 10, 25))


def test_ratings_of_films(tmp_path: Path, shared_data: Path):
    files = shared_data / "movielens_latest_small"
    land = "land --history ratings.csv movies.csv tags.csv"
    ten_nights_pass(deployed(tmp_path, "movielens"), files, date(2017, 12, 2), 30, land)


def test_clicks_on_news(tmp_path: Path, shared_data: Path):
    ten_nights_pass(deployed(tmp_path, "globo"), shared_data / "globo_fragment", date(2017, 10, 1))
