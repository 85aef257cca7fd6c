"""What the routes answer, held against the release's own macros."""

from urllib.parse import quote

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.storage.release.releases import ReleaseError, Releases
from tests.serving.small import ITEMS, MACROS, NIGHT, USERS, serving, tables


@pytest.fixture(scope="module")
def macro(shop):
    with duckdb.connect(str(shop / "recsys.duckdb"), read_only=True) as con:
        yield lambda call, *values: con.execute(f"from {call}", list(values)).fetchall()


SPELLINGS = (
    *USERS,
    "17012.0",
    " 17012 ",
    "１７０１２",
    "7",
    "7.00",
    "\u200b2",
    "u\u0308nal",
    "nobody",
    "",
    "'",
    "a/b",
    "%",
    "🙂",
)


@pytest.mark.parametrize("task", [None, "next", "discovery"])
@pytest.mark.parametrize("user", [user for user in SPELLINGS if user and "/" not in user])
def test_lists_are_those_of_the_macro(ask, macro, user, task):
    answer = ask(f"/v1/users/{quote(user)}/recommendations?k=50" + (f"&task={task}" if task else ""))
    assert answer.status == 200
    said = answer.json()
    fields = ("rank", "item_id", "title", "category", "score", "reason", "reason_text", "confidence")
    rows = [(said["task"], *(item[name] for name in fields)) for item in said["items"]]
    assert rows == macro("serving.recommend($1, k := 50, task := $2)", user, task)


@pytest.mark.parametrize("item", ["1", "1.0", "2", "x-5"])
def test_similar_items_are_those_of_the_macro(ask, macro, item):
    rows = [
        tuple(row[name] for name in ("rank", "item_id", "title", "category", "score"))
        for row in ask(f"/v1/items/{item}/similar").json()["items"]
    ]
    assert rows == macro("serving.similar($1)", item)


def test_an_answer_says_where_it_is_from(ask):
    said = ask("/v1/users/17012/recommendations?k=1&offset=1").json()
    assert (said["release"], said["night"], said["task"]) == (f"{NIGHT}-a", str(NIGHT), "next")
    assert (said["known"], said["source"], said["n_more"]) == (True, "list", 1)
    (item,) = said["items"]
    assert (item["rank"], item["item_id"], item["price"], item["evidence"]["item_id"]) == (2, "4", None, "1")
    assert (item["evidence"]["title"], item["evidence"]["count"], item["evidence"]["days"]) == ("MILK", 2, 0.67)


def test_an_unknown_user_gets_the_segment_then_what_is_trending(ask):
    sent = {"user": "nobody", "context": {"country": "NL", "device": "phone"}}
    said = ask("/v1/recommendations", sent).json()
    assert [item["item_id"] for item in said["items"]] == ["x-5", "3", "1", "2"]
    assert (said["known"], said["source"], said["scope"]) == (False, "segment", "country:NL")
    assert said["context"] == {
        "stored": None,
        "given": {"country": "NL", "device": "phone"},
        "used": {"country": "NL"},
        "overrides_applied": True,
    }
    narrower = ask("/v1/recommendations", {"user": "nobody", "context": {"store": "gone", "os": "x", "country": "NL"}})
    assert (narrower.json()["scope"], narrower.json()["context"]["used"]) == ("country:NL", {"country": "NL"})
    drinks = ask("/v1/recommendations", {"user": "nobody", "context": {"country": "NL"}, "category": "DRINKS"}).json()
    assert ([item["item_id"] for item in drinks["items"]], drinks["scope"]) == (["x-5", "3"], "country:NL")
    elsewhere = ask("/v1/recommendations", {"user": "nobody", "context": {"country": "DE"}}).json()
    assert (elsewhere["source"], elsewhere["scope"], elsewhere["context"]["overrides_applied"]) == (
        "trending",
        "all",
        False,
    )
    assert not ask("/v1/recommendations", {"user": 17012, "context": {"country": "NL"}}).json()["context"][
        "overrides_applied"
    ]


