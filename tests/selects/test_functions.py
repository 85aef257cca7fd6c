"""The functions that SQL may call, held against the catalogue of the DuckDB that is installed."""

import re

import duckdb
import pytest

from recsys_assets.selects import functions
from recsys_assets.selects.files import SQL_FOLDER, SqlError, load_select
from recsys_assets.storage.lake.session import MACROS

# Scalar functions that DuckDB calls consistent and that are not for SQL of ours, and why.
LEFT_OUT = {
    *("current_localtime", "current_localtimestamp", "version"),  # The clock, and what happens to be installed.
    *("hive_partition_component", "index_key", "parse_duckdb_log_message"),  # Files, storage and logs.
    *("json_deserialize_sql", "json_serialize_plan", "json_serialize_sql"),  # SQL as data.
    *(
        "aggregate",
        "array_aggr",
        "array_aggregate",
        "list_aggr",
        "list_aggregate",
    ),  # By a name in quotes.
    # What DuckDB uses inside.
    *("alias", "bitstring_byte_comparable", "can_cast_implicitly", "cast_to_type", "combine", "create_sort_key"),
    *("decimal_division", "finalize", "get_type", "icu_sort_key", "ilike_escape", "invoke", "like_escape", "make_type"),
    *("not_ilike_escape", "not_like_escape", "remap_struct", "replace_type", "timetz_byte_comparable"),
    *("to_aggregate_state", "unpivot_list", "variant_bytes_to_variant", "variant_comparator", "variant_normalize"),
    *("variant_to_parquet_variant", "vertex_extract"),
}
LEFT_OUT_AGGREGATES = {"combine_aggr", "decimal_average", "lttb", "variant_group_object"}
OUR_MACROS = set(re.findall(r"create macro (\w+)", (SQL_FOLDER / "landing" / "macros.sql").read_text()))


@pytest.fixture(scope="module")
def catalogue():
    """(name, type, stability) of every function of the installed DuckDB."""
    query = "select distinct lower(function_name), function_type, stability from duckdb_functions()"
    return duckdb.execute(query).fetchall()


def of_kind(catalogue, kind):
    return {name for name, function_type, _ in catalogue if function_type == kind and re.fullmatch(r"[a-z]\w*", name)}


def test_none_of_them_is_volatile_or_asks_for_the_time_of_the_query(catalogue):
    inconsistent = {name for name, _, stability in catalogue if stability not in {"CONSISTENT", None}}
    assert {"random", "now", "txid_current", "nextval"} <= inconsistent
    assert not functions.KNOWN & inconsistent


def test_each_of_them_exists(catalogue):
    macros = {re.match(r"create macro (\w+)", macro)[1] for macro in MACROS}
    assert {name for name, *_ in catalogue} | OUR_MACROS | macros >= functions.KNOWN


def test_every_macro_of_landing_is_one_of_them():
    assert functions.OURS == OUR_MACROS


def test_every_consistent_function_of_one_row_is_one_of_them_or_left_out_for_a_reason(catalogue):
    collations = {name for name, *_ in catalogue if re.match(r"(icu_)?collate_", name)}
    volatile = {name for name, _, stability in catalogue if stability not in {"CONSISTENT", None}}
    rest = of_kind(catalogue, "scalar") - volatile - collations
    assert rest - functions.KNOWN == LEFT_OUT


def test_every_aggregate_and_window_function_is_of_a_kind(catalogue):
    rest = of_kind(catalogue, "aggregate") | of_kind(catalogue, "window")
    kinds = functions.KNOWN | functions.FLOAT_SUMS | functions.CLOCK_OR_CHANCE
    assert rest - kinds == LEFT_OUT_AGGREGATES


@pytest.fixture
def load(tmp_path):
    def load(expression):
        path = tmp_path / "table.sql"
        path.write_text(f"select k, {expression} as a from s.t group by k order by k")
        return load_select(path)

    return load


@pytest.mark.parametrize(
    "name",
    sorted(
        functions.FLOAT_SUMS
        | functions.EXACT_OF_INTEGERS
        | functions.ORDERED
        | functions.ANY_ROW
        | functions.CLOCK_OR_CHANCE
        | LEFT_OUT
    ),
)
def test_what_is_chance_by_itself_is_refused_under_every_name(load, name):
    said = []
    for arguments in ("a, b", "a", ""):  # The parser counts the arguments of those that it knows.
        with pytest.raises(SqlError) as refused:
            load(f"{name}({arguments})")
        said += [str(refused.value)]
    assert any(re.search(r"calls \w+\(\)", message) for message in said), said


@pytest.mark.parametrize("name", sorted(functions.WINDOWS))
def test_an_unordered_window_is_refused_under_every_name(load, name):
    of_a_column = {"fill": "a", "first_value": "a", "lag": "a", "last_value": "a", "lead": "a", "nth_value": "a, 2"}
    arguments = (of_a_column | {"ntile": "3"}).get(name, "")
    with pytest.raises(SqlError, match=r"calls \w+\(\) over an unordered window"):
        load(f"{name}({arguments}) over (partition by k)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"current_date"', "calls current_date()"),
        ('"now"()', "calls now()"),
        ("system.main.now()", "calls now() behind a dot"),
        ("t.a.lower()", "calls lower() behind a dot"),
        ("pg_postmaster_start_time()", "calls pg_postmaster_start_time(), which is not known"),
        ("json_group_array(a)", "calls json_group_array(), which is not known"),
        ("stddev(a::integer)", "sums of floats"),
        ("my_function(a)", "add it to recsys_assets/selects/functions.py"),
    ],
)
def test_a_name_is_seen_however_it_is_written(load, text, said):
    with pytest.raises(SqlError, match=re.escape(said)):
        load(text)


def test_words_of_the_language_and_names_of_columns_are_no_functions(load, tmp_path):
    path = tmp_path / "more.sql"
    path.write_text(
        "with u(a, b) as materialized (select a, b from s.t), w as (select t.current_date as c from s.t as t) "
        "select a, try(b / 2) as c, cast(b as decimal(10, 2)) as d, b::varchar(3) as e, interval (b) day as f, "
        "extract(hour from h) as g, substring(a from 1 for 2) as i, trim(both ' ' from a) as j, x.y, "
        "(a, b) in (select a, b from s.u) as k, exists (select 1 from s.u where (u.a = 1)) as l, "
        "case when (a = 'x') then (1) else (2) end as m, a between (1) and (2) as n "
        "from u cross join unnest([1, 2]) as x(y) group by grouping sets ((a), ()) order by (a)"
    )
    assert load_select(path).key
