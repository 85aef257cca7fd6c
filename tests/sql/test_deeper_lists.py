"""What a release has below the published lists, of three places, by hand: four more at most."""

from types import SimpleNamespace

import pytest

from recsys_assets.assets.steps.release import _rows
from recsys_assets.release_settings import ReleaseSettings
from recsys_assets.selects.files import SQL_FOLDER, load_select

TABLE = "serving.deeper_lists"
SELECT = load_select(SQL_FOLDER / "release" / "serving" / "deeper_lists.sql")
BUILD = [*(f"features/{name}" for name in ("user_item", "user", "item", "item_trend")), "recommendations/trending"]


@pytest.fixture
def shop(make_shop):
    """Ten items, of ids that run against the keys, so that item 1 has place 10; users 1 and 2 have candidates."""
    made = make_shop()
    made.users(*((key, f"u{key}") for key in (1, 2, 3, 4)))
    made.items(*((key, f"i{10 - key}", "", "d", "c") for key in range(1, 11)))
    for key in range(1, 11):
        for user in range(100, 120 - key):
            made.take(user, key, 3)
    made.con.execute("update this.profile set depth = 7, n_trending = 10")
    made.build(*BUILD)
    for user in (1, 2):
        made.insert("recommendations.candidates", *[("next", user, key, key, 1 / key, 1, 1) for key in range(1, 11)])
    yield made
    made.con.close()


def deeper(shop, champion="fusion"):
    """Keys of the items below each list, by task and user."""
    shop.con.execute(
        f"create or replace view recommendations.champions as select task, '{champion}' as configuration, "
        "true as is_champion from this.tasks"
    )
    rows = _rows(SimpleNamespace(release=ReleaseSettings()), TABLE, SELECT, shop).to_pylist()
    return {(row["task"], row["user_id"]): [11 - place for place in row["items"]] for row in rows}


def published(shop, *rows):
    """Lists as they were published: (task, user, configuration), three places each."""
    listed = [(*row, rank) for row in rows for rank in (1, 2, 3)]
    shop.con.execute(
        "create table recommendations.lists (task varchar, user_key integer, configuration varchar, rank integer)"
    )
    if listed:
        shop.insert("recommendations.lists", *listed)


def test_the_fusion_goes_on_in_the_union(shop):
    published(shop)
    assert deeper(shop) == {("next", "u1"): [4, 5, 6, 7], ("next", "u2"): [4, 5, 6, 7]}
    shop.con.execute("update this.profile set depth = 5")
    assert deeper(shop)["next", "u1"] == [4, 5]
    shop.con.execute("update this.profile set depth = 3")
    assert deeper(shop) == {}


def test_a_reranker_goes_on_in_its_own_order(shop):
    published(shop)
    shop.con.execute(
        "create or replace view packed.recommendations.rankings as select * from (values "
        "('reranker', 'next', 1, [9, 1, 2], [10, 3]::usmallint[]), ('reranker', 'next', 2, [9, 1, 2], []), "
        "('fusion', 'next', 1, [1, 2, 3], [])) as t (algorithm, task, user_key, items, below)"
    )
    assert deeper(shop, "reranker") == {("next", "u1"): [10, 3]}


def test_an_algorithm_by_itself_goes_on_in_its_list_and_the_fusion_stands_in(shop):
    published(shop)
    listed = [("als", "next", 2, key, 11 - key, 0.1) for key in range(10, 4, -1)]
    shop.insert("candidates.lists", *listed, ("ease", "next", 2, 1, 1, 0.5))
    assert deeper(shop, "als") == {("next", "u1"): [4, 5, 6, 7], ("next", "u2"): [7, 6, 5]}


def test_what_is_trending_goes_on_without_what_was_had(shop):
    shop.take(4, 5, 3, weight=0)
    published(shop, ("next", 3, "trending"), ("discovery", 3, "trending"), ("discovery", 4, "trending"))
    rows = deeper(shop)
    assert rows["next", "u3"] == rows["discovery", "u3"] == [4, 5, 6, 7]
    assert rows["discovery", "u4"] == [4, 6, 7, 8]
