"""Releases of a few rows, and what is seen of them."""

from datetime import date, datetime

import duckdb
import pyarrow as pa

MACROS = """
create macro serving.recommend(u, k := 10, t := 'next') as table
    select r.item_id, r.rank from serving.recommendations as r
    where r.user_id = u::varchar and r.task = t and r.rank <= k order by r.rank;
create macro serving.similar(item, k := 10) as table
    select s.similar_id from serving.similar_items as s where s.item_id = item::varchar and s.rank <= k;
"""
FIRST, SECOND, THIRD = date(2017, 11, 1), date(2017, 11, 2), date(2017, 11, 3)


def tables(night=FIRST, n_users=5):
    users = [f"u{index}" for index in reversed(range(n_users)) for _ in range(2)]
    lists = {"night": [night] * len(users), "user_id": users, "task": ["next"] * len(users)}
    return {
        "meta.build": pa.table({"night": [night], "built_at": [datetime(2017, 11, 2, 2)]}),
        "serving.recommendations": pa.table(lists | {"item_id": ["7", "8"] * n_users, "rank": [1, 2] * n_users}),
        "serving.similar_items": pa.table({"item_id": ["7"], "similar_id": ["8"], "rank": [1]}),
    }


def release(releases, night, release_id="a"):
    releases.build(night, release_id, tables(night), MACROS)
    return releases.publish(night, release_id)


def published_night(releases):
    with duckdb.connect(str(releases.link), read_only=True) as con:
        ((night,),) = con.execute("select night from meta.build").fetchall()
        assert con.execute("select distinct night from serving.recommendations").fetchall() == [(night,)]
    return night


def leftovers(releases):
    return [path.name for path in (*releases.root.iterdir(), *releases.folder.iterdir()) if "tmp" in path.name]
