"""A release, with the project's own macros, opened by the older DuckDB clients it is written for."""

import json
import subprocess
import sys
import venv
from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.profile import PROJECT
from recsys_assets.storage.release.releases import Releases

MACROS = PROJECT / "sql" / "release" / "macros.sql"
NIGHT = date(2017, 11, 1)
COMMENTS = """
comment on table serving.users is 'who is known: "all" of them; it''s a list';
comment on column serving.users."user_id" is 'as delivered';
"""

TABLES = {
    "meta.build": "select date '2017-11-01' as night, timestamp '2017-11-02 02:00:00' as built_at",
    "meta.tasks": "select unnest(['discovery', 'next']) as task",
    "serving.recommendations": """
        select date '2017-11-01' as night, task, user_id, rank,
            (rank + if(task = 'next', 100, 400))::varchar as item_id, 'soup ' || rank as title,
            'soups' as category,
            1 / rank as score, [{'algorithm': 'als', 'rank': rank}] as algorithms,
            'bought before' as reason, 'You bought it 3 times' as reason_text, 0.25::double as confidence
        from (values ('next'), ('discovery')) as t(task), (values ('7'), ('u8')) as u(user_id),
            (select range::int as rank from range(1, 21)) as ranks
        order by task, user_id, rank""",
    "serving.trending": """
        select 'all' as scope, range::int as rank, (200 + range)::varchar as item_id, 'milk' as title,
            'dairy' as category, 0.5::double as score, 1::double as share
        from range(1, 21)""",
    "serving.users": "select user_id from (values ('7'), ('u8')) as t(user_id)",
    "serving.similar_items": """
        select item_id, range::int as rank, (300 + range)::varchar as similar_item_id, 'broth' as title,
            'soups' as category, 0.9::double as score
        from (values ('101'), ('i9')) as t(item_id), range(1, 21)""",
    "serving.items": "select '301' as item_id, 'broth' as title",
    "serving.history": "select '7' as user_id, '301' as item_id",
    "serving.bundles": """
        select item_id, range::int as rank, [(300 + range)::varchar, '404'] as items, 3::bigint as n_together,
            .1::double as support, .5::double as confidence, 2::double as lift, 2.5::double as price,
            1::double as diversity
        from (values ('101'), ('i9')) as t(item_id), range(1, 4)""",
    "serving.movements": """
        select unnest(['item', 'category']) as kind, 1 as rank, '301' as item_id, 'broth' as title, 'soups' as category,
            9 as n_users, 1 as n_users_before, .3::double as share, .1::double as share_before, 3::double as z,
            .01::double as p, .02::double as q""",
    "serving.user_profiles": """
        select user_id, [{'category': 'soups', 'share': .5::double}] as categories, 1::double as price_level,
            2::double as value_per_basket, 2::double as basket_size, .5::double as repeat_share,
            .1::double as new_share_28d, 7::double as usual_gap_days, 5 as usual_weekday, 17 as usual_hour,
            '3' as store, [{'segment': 'activity', 'value': 'low'}] as segments
        from (values ('7'), ('u8')) as t(user_id)""",
}

CLIENT = """
import json, sys
import duckdb

link, way = sys.argv[1:]
if way == "opened":
    con = duckdb.connect(link, read_only=True)
else:
    con = duckdb.connect()
    con.execute(f"attach '{link}' as shop (read_only)")
    con.execute("use shop")

def ids(call):
    cursor = con.execute("from " + call)
    column = [name for name, *_ in cursor.description].index("item_id")
    return [row[column] for row in cursor.fetchall()]

calls = [
    "serving.recommend(7)", "serving.recommend('7')", "serving.recommend('u8', k := 3)",
    "serving.recommend('u8', k := 3, task := 'discovery')", "serving.recommend('nobody', k := 2)",
    "serving.recommend(-1, k := 2)", "serving.similar(101, k := 2)", "serving.similar('i9', k := 2)",
    "serving.similar('nothing')",
]
def refusal(call):
    try:
        con.execute("from " + call).fetchall()
    except duckdb.Error as error:
        return str(error)

bundles = [
    "serving.bundle(101, k := 1)", "serving.bundle('i9', u := 'nobody', k := 1)", "serving.bundle('nothing')",
    "serving.bundle('i9', u := 7, task := 'discovery')", "serving.bundle(101, u := 'u8', task := 'discovery', k := 1)",
]
wrong = [
    "serving.recommend('u8', task := 'serch')", "serving.recommend('nobody', task := 'serch')",
    "serving.recommend(7, k := -1)", "serving.similar(101, k := -1)", "serving.bundle(101, task := 'serch')",
    "serving.bundle(101, k := -1)", "serving.moves('shop')",
]
print(json.dumps({
    "comments": [
        con.execute("select comment from duckdb_tables() where table_name = 'users'").fetchall()[0][0],
        con.execute("select comment from duckdb_columns() where table_name = 'users'").fetchall()[0][0],
    ],
    "refused": [refusal(call) for call in wrong],
    "version": duckdb.__version__,
    "items": {call: ids(call) for call in calls},
    "bundles": {call: con.execute("select items, fit from " + call).fetchall() for call in bundles},
    "moves": con.execute("select item_id, q from serving.moves(fdr := .02)").fetchall(),
    "chance": con.execute("select item_id, q from serving.moves('category', fdr := .01)").fetchall(),
    "profiles": [con.execute(f"select usual_hour from serving.profile({u})").fetchall() for u in ("7", "'u8'", "0")],
    "rows": con.execute("select count(*) from serving.recommendations").fetchall()[0][0],
    "algorithms": con.execute("select algorithms from serving.recommendations limit 1").fetchall()[0][0],
    "built_at": con.execute("select built_at from meta.build").fetchall()[0][0].isoformat(),
}))
"""


