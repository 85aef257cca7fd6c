"""Every declared check passes on real nights, and fails when what it is there for is broken."""

import re
import tomllib
from contextlib import contextmanager

import pytest

from recsys_assets.checks.declared import load_checks
from recsys_assets.checks.relations import opened_landing, show_relations
from recsys_assets.checks.running import run_checks
from recsys_assets.profile import Profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.landing.database import Landing
from tests.helpers.sample import NIGHTS, PROFILE

CHECKS = load_checks(Profile(name="sample", **tomllib.loads(PROFILE)))
TWICE = "from {rows} union all by name from {rows}"
# A file a day, and then none for two.
DELIVERED = (
    "select 'f' as pattern, 'f' || n as name, timestamp '2017-10-01' + to_days(n) as arrived_at, 10 as n_rows, "
    "0 as n_rejected, 0 as n_ahead, timestamp '2017-10-08' as newest, n = 7 as is_newest, "
    "timestamp '2017-10-10' as now "
    "from (select unnest(range(8))::integer as n)"
)
# A use of a generic test fails where this relation ({own} is the checked table) has these rows instead.
GENERIC = {
    "not_null": ("{own}", "select * replace (null as {column}) from {rows}"),
    "unique": ("{own}", TWICE),
    "numbered_once": ("{own}", TWICE),
    "unique_combination_of_columns": ("{own}", TWICE),
    "accepted_range": ("{own}", "select * replace (-1 as {column}) from {rows}"),
    "accepted_values": ("{own}", "select * replace ('odd' as {column}) from {rows}"),
    "relationships": ("{own}", "select * replace (-1 as {column}) from {rows}"),
    "ranks_follow_scores": ("{own}", "select * replace ({column} + 1 as {column}) from {rows}"),
    "ordered_lists": ("packed.{own}", "select * replace (list_reverse(scores) as scores) from {rows}"),
    "distinct_items": ("packed.{own}", "select * replace (list_append(items[2:], items[2]) as items) from {rows}"),
    "row_count_between": ("{own}", "from {rows} where false"),
    "available_items": ("{own}", "select * replace (-1 as {column}) from {rows}"),
    "before_cutoff": ("{own}", "select * replace (visible_night + interval 1 day as {column}) from {rows}"),
    "visible_after_known": ("{own}", "select * replace (visible_night + interval 26 hour as {column}) from {rows}"),
    "no_earlier_than_landed": ("this.landed", "select * replace (landed_night + 30 as landed_night) from {rows}"),
    "numbered_by_night_and_id": ("{own}", "select * replace (1 - {column} as {column}) from {rows}"),
    "null_until_the_window_is_full": ("this.log", "select 5 as length_days from {rows}"),
    "made_from_the_past": ("this.partition", "select * replace (night + 1 as watermark) from {rows}"),
    "nothing_quarantined": ("ledger.files", "select * replace ('quarantined' as status) from {rows}"),
    "usual_reject_share": ("this.deliveries", DELIVERED.replace("0 as n_rejected", "if(n = 7, 4, 0) as n_rejected")),
    "usual_volume": ("this.deliveries", DELIVERED.replace("10 as n_rows", "if(n = 7, 100, 10) as n_rows")),
    "delivered_on_time": ("this.deliveries", DELIVERED),
    "recency": ("{own}", "select * replace (event_ts - interval 8 day as event_ts) from {rows}"),
}
# The rest is for checks that generic tests do not tell apart, and for tables without rows in the sample.
CANCELLED = (
    "select 'u' as user_id, 'i' as item_id, timestamp '2017-11-01 02:00' as event_ts, timestamp '2017-11-01 02:00' as "
    "known_at, -1.0 as quantity, date '2017-10-31' as visible_night"
)
RETRACTED = (
    "select uuid '00000000-0000-0000-0000-000000000001' as event_id, uuid '00000000-0000-0000-0000-000000000002' as "
    "retracted_by, timestamp '2017-11-01 02:00' as known_at, date '2017-10-31' as visible_night"
)
UNKNOWN = "uuid '00000000-0000-0000-0000-000000000003' as {}, null as known_at, date '2017-10-31' as visible_night"
LATER_LABEL = "select * replace (timestamp '2017-11-01' as last_taken_at) from {rows}"
VERSION = (
    "select -1 as user_key, timestamp '2017-11-01 02:00' as known_at, timestamp '2017-11-01 02:00' as known_from, "
    "date '2017-10-31' as visible_night"
)
OWN = {
    "accepted_range_cancellations_quantity__False__0": ("{own}", CANCELLED),
    "before_cutoff_cancellations_event_ts": ("{own}", CANCELLED),
    "visible_after_known_cancellations_known_at": ("{own}", CANCELLED),
    "not_null_cancellations_known_at": (
        "{own}",
        CANCELLED.replace("timestamp '2017-11-01 02:00' as known_at", "null as known_at"),
    ),
    "visible_after_known_retractions_known_at": ("{own}", RETRACTED),
    "what_is_taken_back_was_there": ("{own}", RETRACTED),
    "corrections_count_from_their_arrival": ("{own}", f"select *, null as quantity from ({RETRACTED})"),
    "no_earlier_than_landed_retractions_event_id": ("{own}", RETRACTED),
    "no_earlier_than_landed_retractions_retracted_by": ("{own}", RETRACTED),
    "no_earlier_than_landed_cancellations_cancellation_id": ("{own}", f"select {UNKNOWN.format('cancellation_id')}"),
    "no_earlier_than_landed_user_versions_landed_id": ("{own}", f"select {UNKNOWN.format('landed_id')}"),
    "cancellations_are_all_counted": ("{own}", "select * replace (1 as n_cancellations) from {rows}"),
    "no_night_before_the_first_sees_anything": (
        "this.calendar",
        "select * replace (first_night + 30 as first_night) from {rows}",
    ),
    "relationships_user_versions_user_key__user_key__clean_user_keys": ("{own}", VERSION),
    "visible_after_known_user_versions_known_at": ("{own}", VERSION),
    "visible_after_known_user_versions_known_from": ("{own}", VERSION),
    "ids_are_of_one_event": (
        "{own}",
        "from {rows} union all by name select * replace (visible_night - 1 as visible_night) from {rows}",
    ),
    "the_cutoff_is_midnight_utc": ("this.night", "select * replace (cutoff + interval 5 hour as cutoff) from {rows}"),
    "the_log_stands": ("this.earlier_inputs", "select * replace ('other' as current_fingerprint) from {rows}"),
    "earlier_nights_stand": ("this.earlier_inputs", "select * replace (null as current_fingerprint) from {rows}"),
    "user_keys_are_numbered_without_gaps": ("{own}", "from {rows} where user_key <> 1"),
    "item_keys_are_numbered_without_gaps": ("{own}", "from {rows} where item_key <> 1"),
    "what_users_had_is_counted": ("{own}", "select * replace (n_events + 1 as n_events) from {rows}"),
    "what_items_were_taken_is_counted": ("clean.interactions", "from {rows} where age_days > 1"),
    "candidates_for_discovery_were_never_had": ("{own}", "select * replace ('discovery' as task) from {rows}"),
    "discovery_holds_nothing_had": ("{own}", "select * replace ('discovery' as task) from {rows}"),
    "examples_know_nothing_of_their_outcome": (
        "this.partition_inputs",
        "select * replace (night as input_night) from {rows}",
    ),
    "examples_are_as_the_graded_night_knew_them": (
        "{own}",
        "select * replace (user_n_events + 1 as user_n_events) from {rows}",
    ),
    "history_never_arrives": ("{own}", "select * replace (timestamp '2017-10-31' as arrived_at) from {rows}"),
    "one_champion_a_task": ("{own}", "select * replace (true as is_champion) from {rows}"),
    "promoted_items_were_promoted_lately": (
        "{own}",
        "select * replace (promoted_weeks_8w + 1 as promoted_weeks_8w) from {rows}",
    ),
    "each_row_is_a_promotion": ("{own}", "select * replace (false as is_displayed) from {rows}"),
    "reasons_rest_on_who_proposed": ("{own}", "select * replace ('random' as reason_algorithm) from {rows}"),
    "known_users_are_served": ("{own}", "from {rows} where user_key <> 1"),
    "lists_rest_on_models_of_the_night": ("{own}", "select * replace (model_night - 1 as model_night) from {rows}"),
    "fusion_weights_sum_to_one": ("{own}", "select * replace (weight * 2 as weight) from {rows}"),
    "weights_are_learned_from_the_graded_night": (
        "{own}",
        "select * replace (learned_night + 3 as learned_night) from {rows}",
    ),
    "labels_lie_between_the_cutoffs": ("{own}", LATER_LABEL),
    "all_takers_are_graded": ("{own}", "from {rows} where not is_cold_user and user_key <> 1"),
    "nobody_is_dropped_from_candidates": ("{own}", "from {rows} where user_key <> 1"),
    "nobody_is_dropped_from_published": ("{own}", "from {rows} where not is_cold_user and user_key <> 1"),
    "metrics_lie_between_zero_and_one": ("{own}", "select * replace (1.5 as recall) from {rows}"),
    "column_knows_the_future": ("{own}", "select * replace (true as is_suspicious) from {rows}"),
    "feature_separates_labels": ("{own}", "select * replace (true as is_suspicious) from {rows}"),
    "clock_is_off": ("{own}", "select * replace (true as is_suspicious) from {rows}"),
    "values_lie_in_their_range": ("{own}", "select * replace (-2 as value) from {rows}"),
    "cold_users_are_shown": ("{own}", "select * replace (n_users - 1 as n_users) from {rows}"),
    "metrics_of_windows_lie_between_zero_and_one": (
        "{own}",
        'select 1.5 as precision, 0 as recall, 0 as ndcg, 0 as "map", 0 as mrr, 0 as hit_rate',
    ),
    "available_items_newcomers_item_key": ("{own}", "select 999999 as item_key, date '2017-10-31' as night"),
    "ranks_follow_scores_newcomers_rank__score__user_id": (
        "{own}",
        "select 'u' as user_id, unnest([1, 2]) as rank, unnest([0.1, 0.9]) as score",
    ),
    "a_chain_ends_everywhere": ("{own}", "from {rows} where kind <> 'all'"),
    "lists_under_rules_hold_no_item_twice": (
        "{own}",
        "select '' as without, 'next' as task, 0 as user_key, [1, 1] as items, ['', ''] as rules",
    ),
    "no_more_is_taken_than_was_published": ("{own}", "select * replace (n_rows + 1 as n_taken) from {rows}"),
    "effects_are_of_the_graded_night": (
        "{own}",
        "select date '2017-10-01' as graded_night, 'next' as task, 'all' as rule, 'ndcg' as metric",
    ),
    "one_window_is_chosen": ("{own}", "select * replace (false as is_chosen) from {rows}"),
    "unknown_users_are_graded_alike": ("{own}", "select * replace ('unknown' as users) from {rows}"),
    "rebuilt_lists_say_so": ("{own}", "select * replace ('rebuilt' as status) from {rows}"),
    "grades_are_of_the_graded_night": ("{own}", "select * replace (graded_night + 1 as graded_night) from {rows}"),
    "the_release_holds_tonights_lists": (
        "past.releases.published",
        "select * replace ('other' as lists_fingerprint) from {rows}",
    ),
    "readers_see_the_newest_night": (
        "this.release",
        "select * replace (current_night - 3 as current_night) from {rows}",
    ),
    "no_event_is_counted_twice": (
        "clean.events",
        "from {rows} union all by name select * replace (md5(event_id::varchar)::uuid as event_id) from {rows}",
    ),
    "nothing_is_known_before_it_happened": (
        "{own}",
        "select * replace (known_at - interval 1 second as known_at) from {rows}",
    ),
    "visible_in_time": ("{own}", "select * replace (landed_night - 3650 as landed_night) from {rows}"),
    "the_ledger_adds_up": ("{own}", "from {rows} where landed_row > 1"),
    "hardly_any_row_is_dated_ahead": ("this.deliveries", DELIVERED.replace("0 as n_ahead", "10 as n_ahead")),
}
# These are other ways to break the same, and each must be found as well.
MORE = [
    ("made_from_the_past_user", "this.partition_inputs", "select * replace (night + 1 as input_night) from {rows}"),
    ("made_from_the_past_each", "this.partition", "select * replace (night - 1 as written_for) from {rows}"),
    (
        "events_end_before_the_cutoff",
        "clean.events",
        "select * replace (timestamp '1970-01-01' as event_ts) from {rows}",
    ),
    ("events_end_before_the_cutoff", "clean.events", "select * replace (null as event_ts) from {rows}"),
    (
        "available_items_lists_item_key",
        "this.items",
        "select * replace (date '2017-11-01' as available_from) from {rows}",
    ),
    (
        "available_items_lists_item_key",
        "this.items",
        "select * replace (timestamp '2017-10-31' as retired_at) from {rows}",
    ),
    (
        "candidates_are_of_the_graded_night",
        "this.partition_inputs",
        "select * replace (night as input_night) from {rows}",
    ),
    (
        "graded_lists_are_of_the_graded_night",
        "this.partition_inputs",
        "select * replace (night as input_night) from {rows}",
    ),
    (
        "labels_lie_between_the_cutoffs",
        "grades.relevant",
        "select * replace (timestamp '2017-10-28' as first_taken_at) from {rows}",
    ),
    ("all_takers_are_graded", "grades.users", "select * replace (n_relevant - 1 as n_relevant) from {rows}"),
    ("all_takers_are_graded", "grades.users", "select * replace (not is_cold_user as is_cold_user) from {rows}"),
    ("the_ledger_adds_up", "ledger.files", "select * replace (rows_read + 1 as rows_read) from {rows}"),
    ("the_ledger_adds_up", "ledger.files", "from {rows} where false"),
    ("visible_in_time", None, "select * replace (timestamp '2018-01-01' as landed_known_at) from {rows}"),
    (
        "visible_in_time",
        "ledger.files",
        "select * replace ('arrival' as kind, timestamp '2017-10-01' as arrived_at) from {rows}",
    ),
    ("made_from_the_past_user", "this.partition", "select * replace (night - 1 as written_for) from {rows}"),
    (
        "no_earlier_than_landed_events_event_id",
        "clean.events",
        "select * replace (known_at - interval 1 microsecond as known_at) from {rows}",
    ),
    ("no_earlier_than_landed_events_event_id", "clean.events", "select * replace (null as known_at) from {rows}"),
    (
        "no_earlier_than_landed_events_event_id",
        "clean.events",
        "select * replace (visible_night - 1 as visible_night) from {rows}",
    ),
    ("no_earlier_than_landed_events_event_id", "this.landed", "from {rows} where false"),
]


