"""Features of promotions against values worked out by hand."""

import pytest

FOLDER = "sources/complete_journey/features"
# Weeks begin on Mondays 05:00 UTC: the night's cutoff, Wednesday 00:00, is 1.8 days into its week.
NOW, BEFORE = 43 / 24, 43 / 24 + 7


@pytest.fixture
def promoted(shop):
    """Two stores promote; item 4 was promoted 8 weeks ago, item 5 never."""
    shop.items(*((key, name, "", "d", "c") for key, name in enumerate("zyxwv", 1)))
    shop.promotions(
        ("z", "s1", "3", "0", NOW),
        ("z", "s1", "9", "A", NOW),
        ("z", "s2", "A", "D", NOW),
        ("z", "s2", "0", "D", BEFORE),
        ("y", "s2", "0", "Z", NOW),
        ("y", "s2", "1", "0", NOW + 14),
        ("x", "s1", "5", "0", BEFORE),
        ("x", "s2", "5", "0", NOW + 49),
        ("w", "s1", "5", "H", NOW + 56),
        ("v", "s1", "0", "0", NOW),
        ("unknown", "s1", "5", "H", NOW),
    )
    shop.build(f"{FOLDER}/item_promotion", f"{FOLDER}/item_store_promotion")
    return shop


def test_item_promotion(promoted):
    assert promoted.rows("from features.item_promotion") == [
        (1, 1.0, 1.0, 1.0, 0.5, 0, 2, False),
        (2, 0.0, 0.5, 0.0, 0.5, 0, 2, True),
        (3, 0.0, 0.0, -0.5, 0.0, 1, 2, False),
        (4, 0.0, 0.0, 0.0, 0.0, None, 0, False),
        (5, 0.0, 0.0, 0.0, 0.0, None, 0, False),
    ]


def test_item_store_promotion_has_the_foremost_place_of_this_week(promoted):
    assert promoted.rows("from features.item_store_promotion") == [
        (1, "s1", True, True, 3, 5),
        (1, "s2", True, True, 10, 1),
        (2, "s2", False, True, 0, 10),
    ]


def test_shares_are_unknown_while_nothing_of_the_week_is(shop):
    shop.items((1, "z", "", "d", "c"))
    shop.promotions(("z", "s1", "3", "A", BEFORE))
    shop.build(f"{FOLDER}/item_promotion", f"{FOLDER}/item_store_promotion")
    assert shop.rows("from features.item_promotion") == [(1, None, None, None, None, 1, 1, False)]
    assert shop.rows("from features.item_store_promotion") == []


@pytest.mark.parametrize(("days", "weeks"), [(0, 0), (6.99, 0), (7, 1), (55.99, 7), (56, None)])
def test_a_week_runs_for_seven_days(shop, days, weeks):
    shop.items((1, "z", "", "d", "c"))
    shop.promotions(("z", "s1", "3", "0", days))
    shop.build(f"{FOLDER}/item_promotion")
    assert shop.rows("select weeks_since_promoted from features.item_promotion") == [(weeks,)]
