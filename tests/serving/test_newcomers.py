"""What newcomers are served: by the chain that the release tells, spread over categories, and by what they like."""

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.storage.release.arrays import open_arrays, write_arrays
from recsys_assets.storage.release.releases import Releases
from recsys_serving.newcomers import Preferences, liked, segment_of
from recsys_serving.release import Release
from tests.serving.small import ITEMS, MACROS, NIGHT, publish, serving, tables

CHAIN = {"country": 1, "gender": 2, "all": 3}
POST = "/v1/recommendations"


def chain_table(places, *, diverse=False):
    rows = [{"night": NIGHT, "kind": kind, "place": place, "is_chosen": True} for kind, place in places.items()]
    rows += [{"night": NIGHT, "kind": "store", "place": None, "is_chosen": False}]
    rows += [{"night": NIGHT, "kind": "diverse", "place": None, "is_chosen": diverse}]
    return pa.Table.from_pylist(rows)


def scopes(**found):
    """What is trending, by scope with a bar in place of the colon."""
    return pa.Table.from_pylist(
        [
            {"scope": scope.replace("__", ":"), "rank": rank, "item_id": item, "title": ITEMS[item][0]}
            | {"category": ITEMS[item][1], "score": 9.0 - rank, "share": 1 / rank}
            for scope, items in found.items()
            for rank, item in enumerate(items, 1)
        ]
    )


TRENDING = scopes(
    all=("x-5", "3", "1", "2"), country__NL=("4",), gender__F=("2",), store__7=("1",), category__DRINKS=("x-5", "3")
)
STORED = pa.Table.from_pylist(
    [
        {"user_id": "newt", "rank": 1, "item_id": "2", "score": 1.0, "reason": "goes_with", "evidence_item_id": "1"},
        {"user_id": "newt", "rank": 2, "item_id": "x-5", "score": 0.5, "reason": "liked", "evidence_item_id": None},
        {"user_id": "ü 7", "rank": 1, "item_id": "3", "score": 1.0, "reason": "trending", "evidence_item_id": None},
    ]
)


def made(root, **given):
    """A release with further tables, published."""
    releases = Releases(root)
    named = {name.replace("__", "."): rows for name, rows in given.items()}
    releases.build(NIGHT, "a", tables() | {"serving.trending": TRENDING} | named, MACROS)
    releases.publish(NIGHT, "a")
    return root


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    root = made(
        tmp_path_factory.mktemp("newcomers") / "shop",
        meta__newcomer_chain=chain_table(CHAIN),
        serving__newcomers=STORED,
    )
    with serving(root) as client:
        yield client


def listed(answer):
    return [row["item_id"] for row in answer["items"]]


def test_the_chain_of_the_release_is_gone_by(ask):
    """store:7 is a scope, but no kind of this chain; gender comes after country."""
    said = ask(POST, {"user": "nobody", "context": {"store": "7", "attributes": {"gender": "F"}}}).json()
    assert (said["source"], said["scope"], said["context"]["used"]) == ("segment", "gender:F", {"gender": "F"})
    assert listed(said) == ["2", "x-5", "3", "1"]
    both = ask(
        POST, {"user": "nobody", "context": {"country": "NL", "attributes": {"gender": "F", "shoe": "9"}}}
    ).json()
    assert (both["scope"], listed(both)[0]) == ("country:NL", "4")
    store = ask(POST, {"user": "nobody", "context": {"store": "7"}}).json()
    assert (store["source"], store["scope"]) == ("trending", "all")


def test_what_stands_behind_everywhere_is_not_gone_by(tmp_path):
    with serving(made(tmp_path / "s", meta__newcomer_chain=chain_table({"all": 1}))) as ask:
        said = ask(POST, {"user": "nobody", "context": {"country": "NL"}}).json()
    assert (said["source"], said["scope"]) == ("trending", "all")


