"""The published file: its tables row by row, and its macros as a client calls them."""

from datetime import date, datetime
from types import SimpleNamespace
from uuid import uuid4

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.assets.steps.release import _rows
from recsys_assets.release_settings import ReleaseSettings
from recsys_assets.selects.contracts import CONTRACTS
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.release.file import check_file, write_file
from tests.sql import release_comments

NIGHT = date(2020, 3, 31)
FILES = sorted((SQL_FOLDER / "release").glob("*/*.sql"))
RECOMMEND = "select task, rank, item_id, reason, reason_text from serving.recommend"


@pytest.fixture(scope="module")
def tables(make_shop):
    """Tables of a release in which both users have lists for both tasks; keys run against ids."""
    shop = make_shop()
    con = shop.con
    shop.users((1, "20"), (2, "10"))
    shop.items((1, "9", "nine", "d", "c"), (2, "8", "eight", "d", "c"), (3, "7", "seven", "d", "c", NIGHT))
    shop.take(1, 1, 3.5, value=2)
    shop.take(1, 1, 9.5, value=2)
    shop.take(2, 2, 2.5, value=5)
    for task in ("next", "discovery"):
        shop.insert(
            "recommendations.fusion_weights",
            (task, "als", 1.0, None, 0, "To your taste", ["history", "own_items"], None, None, False),
        )
    shop.insert("candidates.lists", *[("als", "next", 1, item, item, 0.0) for item in (1, 2)])
    shop.insert("recommendations.similar_items", (1, 1, 2, 0.5, "item_knn"), (1, 2, 3, 0.25, "item_knn"))
    shop.insert("clean.onboarding", (uuid4(), "newt", 2.0, None, "9", None, NIGHT, NIGHT))
    names = ("user_item", "user", "user_category", "item", "item_trend")
    tables = ("trending", "newcomer_chain", "newcomers", "candidates", "lists")
    shop.build(*[f"features/{name}" for name in names], *[f"recommendations/{table}" for table in tables])
    con.execute(
        "create table past.recommendations.champions as select $1::date as night, 'next' as task, "
        "'fusion' as configuration, 'fusion' as incumbent, true as is_champion, null::varchar as reason, "
        "null::double as difference, "
        "null::double as low, null::double as high, null::double as p, null::double as p_corrected, "
        "0 as n_users, 0 as n_user_nights",
        [NIGHT],
    )
    con.execute(
        "create table past.recommendations.trending as select 'all' as scope, unnest($1::date[]) as night",
        [[date(2020, 3, 24), NIGHT]],
    )
    con.execute(
        "create table past.recommendations.settings as "
        "select $1::date as settings_night, 'a1b2c3' as profile_hash, '{\"rrf_k\": 2}' as settings",
        [NIGHT],
    )
    con.execute(
        "create table past.grades.summary as select $1::date as night, date '2020-03-24' as graded_night, "
        "'next' as task, 'known' as users, 'als' as algorithm, 10 as k, 'ndcg' as metric, .5::double as mean, "
        ".4::double as low, .6::double as high, 2 as n_users, 0::double as cold_user_share, "
        "0::double as cold_item_share, 'published' as status",
        [NIGHT],
    )
    con.execute(
        "create table past.recommendations.trending_windows as "
        "select $1::date as night, * from recommendations.trending_windows",
        [NIGHT],
    )
    con.execute("attach ':memory:' as before")
    for name in ("past.recommendations.algorithm_settings", "before.models.tuned_settings"):
        columns = ", ".join(f"{column} {kind}" for column, kind in CONTRACTS[name.partition(".")[2]].items())
        con.execute(f"create schema if not exists {name.rpartition('.')[0]}")
        con.execute(f"create table {name} (night date, {columns})")
    con.execute(
        "create table past.recommendations.newcomer_chain as "
        "select $1::date as night, * from recommendations.newcomer_chain",
        [NIGHT],
    )
    for name in ("pooled", "comparisons"):
        columns = ", ".join(f"{column} {kind}" for column, kind in CONTRACTS[f"grades.{name}"].items())
        con.execute(f"create table grades.{name} ({columns})")
    con.execute(
        "create table grades.segments as select 'next' as task, 'als' as algorithm, 'known' as segment, "
        "'warm' as value, 10 as k, 'ndcg' as metric, 2 as n_users, .5::double as mean, .4::double as low, "
        ".6::double as high"
    )
    shop.insert(
        "this.inputs",
        ("recommendations.lists", NIGHT, "f1", "run-1"),
        ("recommendations.lists", date(2020, 3, 24), "f0", "run-0"),
        ("features.item", NIGHT, "f2", "run-2"),
    )
    selects = {f"{path.parent.name}.{path.stem}": load_select(path) for path in FILES}
    profile = SimpleNamespace(release=ReleaseSettings())
    return {table: _rows(profile, table, select, shop) for table, select in selects.items()}


