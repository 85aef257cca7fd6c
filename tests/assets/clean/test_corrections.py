"""What a corrected file does to rows that no night has seen yet, and to descriptions."""

from recsys_assets.selects.files import TableName
from tests.helpers.shop import Shop, day, line, night, product


def purchases(shop: Shop, number: int) -> list[tuple[str, float]]:
    """Purchases as (user, value), as a night sees them."""
    return [(user, value) for user, _, _, value in shop.counted(number)]


def brands(shop: Shop, number: int) -> list[str]:
    """Brands of all items, as a night sees them."""
    with shop.lake.as_of(night(number), [TableName("clean", "items")]) as snapshot:
        return [brand for (brand,) in snapshot.cursor().execute("select brand from clean.items").fetchall()]


def test_rows_not_yet_visible_when_they_are_corrected_never_count(shop):
    shop.land("transactions.parquet", [line("u1", "p1", day(number), value=1.0) for number in (20, 24)], kind="history")
    shop.build(21)
    fixed = [line("u1", "p1", day(20), value=1.0), line("u9", "p1", day(21), value=3.0)]
    shop.land("transactions.parquet", fixed, day(22))
    shop.build(25)
    assert purchases(shop, 21) == [("u1", 1.0)]
    assert purchases(shop, 22) == purchases(shop, 25) == [("u1", 1.0), ("u9", 3.0)]
    taken = "reason, known_at"
    assert shop.clean("retractions", 22, taken) == [("replaced by a corrected file", day(22))]
    assert shop.clean("retractions", 24, taken) == [("replaced by a corrected file", day(22))]


def test_a_corrected_description_counts_from_its_arrival_on_also_for_items_first_sold_later(shop):
    items = ("q1", "q2", "q3")  # They are sold before, after and in the night of the correction.
    shop.land("products_2.parquet", [product(item, brand="wrong") for item in items], kind="history")
    sold = {"q1": 20, "q2": 22, "q3": 21}
    lines = [line("u1", item, day(number)) for item, number in sold.items()]
    shop.land("transactions.parquet", lines, kind="history")
    shop.build(20)
    shop.land("products_2.parquet", [product(item, brand="right") for item in items], day(21))
    shop.build(22)
    assert [brands(shop, number) for number in (20, 21, 22)] == [["wrong"], ["right"] * 2, ["right"] * 3]
    versions = [len(shop.clean("item_versions", number)) for number in (20, 21, 22)]
    assert versions == [1, 2, 1], "the former descriptions of q2 and q3 were never visible"


def test_column_names_that_differ_in_case_are_the_same_column(shop):
    lines = [line("u1", "p1", day(20), value=1.0)]
    shop.land("transactions_1.parquet", lines, kind="history")
    others = [{name.upper(): value for name, value in lines[0].items()} | {"SALES_VALUE": 3.0}]
    shop.land("transactions_2.parquet", others, kind="history")
    shop.build(20)
    assert purchases(shop, 20) == [("u1", 1.0), ("u1", 3.0)]