def test_the_context_that_is_stored(ask, tmp_path):
    def said(user, asked=ask):
        return asked("/v1/recommendations", {"user": user, "context": {"country": "DE"}}).json()["context"]

    stored = {"device": "phone", "country": "NL", "store": "☕ 3"}
    assert said("17012") == {"stored": stored, "given": {"country": "DE"}, "used": None, "overrides_applied": False}
    assert ask("/v1/users/17012/recommendations").json()["context"]["stored"] == stored
    assert [said(user)["stored"] for user in ("anna", "2", "nobody")] == [None] * 3
    releases = Releases(tmp_path / "shop")
    releases.build(NIGHT, "a", {name: rows for name, rows in tables().items() if name != "serving.contexts"}, MACROS)
    releases.publish(NIGHT, "a")
    with serving(tmp_path / "shop") as other:
        assert said("17012", other)["stored"] is None


def test_what_is_excluded_or_seen_is_not_shown_and_next_is_filled_up(ask):
    everything = ask("/v1/users/17012/recommendations").json()["items"]
    first = everything[0]["item_id"]
    left = ask(f"/v1/users/17012/recommendations?exclude={first}.0&exclude=gone").json()["items"]
    assert first not in {item["item_id"] for item in left}
    assert len({item["item_id"] for item in left}) == len(left) > len(everything) - 1
    assert [item["rank"] for item in left] == list(range(1, len(left) + 1))
    found = ask("/v1/recommendations", {"user": "17012", "task": "discovery", "seen": ["1"], "exclude": [2]}).json()
    assert not {"1", "2"} & {item["item_id"] for item in found["items"]}
    assert all(item["reason"] != "trending" for item in found["items"]), "discovery shows nothing the user may have had"


def test_what_stands_below_the_list_follows_it_where_too_few_are_left(ask):
    def said(user, task, **more):
        return ask("/v1/recommendations", {"user": user, "task": task, **more}).json()

    found = said("anna", "discovery", exclude=["x-5"])
    assert [item["item_id"] for item in found["items"]] == ["1", "2", "4", "3"]
    assert (found["source"], found["scope"], found["n_more"]) == ("list", None, 0)
    below = found["items"][2]
    assert (below["rank"], below["score"], below["reason"], below["evidence"]) == (3, None, "below", None)
    assert below["title"] is None
    assert found["items"][1]["reason"] == "proposed"
    assert [item["item_id"] for item in said("anna", "discovery", exclude=["x-5", "4"], k=3)["items"]] == [
        "1",
        "2",
        "3",
    ]
    assert [item["reason"] for item in said("anna", "discovery", category="DRINKS")["items"]] == ["goes_with", "below"]
    second = said("anna", "discovery", exclude=["x-5"], k=2, offset=1)
    assert [item["item_id"] for item in second["items"]] == ["2", "4"]
    assert second["n_more"] == 1
    # Before what is trending, and not where enough is left.
    assert [item["item_id"] for item in said("17012", "next", exclude=["3"])["items"]] == ["4", "x-5", "2", "1"]
    assert said("17012", "next", exclude=["3"], k=2)["n_more"] == 0
    assert said("17012", "next", exclude=["3", "2"])["items"][-1]["reason"] == "below"


def test_a_release_of_before_has_nothing_below_its_lists(tmp_path):
    releases = Releases(tmp_path / "shop")
    kept = {name: rows for name, rows in tables().items() if name != "serving.deeper_lists"}
    releases.build(NIGHT, "a", kept, MACROS)
    releases.publish(NIGHT, "a")
    with serving(tmp_path / "shop") as other:
        found = other("/v1/recommendations", {"user": "anna", "task": "discovery", "exclude": ["x-5"]}).json()
        assert [item["item_id"] for item in found["items"]] == ["1", "2"]


def test_a_release_of_before_tells_neither_confidence_nor_contributions(tmp_path):
    releases, kept = Releases(tmp_path / "shop"), tables()
    of_before = {name: rows for name, rows in kept.items() if name != "serving.contributions"}
    of_before["serving.recommendations"] = kept["serving.recommendations"].drop_columns(["confidence"])
    releases.build(NIGHT, "a", of_before, _of_before(MACROS))
    releases.publish(NIGHT, "a")
    with serving(tmp_path / "shop") as other:
        (item,) = other("/v1/users/17012/recommendations?k=1").json()["items"]
        assert item["confidence"] is None
        listing = other(f"/v1/explain/17012/{item['item_id']}").json()["listings"][0]
        assert (listing["confidence"], listing["contributions"]) == (None, [])