def test_a_release_without_a_chain_goes_by_the_usual_one(tmp_path):
    publish(tmp_path / "s")
    with serving(tmp_path / "s") as ask:
        said = ask(POST, {"user": "nobody", "context": {"country": "NL", "device": "phone"}}).json()
    assert said["scope"] == "country:NL"


def test_lists_are_spread_over_categories(tmp_path):
    """Four drinks first: at most three of them before the bread; what has no category waits for nobody."""
    drinks = {f"d{n}": ("Drink", "DRINKS") for n in range(5)}
    items = ITEMS | drinks
    rows = [
        {"scope": "all", "rank": rank, "item_id": item, "title": items[item][0], "category": items[item][1]}
        | {"score": 9.0 - rank, "share": 1 / rank}
        for rank, item in enumerate(("d0", "d1", "d2", "d3", "4", "d4", "2"), 1)
    ]
    given = tables()
    more = [dict.fromkeys(given["serving.items"].column_names) | {"item_id": i, "category": "DRINKS"} for i in drinks]
    known = pa.Table.from_pylist([*given["serving.items"].to_pylist(), *more], schema=given["serving.items"].schema)
    table = {"serving__items": known.sort_by("item_id"), "serving__trending": pa.Table.from_pylist(rows)}
    for diverse, expected in (
        (True, ["d0", "d1", "d2", "4", "2", "d3", "d4"]),
        (False, ["d0", "d1", "d2", "d3", "4", "d4", "2"]),
    ):
        root = made(tmp_path / str(diverse), meta__newcomer_chain=chain_table({"all": 1}, diverse=diverse), **table)
        with serving(root) as ask:
            assert listed(ask("/v1/users/nobody/recommendations").json()) == expected


def test_what_somebody_likes_comes_first(ask):
    """MILK goes with 2, then 3: 2 gets 2/1, 3 gets 2/2 + 3/2, x-5 gets 3/1; MILK itself is not shown."""
    likes = {"categories": {"DRINKS": 3}, "items": {"1.0": 2, "gone": 9}}
    said = ask(POST, {"user": "nobody", "preferences": likes, "context": {"country": "NL"}}).json()
    assert (said["known"], said["source"]) == (False, "preferences")
    assert listed(said) == ["x-5", "3", "2", "4"]
    assert [row["reason"] for row in said["items"]] == ["liked", "liked", "goes_with", "trending"]
    assert [row["score"] for row in said["items"][:3]] == pytest.approx([1, 2 / 3, 1 / 3])
    assert said["items"][2]["evidence"]["item_id"] == "1"
    assert listed(ask(POST, {"user": "nobody", "preferences": likes, "exclude": ["3"], "k": 2}).json()) == ["x-5", "2"]
    assert listed(ask(POST, {"user": "nobody", "preferences": likes, "k": 1, "offset": 1}).json()) == ["3"]
    assert listed(ask(POST, {"user": "nobody", "preferences": likes, "category": "BAKERY"}).json()) == ["2"]


def test_likes_of_a_known_user_change_nothing(ask):
    likes = {"categories": {"DRINKS": 3}}
    assert ask(POST, {"user": 17012, "preferences": likes}).json() == ask(POST, {"user": 17012}).json()


@pytest.mark.parametrize(
    ("likes", "field"),
    [
        ({"categories": {"DRINKS": 0}}, "preferences.categories.DRINKS"),
        ({"items": {"1": -1}}, "preferences.items.1"),
        ({"items": {"1": "much"}}, "preferences.items.1"),
        ({"colours": {}}, "preferences.colours"),
        ({"items": {str(n): 1 for n in range(51)}}, "preferences.items"),
    ],
)
def test_wrong_likes_are_refused_by_field(ask, likes, field):
    answer = ask(POST, {"user": "nobody", "preferences": likes})
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, field)


def test_likes_that_say_nothing_are_none(ask):
    said = ask(POST, {"user": "nobody", "preferences": {"categories": {"ÖDE": 1}, "items": {"gone": 1}}}).json()
    assert (said["source"], listed(said)) == ("trending", ["x-5", "3", "1", "2"])