@pytest.fixture(scope="module")
def file(tables, tmp_path_factory):
    return publish(tables, tmp_path_factory.mktemp("release"))


@pytest.fixture
def release(file):
    """The release as a client finds it: the file opened read-only."""
    with duckdb.connect(str(file), read_only=True) as con:
        yield con


def publish(tables, folder, *, comments=True):
    file = folder / "recsys.duckdb"
    names = ("macros.sql", "further_macros.sql", *(("comments.sql",) if comments else ()))
    sql = [(SQL_FOLDER / "release" / name).read_text() for name in names]
    check_file(file, write_file(file, tables, "\n".join(sql)))
    return file


def test_recommendations_carry_ids_as_delivered_and_their_run(tables):
    rows = tables["serving.recommendations"].to_pylist()
    assert [(row["task"], row["user_id"], row["rank"], row["item_id"]) for row in rows] == [
        ("discovery", "10", 1, "9"),
        ("discovery", "20", 1, "8"),
        ("next", "10", 1, "8"),
        ("next", "10", 2, "9"),
        ("next", "20", 1, "9"),
        ("next", "20", 2, "8"),
    ]
    assert rows[4] == {
        "night": NIGHT,
        "task": "next",
        "user_id": "20",
        "rank": 1,
        "item_id": "9",
        "title": "nine",
        "category": "c",
        "score": 1.0,
        "raw_score": pytest.approx(1 / 61, abs=1e-12),
        "configuration": "fusion",
        "algorithms": [{"algorithm": "als", "rank": 1}],
        "reason": "bought_again",
        "reason_algorithm": "als",
        "reason_text": "bought 2 times, last 3 days ago",
        "reason_template": "bought_again",
        "reason_about": None,
        "evidence_item_id": "9",
        "evidence_count": 2,
        "evidence_days": 3.5,
        "confidence": None,
        "policies": [],
        "model_night": NIGHT,
        "run_id": "run-1",
    }


def test_newcomers_have_lists_of_what_they_like(tables):
    told = ("goes_with", "goes with what you like", "9")
    assert [tuple(row.values()) for row in tables["serving.newcomers"].to_pylist()] == [
        ("newt", 1, "8", "eight", "c", 1.0, *told),
        ("newt", 2, "7", "seven", "c", 0.5, *told),
    ]
    chain = tables["meta.newcomer_chain"].to_pylist()
    assert {(row["kind"], row["place"]) for row in chain} >= {("store", 1), ("all", 6), ("diverse", None)}


def test_users_items_and_similar_items(tables):
    assert [list(row.values()) for row in tables["serving.users"].to_pylist()] == [
        ["10", date(2020, 1, 1), 1, 1, 1, 2.5, 2.5],
        ["20", date(2020, 1, 1), 2, 2, 1, 3.5, 9.5],
    ]
    assert [list(row.values()) for row in tables["serving.items"].to_pylist()] == [
        ["7", "seven", "d", "c", None, None, None, NIGHT, 0, 0, 0, None],
        ["8", "eight", "d", "c", None, None, 5.0, date(2020, 1, 1), 1, 1, 1, 2.5],
        ["9", "nine", "d", "c", None, None, 2.0, date(2020, 1, 1), 2, 1, 2, 3.5],
    ]
    assert [list(row.values()) for row in tables["serving.similar_items"].to_pylist()] == [
        ["9", 1, "8", "eight", "c", 0.5, "item_knn"],
        ["9", 2, "7", "seven", "c", 0.25, "item_knn"],
    ]


def test_nights_count_what_each_could_see(tables):
    assert [list(row.values()) for row in tables["meta.nights"].to_pylist()] == [
        [date(2020, 3, 24), datetime(2020, 3, 25), 1, 2, 2, None, None],
        [NIGHT, datetime(2020, 4, 1), 3, 2, 3, "a1b2c3", '{"rrf_k": 2}'],
    ]


def test_grades_and_build(tables):
    assert tables["meta.grades"].num_rows == 1
    assert [list(row.values()) for row in tables["meta.build"].to_pylist()] == [
        ["features.item", NIGHT, "f2", "run-2", 3],
        ["recommendations.lists", date(2020, 3, 24), "f0", "run-0", 3],
        ["recommendations.lists", NIGHT, "f1", "run-1", 3],
    ]


