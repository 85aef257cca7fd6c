"""A surrogate key is a name under every name: computing with one, or ordering by one, is refused."""

import pytest

from recsys_assets.selects.files import SQL_FOLDER, SqlError, load_select

RENAMED = "(select item_key as k, user_key, item_id, category, score from clean.items)"
COMPUTED = {
    "in a later CTE": "with a as (select item_key as k from clean.items) select k / 100 as x from a order by x",
    "in an outer select": f"select s.k + 1 as x from {RENAMED} as s order by x",
    "through two names": "select n * 2 as x from (select k as n from (select item_key as k from s.t)) order by x",
    "in the list of a CTE": "with a(k) as (select item_key from clean.items) select k * 2 as x from a order by x",
    "in the list of a subquery": "select k * 2 as x from (select item_key from s.t) as a(k) order by x",
    "renamed in a star": "select k / 2 as x from (select * rename (item_key as k) from s.t) order by x",
    "replaced in a star": "select * replace (item_key / 2 as price) from s.t order by a",
    "below a union": "select k / 2 as x from (select b as k from s.t union all select item_key from s.u) order by x",
    "unnested": "select u.y * 2 as x from s.t as t cross join unnest([t.item_key]) as u(y) order by x",
    "unnested in the select": "select k * 2 as x from (select unnest([item_key]) as k from s.t) order by x",
    "a field": "select s.a.k / 3 as x from (select {'k': item_key} as a from s.t) as s order by x",
    "a field of a packed struct": (
        "select struct_extract(a, 'k') / 3 as x from (select struct_pack(k := item_key) as a from s.t) order by x"
    ),
    "of a list": "select l[1] / 2 as x from (select list(item_key order by item_id) as l from s.t) order by x",
    "in a list": "select [q / 2 for q in [item_key]] as x from s.t order by x",
    "of the row before": f"select lag(k) over (order by score, item_id) / 2 as x from {RENAMED} order by x",
    "either of two": "select abs(k) as x from (select coalesce(item_key, 0) as k from s.t) order by x",
    "of a case": "select k / 2 as x from (select case when a then item_key else 0 end as k from s.t) order by x",
    "of a subquery": "select (select item_key from s.t order by a limit 1) / 2 as x from s.u order by x",
    "of JSON": "select (to_json(a) ->> 'item_key')::int as x from (select item_key, b from s.t) as a order by x",
    "a whole row": "with a as (select * from clean.items) select hash(a) as x from a order by x",
    "cast": f"select k::double as x from {RENAMED} order by x",
    "negative": f"select -k as x from {RENAMED} order by x",
    "as text": f"select k || '' as x from {RENAMED} order by x",
    "its size": f"select case when k > 1000 then 1 else 0 end as x from {RENAMED} order by x",
    "its size between": f"select k between 3 and 8 as x from {RENAMED} order by x",
    "the newest": f"select max(k) as x from {RENAMED} order by x",
    "what is equal to it": (
        "select m.n / 100 as x from clean.items as i "
        "inner join (select row_number() over (order by item_id) as n from s.t) as m on m.n = i.item_key order by x"
    ),
    "a key of its own kind": "select evidence_item_key / 2 as x from s.t order by x",
}
ORDERED = {
    "a window": f"select row_number() over (order by score, k) as x from {RENAMED} order by x",
    "a tuple": f"select row_number() over (order by (k, 1)) as x from {RENAMED} order by x",
    "a limit": f"select item_id from {RENAMED} order by k limit 3",
    "a place": "select item_key, item_id from clean.items order by 1 limit 3",
    "all columns": f"select item_id from (select k, item_id from {RENAMED} order by all limit 3) order by item_id",
    "a distinct on": f"select distinct on (category) category, item_id from {RENAMED} order by category, k",
    "a list": f"select user_key, list(item_id order by k) as l from {RENAMED} group by user_key order by user_key",
    "a text": f"select string_agg(item_id, ',' order by k) as l from {RENAMED} order by l",
}
NAMES_ONLY = {
    "counted": f"select user_key, count(distinct k) as n from {RENAMED} group by user_key order by user_key",
    "looked up": f"select item_id from {RENAMED} as t where k in (select item_key from s.u) order by item_id",
    "handed on": (
        "select user_key, lag(item_key) over (partition by user_key order by event_ts, event_id) as before_item_key "
        "from s.t order by user_key"
    ),
    "in parts of a step": "select user_key from s.t where user_key between $first and $last order by user_key",
    "first of each": f"select distinct on (k) k as item_key, score from {RENAMED} order by k, score, item_id",
    "beside a number": f"select user_key, score * 2 as x from {RENAMED} order by user_key",
    "a total of the same name": (
        "select x.score / total as part from s.t as x cross join (select exact_sum(a) as total from s.u) as total "
        "order by part"
    ),
    "as delivered": "select item_key / 2 as quantity from raw.lines order by quantity",
}


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "table.sql"
        path.write_text(text)
        return load_select(path)

    return load


@pytest.mark.parametrize("text", COMPUTED.values(), ids=COMPUTED)
def test_computing_with_a_key_is_refused(load, text):
    with pytest.raises(SqlError, match=r"table\.sql: computes with \w+( \(.* by another name\))?, which follows when"):
        load(text)


@pytest.mark.parametrize("text", ORDERED.values(), ids=ORDERED)
def test_ordering_by_a_key_is_refused(load, text):
    with pytest.raises(SqlError, match=r"table\.sql: orders by "):
        load(text)


def test_a_key_keeps_its_name_in_a_table(load):
    with pytest.raises(SqlError, match=r"gives item_key as newness, where it would be taken for a number"):
        load("select user_key, item_key as newness from s.t order by user_key")


def test_columns_by_a_pattern_are_refused(load):
    with pytest.raises(SqlError, match="takes columns by a pattern"):
        load("select columns('.*_k.*') / 2 from s.t order by a")


@pytest.mark.parametrize("text", NAMES_ONLY.values(), ids=NAMES_ONLY)
def test_keys_as_names_are_allowed(load, text):
    assert load(text).key


def test_only_the_tables_that_number_keys_may_count_them(load, tmp_path):
    assert load_select(SQL_FOLDER / "clean" / "item_keys.sql").key
    mine = tmp_path / "favourite_item_keys.sql"
    mine.write_text("select max(item_key) as newest from s.t order by newest")
    with pytest.raises(SqlError, match="computes with item_key"):
        load_select(mine)