def check_refusals(refused):
    assert [str(said).partition(": ")[2] for said in refused] == [
        *["There is no task serch in this release. Its tasks: discovery, next"] * 2,
        *["k is how many items you want: 0 or more"] * 2,
        "There is no task serch in this release. Its tasks: discovery, next",
        "k is how many bundles you want: 0 or more",
        "kind is item or category",
    ]


@pytest.fixture(scope="module")
def link(tmp_path_factory):
    releases = Releases(tmp_path_factory.mktemp("shop"))
    with duckdb.connect() as con:
        tables: dict[str, pa.Table] = {name: con.sql(query).to_arrow_table() for name, query in TABLES.items()}
    releases.build(NIGHT, "a", tables, MACROS.read_text() + COMMENTS)
    releases.publish(NIGHT, "a")
    return releases.link


@pytest.fixture(scope="module", params=["1.4.4", "1.5.5"])
def client(request, tmp_path_factory):
    """Return a DuckDB version and the Python of a virtual environment that has it."""
    folder = tmp_path_factory.mktemp(f"duckdb-{request.param}")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", f"duckdb=={request.param}"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"duckdb {request.param} could not be installed: {done.stderr.strip().splitlines()[-1]}")
    return request.param, python


@pytest.mark.slow
@pytest.mark.parametrize("way", ["opened", "attached"])
def test_an_older_client_reads_the_tables_and_calls_the_macros(link, client, way):
    version, python = client
    out = subprocess.run([python, "-c", CLIENT, link, way], capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    seen = json.loads(out.stdout)
    assert seen["version"] == version
    assert seen["rows"] == 80
    assert seen["algorithms"] == [{"algorithm": "als", "rank": 1}]
    assert seen["built_at"] == datetime(2017, 11, 2, 2).isoformat()
    check_refusals(seen["refused"])
    assert seen["comments"] == ['who is known: "all" of them; it\'s a list', "as delivered"]
    first_ten = [str(100 + rank) for rank in range(1, 11)]
    assert seen["items"] == {
        "serving.recommend(7)": first_ten,
        "serving.recommend('7')": first_ten,
        "serving.recommend('u8', k := 3)": ["101", "102", "103"],
        "serving.recommend('u8', k := 3, task := 'discovery')": ["401", "402", "403"],
        "serving.recommend('nobody', k := 2)": ["201", "202"],
        "serving.recommend(-1, k := 2)": ["201", "202"],
        "serving.similar(101, k := 2)": ["301", "302"],
        "serving.similar('i9', k := 2)": ["301", "302"],
        "serving.similar('nothing')": [],
    }
    # User 7 had 301; u8 is recommended 404 in the fourth place, which all bundles have.
    assert seen["bundles"] == {
        "serving.bundle(101, k := 1)": [[["301", "404"], None]],
        "serving.bundle('i9', u := 'nobody', k := 1)": [[["301", "404"], None]],
        "serving.bundle('nothing')": [],
        "serving.bundle('i9', u := 7, task := 'discovery')": [[["302", "404"], 0.125], [["303", "404"], 0.125]],
        "serving.bundle(101, u := 'u8', task := 'discovery', k := 1)": [[["301", "404"], 0.125]],
    }
    assert (seen["moves"], seen["chance"]) == ([["301", 0.02]], [])
    assert seen["profiles"] == [[[17]], [[17]], []]


def test_our_own_client_refuses_what_cannot_be_asked(link):
    out = subprocess.run([sys.executable, "-c", CLIENT, link, "opened"], capture_output=True, text=True, check=True)
    check_refusals(json.loads(out.stdout)["refused"])
