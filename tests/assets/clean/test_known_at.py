"""Nothing in the clean log is known, or visible, earlier than landing has it, however it came: and a check says so."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from recsys_assets.checks.declared import load_checks
from recsys_assets.checks.running import check_tables
from recsys_assets.selects.files import TableName
from tests.assets.clean.invoices import bought, open_shop
from tests.helpers.shop import Shop, day, night

LAST = 23
CHECKED = {"no_earlier_than_landed", "corrections_count_from_their_arrival"}


@pytest.fixture(scope="module")
def built_shop(tmp_path_factory) -> Path:
    """History, late lines, a cancellation and a purchase that comes after it, a line that comes again, corrections."""
    folder = tmp_path_factory.mktemp("known_at") / "shop"
    with pytest.MonkeyPatch.context() as monkeypatch:
        build(open_shop(folder, monkeypatch))
    return folder


@pytest.fixture
def shop(built_shop, tmp_path, monkeypatch) -> Shop:
    """A copy of the built shop, to write into."""
    return open_shop(shutil.copytree(built_shop, tmp_path / "shop"), monkeypatch)


def build(shop: Shop) -> None:
    shop.land("lines-1.csv", [bought("1", "10001", day(18), 5), bought("2", "10002", day(19), 2)], kind="history")
    shop.land("lines-2.csv", [bought("1", "10001", day(20), -4), bought("3", "10001", day(20), 1)], day(21))
    shop.land("lines-3.csv", [bought("1", "10001", day(19), 3), bought("3", "10001", day(20), 1)], day(22))
    shop.build(22)
    shop.land("lines-2.csv", [bought("1", "10001", day(20), -2)], day(23))
    corrected = [bought("1", "10001", day(18), 5), bought("2", "10002", day(19), 7), bought("4", "10003", day(23), 1)]
    shop.land("lines-1.csv", corrected, day(23, 13))
    shop.build(LAST)


def failing(shop: Shop, number: int) -> dict[str, int]:
    """Failing rows of each check that asks landing, where there are some."""
    checks = [check for check in load_checks(shop.profile) if check.test in CHECKED]
    found = {check.name: outcome for check, outcome in check_tables(shop.lake, checks, night(number))}
    assert len(found) == 7
    return {name: outcome.failures for name, outcome in found.items() if outcome.failures}


def rewrite(shop: Shop, table: str, replaced: str, key: str) -> None:
    """Write the last night's partition of a clean table again with other values."""
    own = TableName("clean", table)
    with shop.lake.as_of(night(LAST), [own], str(own)) as snapshot:
        snapshot.write(
            f"select * exclude (visible_night) replace ({replaced}) from {own} "
            f"where visible_night = date '{night(LAST)}' order by {key}",
            tuple(key.split(", ")),
        )


def test_whatever_way_rows_came_the_log_has_them_as_landing_does(shop):
    assert len(shop.clean("retractions", LAST)) > 3, "corrections and cancellations, given back and taken anew"
    assert [failing(shop, number) for number in (20, 21, 22, 23)] == [{}] * 4


EARLIER = "known_at - interval 1 day as known_at"
REWRITTEN = {
    "events": ("events", EARLIER, "event_id", {"no_earlier_than_landed_events_event_id"}),
    "cancellations": (
        "cancellations",
        EARLIER,
        "cancellation_id",
        {"no_earlier_than_landed_cancellations_cancellation_id"},
    ),
    "cancelled": (
        "retractions",
        f"if(quantity is null, known_at, {EARLIER.removesuffix(' as known_at')}) as known_at",
        "event_id, retracted_by",
        {"no_earlier_than_landed_retractions_retracted_by"},
    ),
    "corrections": (
        "retractions",
        f"if(quantity is null, timestamp '{datetime(2017, 10, 22, 13)}', known_at) as known_at",
        "event_id, retracted_by",
        {"corrections_count_from_their_arrival"},
    ),
    "users": ("user_versions", EARLIER, "user_key", {"no_earlier_than_landed_user_versions_landed_id"}),
    "items": ("item_versions", "null as known_at", "item_key", {"no_earlier_than_landed_item_versions_landed_id"}),
    "a row that never landed": (
        "item_versions",
        "uuid '00000000-0000-0000-0000-000000000001' as landed_id",
        "item_key",
        {"no_earlier_than_landed_item_versions_landed_id"},
    ),
}


@pytest.mark.parametrize(("table", "replaced", "key", "said"), REWRITTEN.values(), ids=list(REWRITTEN))
def test_sql_that_says_an_earlier_instant_is_found(shop, table, replaced, key, said):
    rewrite(shop, table, replaced, key)
    assert said <= failing(shop, LAST).keys()