def _of_before(macros):
    """Macros of a version without confidence."""
    told = (", r.confidence", ",\n    served.confidence", ", null")
    without = macros
    for each in told:
        assert without.count(f"{each}\n") == 1
        without = without.replace(f"{each}\n", "\n")
    return without


@pytest.mark.parametrize(("user", "places"), [("anna", [6]), ("anna", [0]), ("anna", None), ("nobody", [1])], ids=str)
def test_a_release_whose_deeper_lists_name_nothing_that_is_there_is_not_built(tmp_path, user, places):
    wrong = pa.table({"task": ["next"], "user_id": [user], "items": pa.array([places], pa.list_(pa.int32()))})
    given = tables() | {"serving.deeper_lists": wrong}
    if places is None:
        given["serving.deeper_lists"] = wrong.set_column(0, "task", [["unheard of"]]).set_column(
            2, "items", pa.array([[1]], pa.list_(pa.int32()))
        )
    with pytest.raises(ReleaseError, match=r"serving\.deeper_lists has lists whose"):
        Releases(tmp_path / "shop").build(NIGHT, "a", given, MACROS)


def test_a_category_alone(ask):
    said = ask("/v1/users/nobody/recommendations?category=DRINKS").json()
    assert [item["item_id"] for item in said["items"]] == ["x-5", "3"]
    assert {item["category"] for item in ask("/v1/users/2/recommendations?category=DRINKS").json()["items"]} == {
        "DRINKS"
    }


def test_a_batch_answers_in_order(ask):
    said = ask("/v1/recommendations", {"users": ["2", 17012.0, "nobody"], "k": 2}).json()
    assert [answer["user_id"] for answer in said["answers"]] == ["2", "17012", "nobody"]
    assert [len(answer["items"]) for answer in said["answers"]] == [2, 2, 2]


def test_explanations(ask):
    said = ask("/v1/explain/17012/2").json()
    assert said["known"]
    assert {listing["task"] for listing in said["listings"]} == {"discovery"}
    assert said["listings"][0]["algorithms"] == [{"algorithm": "als", "rank": 1}]
    assert ask("/v1/explain/nobody/1").json()["listings"] == []
    assert ask("/v1/explain/17012/nothing").status == 404
    shown = ask("/v1/users/17012/recommendations?explain=true").json()["items"][0]
    assert shown["proposed"] == {
        "raw_score": -1.0,
        "configuration": "fusion",
        "algorithms": [{"algorithm": "als", "rank": 1}],
    }


def test_bundles_are_those_of_the_macro_and_fit_the_user(ask, macro):
    said = ask("/v1/items/1.0/bundles").json()
    assert (said["item_id"], said["user_id"], said["known"], said["task"]) == ("1", None, None, None)
    assert [[item["item_id"] for item in each["items"]] for each in said["bundles"]] == [["2"], ["x-5"], ["2", "4"]]
    assert said["bundles"][0]["items"][0]["title"] == "BREAD <b>"
    assert [each["price"] for each in said["bundles"]] == [2.5, 2.5, None]
    assert {each["fit"] for each in said["bundles"]} == {None}
    for task in ("next", "discovery"):
        said = ask(f"/v1/users/anna/bundles/1?task={task}&k=6").json()
        shown = [([item["item_id"] for item in each["items"]], each["fit"]) for each in said["bundles"]]
        rows = macro("serving.bundle(1, u := 'anna', task := $1, k := 6)", task)
        assert shown == [(row[1], pytest.approx(row[-1])) for row in rows]
        listed = {
            row["item_id"]: row["score"] for row in ask(f"/v1/users/anna/recommendations?task={task}").json()["items"]
        }
        assert [fit for _, fit in shown] == sorted((fit for _, fit in shown), reverse=True)
        for items, fit in shown:
            assert fit == pytest.approx(sum(listed.get(item) or 0 for item in items) / len(items))
        # She had BREAD.
        assert any("2" in items for items, _ in shown) == (task == "next")
    said = ask("/v1/users/nobody/bundles/1?k=1").json()
    assert (said["user_id"], said["known"], said["task"], said["bundles"][0]["fit"]) == ("nobody", False, "next", None)
    assert ask("/v1/items/3/bundles").json()["bundles"] == []
    assert ask("/v1/items/none/bundles").status == ask("/v1/users/anna/bundles/none").status == 404


