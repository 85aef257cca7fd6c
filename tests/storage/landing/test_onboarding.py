"""The optional table onboarding: any source may give it, its rows keep a contract, and without it it is empty."""

from pathlib import Path

import pytest

from recsys_assets.profile import Delivery
from recsys_assets.selects import source
from recsys_assets.selects.canonical import SourceError, canonical, projection
from recsys_assets.selects.files import TableName, load_select
from recsys_assets.storage.lake.lake import Lake
from tests.helpers.shop import DELIVERIES, Shop, day, line, night, product

FILE = Path(__file__).with_name("onboarding.sql")
ONBOARDING = TableName("clean", "onboarding")


def answer(user, weight, category="", item="", at="2017-10-19 10:00"):
    told = {"household_id": user, "category": category, "product_id": item, "weight": weight, "answered_at": at}
    return told


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A shop whose source gives onboarding, with a few wrong answers among them."""
    given = source.select_files
    monkeypatch.setattr(
        source,
        "select_files",
        lambda folder: given(folder) | ({"onboarding": FILE} if folder == "sources/complete_journey" else {}),
    )
    return Shop(tmp_path, monkeypatch, deliveries=[*DELIVERIES, Delivery(table="answers", files="answers*")])


def filled(shop):
    shop.land("products.csv", [product("p1"), product("p2")], day(1))
    shop.land("transactions.csv", [line("u1", "p1", day(19))], kind="history")


def test_answers_become_visible_by_their_time_and_wrong_ones_are_rejected(shop):
    filled(shop)
    rows = [
        answer("new 😀", "2", category="SOUP"),
        answer("late", "0.5", item="p1", at="2017-10-22 10:00"),
        answer("", "1", category="SOUP"),
        answer("n", "0", category="SOUP"),
        answer("n", "nan", category="SOUP"),
        answer("n", "much", category="SOUP"),
        answer("n", "1"),
        answer("n", "1", category="SOUP", item="p1"),
    ]
    shop.land("answers.csv", rows, kind="history")
    shop.build(22)
    told = "user_id, weight, category, item_id"
    assert shop.clean("onboarding", 20, told) == [("new 😀", 2.0, "SOUP", None)]
    assert shop.clean("onboarding", 22, told) == [("late", 0.5, None, "p1")]
    assert [(row, column) for _, row, column, *_ in shop.rejects()] == [
        (3, "user_id"),
        (4, "weight"),
        (5, "weight"),
        (6, "weight"),
        (7, "category"),
        (8, "category"),
    ]


@pytest.mark.parametrize("gives", [True, False], ids=["never delivered", "not of this source"])
def test_without_answers_it_is_empty_and_has_its_columns(tmp_path, monkeypatch, request, gives):
    shop = request.getfixturevalue("shop") if gives else Shop(tmp_path, monkeypatch)
    filled(shop)
    shop.build(20)
    with Lake(shop.profile).as_of(night(20), [ONBOARDING]) as snapshot:
        assert snapshot.row("select count(*) from clean.onboarding") == (0,)
        snapshot.row("select user_id, category, item_id, weight, known_from, known_at, landed_id from clean.onboarding")


def test_a_source_that_forgets_the_weight_is_told_so():
    with pytest.raises(SourceError, match=r"onboarding\.sql: gives no column weight"):
        projection(canonical("onboarding"), ["landed_id", "user_id"], "onboarding.sql")
    assert "weight" in load_select(FILE, keyed=False).columns
