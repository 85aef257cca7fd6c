"""How a deployment stands: what is late and when, what waits in quarantine, what a night takes."""

from datetime import date, datetime, timedelta

import pytest

from recsys_assets.nights import close
from recsys_assets.profile import Profile
from recsys_assets.reports.status import late_night, status
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.release.releases import Releases
from tests.helpers.sample import NIGHTS
from tests.helpers.shop import Shop, household, line, product
from tests.storage.release.few_rows import release

FIRST = date(2017, 10, 20)
CLOSE = close(FIRST, timedelta(hours=2))


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    """A live shop with one file landed and no night built."""
    shop = Shop(tmp_path, monkeypatch)
    shop.land("products.csv", [product(2), product(3)])
    shop.land("demographics.csv", [household(1)])
    shop.land("transactions.csv", [line(1, 2, datetime(2017, 10, 19, 12))])
    return shop


def test_a_night_is_late_some_hours_after_its_close(shop):
    assert late_night(shop.profile, CLOSE + timedelta(hours=5)) is None
    assert late_night(shop.profile, CLOSE + timedelta(hours=6)) == FIRST
    patient = shop.profile.inside(shop.profile.folder.parent, late_after_hours=7)
    assert late_night(patient, CLOSE + timedelta(hours=6)) is None
    release(Releases(shop.profile.folder), FIRST)
    assert late_night(shop.profile, CLOSE + timedelta(hours=6)) is None
    assert late_night(shop.profile, CLOSE + timedelta(hours=30)) == date(2017, 10, 21)


def test_history_is_never_late_nor_what_has_no_data(shop, tmp_path, monkeypatch):
    history = shop.profile.inside(shop.profile.folder.parent, last_night=FIRST)
    assert late_night(history, CLOSE + timedelta(days=9)) is None
    assert status(history, CLOSE + timedelta(days=9)).next_night is None
    empty = Shop(tmp_path / "empty", monkeypatch).profile
    assert late_night(empty, CLOSE + timedelta(days=9)) is None
    found = status(empty, CLOSE)
    assert (found.n_nights, found.published, found.quarantined) == (0, None, [])
    assert not Landing(empty).path.exists(), "looking makes nothing"


def test_the_next_night_is_the_one_that_closes_next(shop):
    at = CLOSE - timedelta(minutes=1)
    assert (status(shop.profile, at).next_night, status(shop.profile, at).next_close) == (FIRST, CLOSE)
    assert status(shop.profile, CLOSE).next_night == date(2017, 10, 21)
    assert status(shop.profile, CLOSE - timedelta(days=30)).next_night == FIRST


def test_a_file_waits_in_quarantine_until_it_comes_again_or_a_week_has_gone(shop):
    shop.land("transactions_2.parquet", b"no parquet at all")
    now = datetime.now()
    (waiting,) = status(shop.profile, now).quarantined
    assert waiting.name == "transactions_2.parquet"
    assert waiting.reason
    assert status(shop.profile, now + timedelta(days=8)).quarantined == []
    shop.land("transactions_2.parquet", [line(1, 3, datetime(2017, 10, 19, 13))])
    assert status(shop.profile, now).quarantined == []


def test_what_a_night_takes_and_whether_three_more_fit(built):
    with built.active():
        profile: Profile = built.profile
        found = status(profile)
    assert (found.n_nights, found.first_built, found.last_built) == (3, NIGHTS[0], NIGHTS[-1])
    assert found.published.night == NIGHTS[-1]
    assert found.bytes_used / 4 < found.bytes_of_night < found.bytes_used / 2
    assert not found.is_disk_low