@contextmanager
def relations_of(deployment, check, also=()):
    """What the check asks, and a connection to change it by."""
    with deployment.active():
        if check.table.startswith("raw."):
            with opened_landing(Landing(deployment.profile), check.table) as landed:
                yield landed, landed
            return
        reads = {*check.reads, *also}
        with deployment.lake.as_of(NIGHTS[-1], reads) as snapshot:
            show_relations(snapshot, check.table, check.sql + check.rows)
            yield snapshot, snapshot.cursor()


def put(con, relation, query):
    """Other rows in the place of a relation's."""
    con.execute(f"create or replace temp table sound as from {relation}")
    database, schema, name = (["memory", *relation.split(".")])[-3:]
    (is_table,) = con.execute(
        "select count(*) from duckdb_tables() where (database_name, schema_name, table_name) = ($1, $2, $3)",
        [database, schema, name],
    ).fetchall()[0]
    con.execute(f"drop {'table' if is_table else 'view'} {database}.{schema}.{name}")
    con.execute(f"create table {database}.{schema}.{name} as {query.format(rows='sound')}")


def verdicts(deployment, check, relation, query):
    """What the check says of the night as it is, and of the broken one."""
    names = (
        []
        if "this." in relation or relation.count(".") > 1 or "raw." in check.table
        else [TableName(*relation.split("."))]
    )
    columns = re.findall(r'"(\w+)"', check.condition or check.sql)
    with relations_of(deployment, check, names) as (relations, con):
        ((_, before),) = run_checks(relations, [check])
        given = {"own": check.table, "column": columns and columns[-1], "rows": "{rows}"}
        put(con, relation.format(**given), query.format(**given))
        ((_, after),) = run_checks(relations, [check])
    return before, after


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.name} of {check.table}")
def test_it_passes_on_a_real_night_and_fails_on_a_broken_one(built, check):
    how = OWN.get(check.name) or GENERIC.get(check.test)
    assert how, f"{check.name} has no broken fixture: add one to OWN"
    relation = how[0].replace("{own}", check.table)
    before, after = verdicts(built, check, relation, how[1])
    assert (before.verdict, before.failures) == ("pass", 0), before.first_failing
    assert after.verdict == check.config.severity
    assert len(after.first_failing) == min(after.failures, 5) > 0


@pytest.mark.parametrize(("name", "relation", "query"), MORE)
def test_other_ways_to_break_it_are_found(built, name, relation, query):
    check = next(check for check in CHECKS if check.name == name)
    before, after = verdicts(built, check, relation or check.table, query)
    assert (before.failures, after.verdict) == (0, check.config.severity)


def test_a_night_whose_log_was_rewritten_since_is_not_published(built, tmp_path):
    shop, events = built.copy_before_last(tmp_path / "data"), TableName("clean", "events")
    released = (shop.folder / "recsys.duckdb").readlink()
    with shop.active():
        with shop.lake.as_of(NIGHTS[1], [events], str(events)) as snapshot:
            snapshot.write(
                "select * exclude (visible_night) replace (quantity + 1 as quantity) from clean.events "
                f"where visible_night = date '{NIGHTS[1]}' order by event_id",
                ("event_id",),
            )
        with pytest.raises(Exception, match="the_log_stands"):
            shop.build(NIGHTS[-1])
    assert shop.lake.partition("clean.events", NIGHTS[-1])
    for table in ("features.user", "recommendations.lists", "releases.published"):
        assert shop.lake.partition(table, NIGHTS[-1]) is None
    assert (shop.folder / "recsys.duckdb").readlink() == released
