"""What a corrected file does to rows that no night has seen yet, and to descriptions."""


def purchases(shop, number):
    """Purchases as (user, quantity), as a night sees them."""
    query = "select user_id, quantity from clean.interactions join clean.users using (user_key) order by all"
    return shop.seen(number, query)


def test_rows_not_yet_visible_when_they_are_corrected_never_count(shop):
    shop.stock()
    shop.land("transactions.parquet", [shop.line("u1", "p1", shop.at(day)) for day in (1, 5)])
    shop.build(2)
    fixed = [shop.line("u1", "p1", shop.at(1)), shop.line("u9", "p1", shop.at(2))]
    shop.land("transactions.parquet", fixed, arrived=shop.at(3))
    shop.build(6)
    assert purchases(shop, 2) == [("u1", 1.0)]
    assert purchases(shop, 3) == purchases(shop, 6) == [("u1", 1.0), ("u9", 1.0)]
    taken = "reason, known_at"
    assert shop.rows("clean.retractions", 3, taken) == [("replaced by a corrected file", shop.at(3))]
    assert shop.rows("clean.retractions", 5, taken) == [("replaced by a corrected file", shop.at(3))]


def test_a_corrected_description_counts_from_its_arrival_on_also_for_items_first_sold_later(shop):
    items = ("p1", "p2", "p3")  # sold before, after and in the night of the correction
    shop.land("products.parquet", [shop.product(item, brand="wrong") for item in items])
    sold = {"p1": 1, "p2": 3, "p3": 2}
    shop.land("transactions.parquet", [shop.line("u1", item, shop.at(day)) for item, day in sold.items()])
    shop.build(1)
    shop.land("products.parquet", [shop.product(item, brand="right") for item in items], arrived=shop.at(2))
    shop.build(3)
    brands = "select brand from clean.items order by item_id"
    assert [shop.seen(n, brands) for n in (1, 2, 3)] == [[("wrong",)], [("right",)] * 2, [("right",)] * 3]
    versions = [len(shop.rows("clean.item_versions", n)) for n in (1, 2, 3)]
    assert versions == [1, 2, 1], "the former descriptions of p2 and p3 were never visible"


def test_column_names_that_differ_in_case_are_the_same_column(shop):
    shop.stock()
    lines = [shop.line("u1", "p1", shop.at(1))]
    shop.land("transactions_1.parquet", lines)
    shop.land("transactions_2.parquet", [{name.upper(): value for name, value in lines[0].items()} | {"QUANTITY": 3}])
    shop.build(1)
    assert purchases(shop, 1) == [("u1", 1.0), ("u1", 3.0)]
