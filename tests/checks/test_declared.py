"""The checks the project declares: they load against the real tables, and each finds what it is there for."""

import pytest

from recsys_assets.assets.night_assets import all_assets
from recsys_assets.checks.asset_checks import TOGETHER
from recsys_assets.checks.declared import CHECKS_FOLDER, load_checks
from recsys_assets.checks.tables import EXTRA, LISTS, MODELS, RAW, Tables
from recsys_assets.profile_file import load_profile, profile_names
from recsys_assets.selects.contracts import CONTRACTS, EVENTS, OPTIONAL_TABLES
from recsys_assets.selects.tuning_contracts import TRIALS, TUNED
from recsys_jobs.definitions import NIGHTLY, build_definitions

MLFLOW = "tracking.mlflow"
"""An asset that is no table: nothing reads it."""


@pytest.fixture
def shop(small):
    """Two users and three items: user 1 bought item 1 and saw item 2, user 2 bought item 1."""
    for x, ids in (("user", ["a", "b"]), ("item", ["p", "q", "r"])):
        keys = list(range(len(ids)))
        small.write(
            f"clean.{x}_keys",
            f"{x}_key",
            f"select unnest({keys})::integer as {x}_key, unnest({ids}) as {x}_id",
        )
        small.write(
            f"clean.{x}_versions",
            f"{x}_key, landed_id",
            f"select unnest({keys})::integer as {x}_key, unnest({keys}) as landed_id, "
            "timestamp '2020-03-01' as known_at, '' as content, timestamp '2020-03-01' as known_from",
        )
    values = {"user_key": "u", "item_key": "i", "event_type": "kind", "event_ts": "timestamp '2020-03-08'"}
    values["event_id"] = "printf('%032d', u * 10 + i)"
    columns = ", ".join(f"({values.get(name, 'null')})::{kind} as {name}" for name, kind in EVENTS.items())
    log = "(values (0, 0, 'purchase'), (0, 1, 'view'), (1, 0, 'purchase')) as log(u, i, kind)"
    small.write("clean.events", "event_id", f"select {columns} from {log}")
    nothing = ", ".join(f"null::{kind} as {name}" for name, kind in CONTRACTS["clean.retractions"].items())
    small.write("clean.retractions", "event_id, retracted_by", f"select {nothing} where false")
    write_trending(small, [0, 1, 2])
    write_lists(small, GOOD_LISTS)
    write_weights(small, "('next', 'popularity', 0.7), ('next', 'buy_again', 0.3), ('discovery', 'popularity', 1.0)")
    return small


SENTENCES = "recommendations.sentences"
GOOD_LISTS = "('next', 0, 1, 0), ('next', 1, 1, 0), ('discovery', 0, 1, 2), ('discovery', 1, 1, 1)"


def write_trending(small, items):
    small.write(
        "recommendations.trending",
        "scope, rank",
        f"select 'all' as scope, (item + 1)::integer as rank, item::integer as item_key, 1.0::double as score "
        f"from (select unnest({items}) as item)",
    )


def write_lists(small, rows):
    small.write(
        "recommendations.lists",
        "task, user_key, rank",
        "select task, user_key::integer as user_key, rank::integer as rank, item_key::integer as item_key, "
        "1.0::double as score, 1.0::double as raw_score, 'fusion' as configuration, "
        "[{'algorithm': 'popularity', 'rank': 1::integer}] as algorithms, 'popular' as reason, "
        "'popularity' as reason_algorithm, "
        "null::integer as evidence_item_key, 1::integer as evidence_count, null::double as evidence_days, "
        "null::varchar as evidence_category, 'popular' as reason_template, null::varchar as reason_about, "
        "'popular' as reason_text, []::varchar[] as policies, date '2020-03-10' as model_night "
        f"from (values {rows}) as t(task, user_key, rank, item_key)",
    )


def write_weights(small, rows):
    small.write(
        "recommendations.fusion_weights",
        "task, algorithm",
        "select task, algorithm, weight::double as weight, date '2020-03-03' as learned_night, 1::integer as n_lists, "
        "algorithm as title, []::varchar[] as rests_on, null::double as own_weight, "
        "null::double as own_ndcg, false as leads "
        f"from (values {rows}) as t(task, algorithm, weight)",
    )


BY_HAND = {
    "user_keys_are_numbered_without_gaps",
    "item_keys_are_numbered_without_gaps",
    "known_users_are_served",
    "discovery_holds_nothing_had",
    "fusion_weights_sum_to_one",
    "reasons_rest_on_who_proposed",
}


def failures(small, table):
    """Failing rows of each failing check of a table."""
    outcomes = small.outcomes(CHECKS_FOLDER, table, tests=BY_HAND)
    assert outcomes
    return {name: outcome.first_failing for name, outcome in outcomes.items() if outcome.failures}


