"""Versions of items: what a purchase line says of them, visible from its own night on, newest own time first."""

import pytest

from tests.assets.clean.invoices import bought, open_shop, seen
from tests.helpers.shop import Shop, day


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    """A shop whose invoices carry descriptions, prices and countries."""
    return open_shop(tmp_path, monkeypatch)


def versions(shop: Shop, *numbers: int) -> list[int]:
    """How many item versions became visible with each night."""
    return [len(shop.clean("item_versions", number)) for number in numbers]


def test_several_descriptions_of_one_product_become_versions(shop):
    lines = [
        bought("1", "10001", day(20), 1) | {"Description": "MUG"},
        bought("1", "10001", day(21), 1) | {"Description": "RED MUG "},
        bought("1", "10001", day(21, 13), 1) | {"Description": " MUG, RED"},
        bought("1", "10001", day(22), 1) | {"Description": "MUG, RED"},
        bought("1", "10001", day(23), 1) | {"Description": "MUG, RED", "UnitPrice": "1.75"},
    ]
    shop.land("lines.csv", lines, day(24), kind="history")
    shop.build(24)
    assert [seen(shop, number)["10001"] for number in (20, 21, 22, 23, 24)] == [
        ("MUG", 1.5),
        ("MUG, RED", 1.5),
        ("MUG, RED", 1.5),
        ("MUG, RED", 1.75),
        ("MUG, RED", 1.75),
    ]
    assert versions(shop, 20, 21, 22, 23, 24) == [1, 1, 0, 1, 0], "what changes nothing makes no version"


def test_a_late_line_does_not_bring_an_older_description_back(shop):
    shop.land("lines-1.csv", [bought("1", "10001", day(20), 1) | {"Description": "MUG"}], day(20, 13))
    shop.land("lines-3.csv", [bought("1", "10001", day(22), 1) | {"Description": "NEW MUG"}], day(22, 13))
    late = bought("2", "10001", day(21), 1) | {"Description": "OLD MUG", "Country": "France"}
    shop.land("lines-2.csv", [late, bought("2", "10002", day(21), 1)], day(23, 13))
    shop.build(23)
    assert [seen(shop, number)["10001"][0] for number in (21, 22, 23)] == ["MUG", "NEW MUG", "NEW MUG"]
    assert versions(shop, 20, 21, 22, 23) == [1, 0, 1, 1]
    assert "10002" not in seen(shop, 22)
    assert seen(shop, 23)["10002"] == ("THING 10002", 1.5)


def test_a_corrected_file_corrects_the_description_from_its_arrival_on(shop):
    shop.land("lines-1.csv", [bought("1", "10001", day(20), 1) | {"Description": "MUGG"}], day(20, 13))
    shop.build(20)
    shop.land("lines-1.csv", [bought("1", "10001", day(20), 1) | {"Description": "MUG"}], day(21, 13))
    shop.build(22)
    assert [seen(shop, number)["10001"][0] for number in (20, 21, 22)] == ["MUGG", "MUG", "MUG"]
    assert versions(shop, 20, 21, 22) == [1, 1, 0]
