"""Features of manufacturers against values worked out by hand."""

import pytest

from tests.sql.test_features import decayed

FOLDER = "sources/complete_journey/features"


@pytest.fixture
def makers(shop):
    """Item 3 has no maker, and nobody takes item 4, all that m3 makes."""
    shop.users((1, "u"), (2, "v"))
    shop.items(*((key, f"i{key}", "", "d", "c") for key in range(1, 6)))
    shop.con.execute("alter table clean.items add column manufacturer_id varchar")
    for key, maker in [(1, "m1"), (2, "m1"), (4, "m3"), (5, "m2")]:
        shop.con.execute("update clean.items set manufacturer_id = $1 where item_key = $2", [maker, key])
    for user, item, age in [(1, 1, 9.5), (1, 2, 2.5), (1, 3, 2.5), (2, 1, 40.5), (2, 5, 40.5)]:
        shop.take(user, item, age)
    names = ("features/user_item", "features/user", "features/item")
    shop.build(*names, f"{FOLDER}/item_manufacturer", f"{FOLDER}/user_manufacturer")
    return shop


def test_item_manufacturer(makers):
    first = decayed(9.5, 40.5)
    every = first + decayed(2.5)
    rows = makers.rows("from features.item_manufacturer")
    assert [row[:3] for row in rows] == [(1, "m1", 2), (2, "m1", 2), (4, "m3", 0), (5, "m2", 1)]
    assert [row[3] for row in rows] == pytest.approx([first / every, decayed(2.5) / every, 0, 1])


def test_user_manufacturer_shares_count_what_has_no_maker(makers):
    rows = makers.rows("from features.user_manufacturer")
    assert [row[:4] for row in rows] == [(1, "m1", 2, 2.5), (2, "m1", 1, 40.5), (2, "m2", 1, 40.5)]
    of_first = decayed(9.5, 2.5) / decayed(9.5, 2.5, 2.5)
    assert [row[4] for row in rows] == pytest.approx([of_first, 0.5, 0.5])