@pytest.mark.parametrize("name", profile_names())
def test_every_table_and_model_has_checks_and_every_check_is_of_one(name):
    profile = load_profile(name)
    tables = {check.table for check in load_checks(profile)}
    keys = {".".join(key.path) for definition in all_assets(profile) for key in definition.keys}
    assert not keys - tables - {MLFLOW, TUNED, TRIALS}, (
        "declare at least made_from_the_past of these tables in dbt_like_checks/"
    )
    assert not tables - keys


@pytest.mark.parametrize("name", profile_names())
def test_every_check_says_what_must_hold_and_what_to_do_when_it_does_not(name):
    for check in load_checks(load_profile(name)):
        remedy = check.config.meta.remedy
        assert check.description.rstrip(")").endswith("."), (
            f"{check.name} of {check.table} needs a description, as a sentence"
        )
        assert remedy.endswith("."), f"say in meta: remedy: of {check.name} of {check.table} what to look at and change"
        assert remedy.count(". ") >= 1, f"{check.name} of {check.table}: what to look at, and what to change"


def test_every_table_and_model_is_checked_for_what_it_was_made_from():
    checks = load_checks(load_profile())
    made = {check.table for check in checks if "this.partition_inputs" in check.sql}
    assert made == {check.table for check in checks if not check.table.startswith("raw.")}


def test_the_tables_that_can_be_declared_are_the_assets_there_are():
    """A table added to the graph is known to the checks without being named anywhere."""
    profile = load_profile()
    keys = {".".join(key.path) for definition in all_assets(profile) for key in definition.keys}
    known = set(Tables(profile).columns) - {LISTS, EXTRA, MODELS, RAW}
    # A source may have one, a profile the other; studies are no part of a night.
    absent = OPTIONAL_TABLES | {SENTENCES, TUNED, TRIALS}
    assert known - absent == keys - {MLFLOW, TUNED, TRIALS}, (
        "checks know tables by their SQL file, or by their columns in selects/contracts.py"
    )


def test_the_nightly_job_runs_every_check_in_a_step_per_table_or_kind_of_table():
    profile = load_profile()
    declared: dict[str, set[str]] = {}
    for check in load_checks(profile):
        table, schema = check.table.replace(".", "__"), check.table.partition(".")[0]
        step = f"{schema if schema in TOGETHER else table}__checks"
        declared.setdefault(step, set()).add(f"{table}_{check.name}")
    job = build_definitions(profile).resolve_job_def(NIGHTLY)
    steps = {node.name: set(node.output_dict) for node in job.graph.node_defs if node.name.endswith("__checks")}
    assert steps == declared


def test_a_good_shop_passes(shop):
    for table in ("clean.user_keys", "clean.item_keys", "recommendations.lists", "recommendations.fusion_weights"):
        assert failures(shop, table) == {}


@pytest.mark.parametrize("rows", ["[0, 2]", "[1, 2]"])
def test_a_gap_between_keys_is_found(shop, rows):
    shop.write(
        "clean.user_keys", "user_key", f"select unnest({rows})::integer as user_key, unnest(['a', 'b']) as user_id"
    )
    assert list(failures(shop, "clean.user_keys")) == ["user_keys_are_numbered_without_gaps"]


def test_an_id_with_two_keys_is_found(shop):
    shop.write("clean.item_keys", "item_key", "select unnest([0, 1])::integer as item_key, 'p' as item_id")
    ((row,),) = failures(shop, "clean.item_keys").values()
    assert (row["n_keys"], row["n_ids"]) == (2, 1)


def test_a_user_without_a_list_is_found(shop):
    write_lists(shop, "('next', 0, 1, 0), ('discovery', 0, 1, 2), ('discovery', 1, 1, 1)")
    assert failures(shop, "recommendations.lists") == {
        "known_users_are_served": [{"task": "next", "user_key": 1, "user_id": "b"}]
    }


def test_a_user_with_nothing_left_to_discover_need_not_be_served(shop):
    write_trending(shop, [0, 1])
    write_lists(shop, "('next', 0, 1, 0), ('next', 1, 1, 0), ('discovery', 1, 1, 1)")
    assert failures(shop, "recommendations.lists") == {}


def test_something_had_in_a_discovery_list_is_found(shop):
    write_lists(shop, GOOD_LISTS.replace("('discovery', 0, 1, 2)", "('discovery', 0, 1, 1)"))
    ((row,),) = failures(shop, "recommendations.lists").values()
    assert (row["user_key"], row["item_key"], row["event_type"]) == (0, 1, "view")


@pytest.mark.parametrize(
    "rows",
    ["('next', 'popularity', 0.7), ('discovery', 'popularity', 1.0)", "('next', 'popularity', 1.0)"],
    ids=["less than one", "a task without weights"],
)
def test_weights_that_do_not_sum_to_one_are_found(shop, rows):
    write_weights(shop, rows)
    assert list(failures(shop, "recommendations.fusion_weights")) == ["fusion_weights_sum_to_one"]