def test_every_table_and_column_says_what_it_holds(release):
    query = "select {name}, comment from duckdb_{kind}s() where not internal"
    tables = dict(release.execute(query.format(name="schema_name || '.' || table_name", kind="table")).fetchall())
    columns = dict(
        release.execute(
            query.format(name="concat_ws('.', schema_name, table_name, column_name)", kind="column")
        ).fetchall()
    )
    assert len(tables) >= 12
    assert not [name for name, comment in (tables | columns).items() if not comment]
    assert tables["serving.users"].startswith("One row per user known on the night.")
    assert columns["serving.items.item_id"] == "as delivered"


def test_the_comments_are_those_of_the_page():
    assert release_comments.FILE.read_text() == release_comments.made(), "run python -m tests.sql.release_comments"


def test_no_surrogate_key_is_published(tables):
    assert [name for table in tables.values() for name in table.column_names if name.endswith("_key")] == []


def test_recommend(release):
    again = ("bought_again", "bought 2 times, last 3 days ago")
    answer = release.execute(f"{RECOMMEND}('20')").fetchall()
    assert answer == [("next", 1, "9", *again), ("next", 2, "8", "goes_with", "goes with nine, which you took")]
    assert release.execute(f"{RECOMMEND}(20)").fetchall() == answer
    assert release.execute(f"{RECOMMEND}(?, k := ?)", ["20", 1]).fetchall() == answer[:1]
    other = release.execute(f"{RECOMMEND}('20', task := 'discovery')").fetchall()
    assert other == [("discovery", 1, "8", "popular", "popular: taken by 1 person")]


def test_unknown_ids_get_what_is_trending_and_known_ones_without_a_list_get_nothing(release):
    trending = [("next", rank, item, "trending", "trending now") for rank, item in ((1, "8"), (2, "9"))]
    assert release.execute(f"{RECOMMEND}('nobody')").fetchall() == trending
    assert release.execute(f"{RECOMMEND}('nobody', k := 1)").fetchall() == trending[:1]
    with pytest.raises(duckdb.Error, match=r"There is no task unheard of in this release\. Its tasks: discovery, next"):
        release.execute(f"{RECOMMEND}('20', task := 'unheard of')").fetchall()
    scores = release.execute("select item_id, score from serving.recommend('nobody')").fetchall()
    assert scores == [("8", 1.0), ("9", 0.5)]


@pytest.mark.parametrize("user", ["20", "nobody", "", None])
def test_what_cannot_be_asked_is_refused_whoever_asks(release, user):
    with pytest.raises(duckdb.Error, match="There is no task serch in this release"):
        release.execute("from serving.recommend($1, task := 'serch')", [user]).fetchall()
    for macro in ("recommend", "similar"):
        with pytest.raises(duckdb.Error, match="k is how many items you want: 0 or more"):
            release.execute(f"from serving.{macro}($1, k := -1)", [user]).fetchall()
        assert release.execute(f"from serving.{macro}($1, k := 0)", [user]).fetchall() == []


def test_an_id_as_delivered_goes_before_its_canonical_form(tables, tmp_path):
    """Where versions are ids, 1.0 and 1 are two; 2.0 is 2 where only that is known, with a list or without one."""
    lists = tables["serving.recommendations"].to_pylist()
    ids = {"10": "1", "20": "1.0"}
    rows = {
        "serving.recommendations": [row | {"user_id": ids[row["user_id"]]} for row in lists],
        "serving.users": [{"user_id": user} for user in ("1", "1.0", "2", "１")],
    }
    changed = {name: pa.Table.from_pylist(rows[name]) for name in rows}
    with duckdb.connect(str(publish(tables | changed, tmp_path, comments=False)), read_only=True) as release:
        answers = {
            user: release.execute("select item_id, reason from serving.recommend($1)", [user]).fetchall()
            for user in ("1", "1.0", "1.00", "１．０", "１", "2.0", "3.0")
        }
    assert [item for item, _ in answers["1"]] == ["8", "9"]
    assert [item for item, _ in answers["1.0"]] == ["9", "8"]
    assert answers["1.00"] == answers["１．０"] == answers["1"]
    assert answers["１"] == answers["2.0"] == []
    assert {reason for _, reason in answers["3.0"]} == {"trending"}


def test_a_macro_without_parameters_is_written_as_its_value(release):
    query = """
        select function_name, macro_definition from duckdb_functions()
        where not internal and function_type = 'macro' and len(parameters) = 0"""
    written = dict(release.execute(query).fetchall())
    assert not [name for name, definition in written.items() if "select" in definition.lower()]
    query = "select serving.tasks(), serving.task_names(), serving.default_task(), ascii(serving.unseen_in_latin()[-1])"
    assert release.execute(query).fetchall() == [(["discovery", "next"], "discovery, next", "next", 8205)]
    assert release.execute("select ascii(serving.unseen()[26]), length(serving.spaces())").fetchall() == [(0, 25)]


