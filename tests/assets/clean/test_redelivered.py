"""Rows delivered anew: what a corrected file takes back, what another file still holds, what was never visible."""

import pytest

from recsys_assets.profile import Delivery
from recsys_assets.selects.files import TableName
from tests.assets.clean.invoices import bought, counts, left, open_shop, seen
from tests.helpers.shop import Shop, day, night


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    return open_shop(tmp_path, monkeypatch)


@pytest.mark.parametrize("second", [20, 21])
def test_a_row_that_another_file_still_holds_is_kept(shop, second):
    both = [bought("1", "10001", day(20), 2), bought("1", "10004", day(19), 5), bought("1", "10004", day(20), -2)]
    shop.land("lines-a.csv", [*both, bought("1", "10002", day(20), 1)], day(20, 13))
    shop.land("lines-b.csv", [*both, bought("1", "10003", day(20), 1)], day(second, 14))
    shop.build(second)
    before = left(shop, second)
    assert len(before) == 4
    shop.land("lines-a.csv", [bought("1", "10002", day(20), 1)], day(22, 13))
    shop.build(23)
    assert left(shop, 22) == left(shop, 23) == before
    assert counts(shop, 23)[:2] == (1, 1)


def test_rows_that_move_from_one_file_to_another_are_not_lost(shop):
    rows = [bought("1", f"1000{number}", day(20), 1) for number in range(4)]
    shop.land("lines-a.csv", rows, day(20, 13))
    shop.land("lines-b.csv", rows[2:], day(21, 13))
    shop.build(21)
    shop.land("lines-a.csv", rows[:2], day(22, 14))
    shop.build(22)
    assert [len(left(shop, number)) for number in (20, 21, 22)] == [4, 4, 4]


def test_a_description_that_was_corrected_away_is_gone(shop):
    shop.land("lines-1.csv", [bought("1", "10001", day(20, 10), 1) | {"Description": "MUG"}], day(20, 13))
    wrong = bought("1", "10001", day(20, 14), 1) | {"Description": "SOFA", "UnitPrice": "900"}
    shop.land("lines-2.csv", [wrong], day(20, 15))
    shop.build(20)
    shop.land("lines-2.csv", [wrong | {"StockCode": "10009"}], day(21, 13))
    shop.build(22)
    assert [seen(shop, number)["10001"] for number in (20, 21, 22)] == [("SOFA", 900.0), ("MUG", 1.5), ("MUG", 1.5)]


def test_a_late_line_tells_nothing_where_a_later_one_confirmed_the_description(shop):
    for name, number, arrives, title in (("1", 20, 20, "MUG"), ("3", 22, 22, "MUG"), ("2", 21, 23, "OLD MUG")):
        line = bought("1", "10001", day(number), 1) | {"Description": title}
        shop.land(f"lines-{name}.csv", [line], day(arrives, 13))
    shop.build(23)
    assert seen(shop, 23)["10001"] == ("MUG", 1.5)
    assert shop.clean("item_versions", 23) == []


def test_a_replaced_file_says_so_and_one_of_rejects_only_replaces_nothing(shop):
    shop.land("lines.csv", [bought("1", "10001", day(20), 1), bought("1", "10002", day(20), 1)], day(20, 13))
    landed = shop.land("lines.csv", [bought("1", "10001", day(21), 1)], day(21, 13))
    assert landed.message == "in place of the 2 that landed under this name before"
    landed = shop.land("lines.csv", [bought("", "10001", day(22), 1) | {"CustomerID": ""}], day(22, 13))
    assert (landed.rows_landed, landed.rows_rejected, landed.message) == (0, 1, "")
    shop.build(22)
    assert list(left(shop, 22)) == [("1", "10001", day(21))]


def test_rows_of_an_extra_table_that_were_replaced_before_any_night_saw_them_never_count(tmp_path, monkeypatch):
    deliveries = [Delivery(table=table, files=f"{table}*") for table in ("tags", "movies", "ratings")]
    shop = Shop(tmp_path, monkeypatch, source="movielens", deliveries=deliveries, event_weights={"liked": 1.0})
    for word in ("wrong", "right"):
        tag = {"userId": 1, "movieId": 1, "tag": word, "timestamp": 1508500000}
        shop.land("tags.csv", [tag], day(20, 13 if word == "wrong" else 14))
    shop.land("movies.csv", [{"movieId": 1, "title": "Heat (1995)", "genres": "Crime"}], day(20, 15))
    shop.land("ratings.csv", [{"userId": 1, "movieId": 1, "rating": 5, "timestamp": 1508490000}], day(20, 16))
    shop.build(20)
    with shop.lake.as_of(night(20), [TableName("clean", "tags"), TableName("clean", "items")]) as snapshot:
        assert snapshot.table("select tag from clean.tags").to_pylist() == [{"tag": "right"}]
        assert snapshot.table("select tags from clean.items").to_pylist() == [{"tags": ["right"]}]