def test_movements_and_profiles(ask):
    said = ask("/v1/movements").json()
    assert [(row["item_id"], row["direction"]) for row in said["movements"]] == [("3", "falls")]
    assert [row["rank"] for row in ask("/v1/movements?max_q=1").json()["movements"]] == [1, 2]
    assert ask("/v1/movements?direction=rises").json()["movements"] == []
    assert ask("/v1/movements?max_q=1&direction=rises&k=1").json()["movements"][0]["item_id"] == "1"
    assert ask("/v1/movements?kind=category").json()["movements"][0]["category"] == "DRINKS"
    profile = ask("/v1/users/anna/profile").json()["profile"]
    assert (profile["price_level"], profile["usual_hour"], profile["usual_weekday"]) == (None, None, 5)
    assert profile["categories"][1] == {"category": "BAKERY <b>", "share": 0.25}
    for user, known in (("nobody", False), ("17012.0", True)):
        said = ask(f"/v1/users/{user}/profile").json()
        assert (said["user_id"], said["known"], said["profile"]) == (user.removesuffix(".0"), known, None)


def test_a_release_without_them_says_so(tmp_path):
    without = ("serving.bundles", "serving.movements", "serving.user_profiles", "serving.history")
    given = {name: rows for name, rows in tables().items() if name not in without}
    Releases(tmp_path / "shop").build(NIGHT, "a", given, MACROS.partition("-- serving.bundle('5678')")[0])
    Releases(tmp_path / "shop").publish(NIGHT, "a")
    with serving(tmp_path / "shop") as asked:
        for path in ("/v1/items/1/bundles", "/v1/users/anna/bundles/1", "/v1/users/anna/profile", "/v1/movements"):
            answer = asked(path)
            assert (answer.status, answer.headers["content-type"]) == (409, "application/problem+json"), path


def test_items_are_listed_and_found(ask):
    assert [row["item_id"] for row in ask("/v1/items?k=2&offset=1").json()["items"]] == ["2", "3"]
    assert ask("/v1/items?order=buyers&k=1").json()["items"][0]["item_id"] == "x-5"
    assert {row["item_id"] for row in ask("/v1/items?category=DRINKS").json()["items"]} == {"3", "x-5"}
    assert ask("/v1/items?category=NONE").json()["n_items"] == 0
    for asked, found in {
        "tea": ["3"],
        "bread%20%3Cb": ["2"],
        "X-": ["x-5"],
        "2.0": ["2"],
        "zzz": [],
        "%00": [],
    }.items():
        assert [row["item_id"] for row in ask(f"/v1/search?q={asked}").json()["items"]] == found
    assert len(ask("/v1/items").json()["items"]) == len(ITEMS)


def test_trending_users_releases_and_grades(ask):
    assert [row["item_id"] for row in ask("/v1/trending?scope=category:DRINKS").json()["items"]] == ["x-5", "3"]
    user = ask("/v1/users/7").json()
    assert (user["user_id"], user["known"]) == ("7", False), "7.0 is the id of a user, which 7 is not"
    assert ask("/v1/users/7.0").json()["n_events"] == 2
    assert ask(f"/v1/users/{quote('ünal')}").json()["n_listed"] == {"next": 0, "discovery": 0}
    assert ask("/v1/users/nobody").json()["known"] is False
    (release,) = ask("/v1/releases").json()["releases"]
    assert release["is_current"]
    (grade,) = ask("/v1/grades?task=next&metric=ndcg&k=10").json()["grades"]
    assert (grade["mean"], grade["high"]) == (0.25, None)
    assert ask("/v1/grades?task=none").json()["grades"] == []