def test_each_task_says_how_many_it_serves_and_why_nobody(make_shop):
    shop = make_shop()
    shop.insert(
        "recommendations.fusion_weights",
        ("next", "als", 1.0, None, 0, "To your taste", ["own_items"], None, None, False),
    )
    names = ("user_item", "user", "item", "item_trend")
    everything = [f"features/{name}" for name in names]
    everything += [f"recommendations/{table}" for table in ("trending", "candidates", "lists")]
    everything.append("release/meta/tasks")
    counts = "select task, n_users, n_users_listed, n_users_trending, n_rows, empty_because from meta.tasks"
    shop.con.execute("create schema meta")
    shop.build(*everything)
    nobody = "no user is known yet"
    assert shop.rows(counts) == [("discovery", 0, 0, 0, 0, nobody), ("next", 0, 0, 0, 0, nobody)]
    shop.users((1, "a"), (2, "b"))
    shop.items((1, "x", "", "d", "c"))
    shop.build(*everything)
    nothing = "nothing that can be listed was taken yet"
    assert shop.rows(counts) == [("discovery", 2, 0, 0, 0, nothing), ("next", 2, 0, 0, 0, nothing)]
    shop.take(1, 1, 3)
    shop.take(2, 1, 3)
    shop.insert("candidates.lists", ("als", "next", 1, 1, 1, 0.0))
    shop.build(*everything)
    all_had = "every user has had everything that can be listed"
    assert shop.rows(counts) == [("discovery", 2, 0, 0, 0, all_had), ("next", 2, 2, 1, 2, None)]
    assert shop.rows("select task, configuration from meta.tasks") == [("discovery", "fusion"), ("next", "fusion")]
    shop.con.close()


def test_without_next_the_only_task_is_the_default(tables, tmp_path):
    import pyarrow.compute as pc

    only = {
        name: tables[name].filter(pc.equal(tables[name]["task"], "discovery"))
        for name in ("serving.recommendations", "meta.tasks")
    }
    with duckdb.connect(str(publish(tables | only, tmp_path)), read_only=True) as release:
        answer = release.execute(f"select task, item_id from ({RECOMMEND}('20'))").fetchall()
    assert answer == [("discovery", "8")]


def test_similar(release):
    query = "select rank, item_id, title, score from serving.similar"
    assert release.execute(f"{query}('9')").fetchall() == [(1, "8", "eight", 0.5), (2, "7", "seven", 0.25)]
    assert release.execute(f"{query}(9, k := 1)").fetchall() == [(1, "8", "eight", 0.5)]
    assert release.execute(f"{query}('8')").fetchall() == []


def test_explain_a_pair_that_is_listed(release):
    query = "select fact, task, rank, item_id, n, said from serving.explain"
    listed = release.execute(f"{query}('20', 9)").fetchall()
    assert listed[0] == ("listed", "next", 1, "9", 2, "bought 2 times, last 3 days ago")
    assert ("not_listed", "discovery", None, None, 1, "discovery leaves out what the user has had") in listed
    assert {row[0] for row in listed} >= {"listed", "had", "proposed", "trending", "item"}
    (had,) = [row for row in listed if row[0] == "had"]
    assert had[3:5] == ("9", 2)


def test_explain_a_pair_that_nobody_proposed(release):
    facts = release.execute("from serving.explain('20', '7')").fetchall()
    said = {(fact, task): text for fact, task, *_, text in facts}
    assert said["not_listed", "next"] == "not among the first 2 of the ranking"
    assert said["not_proposed", "next"].startswith("in the first 20 places of none of")
    assert ("listed", "next") not in said
    # Item 9, which the user had, names it among its similar items.
    assert [(row[2], row[3], row[5]) for row in facts if row[0] == "goes_with_had"] == [(2, "9", 2)]


def test_explain_what_the_release_does_not_know(release):
    facts = [row[0] for row in release.execute("from serving.explain('nobody', '9')").fetchall()]
    assert facts[0] == "unknown_user"
    assert set(facts[1:]) == {"trending", "item"}
    assert [row[0] for row in release.execute("from serving.explain('20', 'nothing')").fetchall()] == ["unknown_item"]
    neither = release.execute("from serving.explain(null, '')").fetchall()
    assert [row[0] for row in neither] == ["unknown_item", "unknown_user"]


def test_macros_work_in_an_attached_file_once_it_is_used(file):
    con = duckdb.connect()
    con.execute(f"attach '{file}' as elsewhere (read_only)")
    con.execute("use elsewhere")
    assert con.execute("select count(*) from serving.recommend('20')").fetchall() == [(2,)]
    assert con.execute("select count(*) from serving.similar('9')").fetchall() == [(2,)]