def test_who_told_before_has_a_list_in_any_spelling(ask):
    said = ask("/v1/users/newt/recommendations?k=3").json()
    assert (said["known"], said["source"], listed(said)) == (False, "preferences", ["2", "x-5", "3"])
    assert [row["reason_text"] for row in said["items"]] == [
        "goes with what you like",
        "trending in a category you like",
        "trending now",
    ]
    assert said["items"][0]["evidence"]["item_id"] == "1"
    assert listed(ask("/v1/users/%20ü%207/recommendations?k=1".replace("ü", "%C3%BC")).json()) == ["3"]
    now = ask(POST, {"user": "newt", "preferences": {"categories": {"DRINKS": 1}}}).json()
    assert listed(now)[0] == "x-5", "what is said now counts"


def test_arrays_of_before_there_was_a_chain_are_read(tmp_path):
    root = made(tmp_path / "s", meta__newcomer_chain=chain_table({"gender": 1, "all": 2}), serving__newcomers=STORED)
    (file,) = root.glob("releases/*/recsys.duckdb")
    release = Release(file, file.parent / "serving.npz")
    assert (release.chain, segment_of(release, {"country": "NL"})) == (("gender", "all"), None)
    import numpy as np

    held = open_arrays(file.parent / "serving.npz")
    old = {name: array for name, array in held.items() if "newcomer" not in name}
    np.savez(tmp_path / "old.npz", allow_pickle=False, **old)
    release = Release(file, tmp_path / "old.npz")
    assert segment_of(release, {"country": "NL"}) == "country:NL"
    assert release.of_newcomer("newt") == []
    assert write_arrays(file, tmp_path / "again.npz")


def test_the_night_and_the_server_give_the_same_list(tmp_path):
    """sql/recommendations/newcomers.sql beside `liked`, over the same release."""
    root = made(tmp_path / "s")
    (file,) = root.glob("releases/*/recsys.duckdb")
    release = Release(file, file.parent / "serving.npz")
    rows, _ = liked(release, Preferences({"DRINKS": 3}, {"1": 2}))
    con = duckdb.connect()
    con.execute(f"attach '{file}' as recsys (read_only)")
    for schema in ("clean", "this", "recommendations"):
        con.execute(f"create schema {schema}")
    con.execute("create macro exact_sum(x) as sum(x::decimal(38, 12))::double")
    places = "row_number() over (order by item_id)::integer - 1 as item_key"
    con.execute(f"create table clean.item_keys as select item_id, {places} from recsys.serving.items")
    con.execute("create table clean.user_keys as select 'anna' as user_id")
    con.execute("create table this.profile as select 20 as list_length")
    keyed = "from recsys.serving.{} as t inner join clean.item_keys as i on i.item_id = t.item_id"
    con.execute(f"create table recommendations.trending as select t.*, i.item_key {keyed.format('trending')}")
    con.execute(
        "create table recommendations.similar_items as select t.rank, t.score, i.item_key, "
        f"o.item_key as similar_item_key {keyed.format('similar_items')} "
        "inner join clean.item_keys as o on o.item_id = t.similar_item_id"
    )
    con.execute(
        "create table clean.onboarding as select *, uuid() as landed_id, null::timestamp as known_from, "
        "timestamp '2020-01-01' as known_at from (values ('n', 'DRINKS', null, 3.0), ('n', null, '1', 2.0), "
        "('anna', 'DRINKS', null, 1.0)) as t(user_id, category, item_id, weight)"
    )
    found = con.execute((SQL_FOLDER / "recommendations" / "newcomers.sql").read_text()).fetchall()
    assert {row[0] for row in found} == {"n"}, "anna has a list of her own"
    theirs = [(row[2], row[4], -1 if row[5] is None else row[5]) for row in found if row[4] != "trending"]
    assert theirs == [(row.item, {-3: "liked", -4: "goes_with"}[row.reason], row.evidence) for row in rows]
    assert [row[1] for row in found] == list(range(1, len(found) + 1))
