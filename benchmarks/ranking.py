"""What the union of all candidates and their ranking cost at 100,000 users x 800: memory must not grow with users."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import date
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recsys_assets.assets.usage import Usage
    from recsys_assets.profile import Profile
    from recsys_assets.ranking.reranker import Reranker
    from recsys_assets.storage.lake.lake import Lake

USERS, N_ITEMS, EVENTS_A_USER, N_LISTED = (10_000, 100_000), 100_000, 50, 100
N_CANDIDATES = 800
ALGORITHMS = ("als", "buy_again", "ease", "item_knn", "popularity", "rp3beta", "tifu_knn", "user_knn")
MEMORY_LIMIT = "2GB"
NIGHT = date(2011, 10, 24)
_CLEAN = {
    "user_keys": "select i::integer as user_key, i::varchar as user_id from range($users) as t(i) order by user_key",
    "item_keys": "select i::integer as item_key, i::varchar as item_id from range($items) as t(i) order by item_key",
    "user_versions": """
        select
            0 as user_key, null::varchar as country, null::varchar as region, null::uuid as landed_id,
            null::timestamp as known_at, null::varchar as content, null::timestamp as known_from
        where false
        order by user_key
    """,
    "item_versions": """
        select
            i::integer as item_key, 'c' || i % 100 as category, 's' || i % 1000 as subcategory,
            'd' || i % 10 as department, 1.0::double + i % 50 as price, null::varchar as title, null::varchar as brand,
            null::timestamp as retired_at, null::uuid as landed_id, null::timestamp as known_at,
            null::varchar as content, null::timestamp as known_from
        from range($items) as t(i)
        order by item_key
    """,
    "retractions": """
        select
            null::uuid as event_id, null::uuid as retracted_by, null::double as quantity, null::varchar as reason,
            null::timestamp as known_at
        where false
        order by event_id
    """,
    # Few items take most of the events: the places of a square.
    "events": """
        select
            md5(user_key || ' ' || n)::uuid as event_id, user_key::integer as user_key,
            floor($items * pow(hash(user_key, n) % 1000003 / 1000003, 2))::integer as item_key,
            'purchase' as event_type,
            timestamp '2011-10-24' - to_seconds((hash(n, user_key) % 7776000)::bigint) as event_ts,
            event_ts as known_at, 1.0::double as quantity, 2.0::double as value, null::double as rating,
            'b' || n // 5 as basket_id, null::varchar as session_id, null::varchar as device, null::varchar as os,
            null::varchar as country, null::varchar as region, null::varchar as store
        from range($users) as u(user_key), range($events) as e(n)
        order by event_id
    """,
}
_LISTS = """
select
    '$algorithm' as algorithm, 'next' as task, user_key::integer as user_key,
    -- a step of its own for each algorithm, so that few items are proposed twice
    ((user_key * 7919 + rank * (2 * $place + 1) * 17 + $place * 12345) % $items)::integer as item_key,
    rank::integer as rank, 1.0::double / rank as score
from range($users) as u(user_key), range(1, $listed + 1) as r(rank)
order by task, user_key, rank
"""


def run() -> Iterator[str]:
    """Rank 8 x 100 candidates a user, for 10,000 and for 100,000 users, each in a process of its own."""
    yield f"{len(ALGORITHMS)} lists of {N_LISTED} a user, DuckDB's memory limit {MEMORY_LIMIT}"
    for n_users in USERS:
        with tempfile.TemporaryDirectory() as folder:
            settings = os.environ | {"RECSYS_DATA": folder, "RECSYS_MEMORY_LIMIT": MEMORY_LIMIT}
            command = [sys.executable, "-m", __name__, str(n_users)]
            with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True) as process:
                yield from (line.rstrip() for line in process.stdout or ())
            if process.returncode:
                raise SystemExit(process.returncode)


def _stages(n_users: int) -> Iterator[str]:
    """Each stage as its asset does it."""
    from recsys_assets.assets.steps.rerankers import RANKING_KEY, RANKING_ROWS, rankings
    from recsys_assets.assets.usage import measured
    from recsys_assets.profile_file import load_profile
    from recsys_assets.selects.feature_join import feature_reads
    from recsys_assets.selects.files import SQL_FOLDER, load_select, table_files
    from recsys_assets.storage.lake.lake import Lake

    profile = load_profile("online_retail").model_copy(
        update={
            "algorithms": {name: {} for name in ALGORITHMS},
            "tasks": ["next"],
            "n_candidates": {"next": N_CANDIDATES},
        }
    )
    lake = Lake(profile)
    _inputs(lake, n_users)
    features = {name: load_select(path) for name, path in table_files("features", profile.source).items()}
    order = TopologicalSorter({name: {read.name for read in s.reads} & set(features) for name, s in features.items()})
    for name in [*order.static_order(), "candidates"]:
        select = features.get(name) or load_select(SQL_FOLDER / "recommendations" / f"{name}.sql")
        table = f"features.{name}" if name in features else f"recommendations.{name}"
        with measured() as usage, lake.as_of(NIGHT, select.reads, table) as snapshot:
            written = snapshot.write(select.text, select.key)
        yield _cost(table, n_users, written.rows, usage)
    reranker = _reranker(profile, lake)
    reads = (*RANKING_ROWS.reads, *feature_reads(profile))
    with measured() as usage, lake.as_of(NIGHT, reads, "recommendations.rankings") as snapshot:
        snapshot.add("made.rankings", rankings(snapshot, {"next": reranker}))
        written = snapshot.write(f"select * from made.rankings order by {', '.join(RANKING_KEY)}", RANKING_KEY)
    yield _cost(f"recommendations.rankings, {len(reranker.names)} features", n_users, written.rows, usage)


def _cost(name: str, n_users: int, rows: int, usage: Usage) -> str:
    figures = f"{usage.seconds:7.1f} s {usage.cpu_seconds:7.1f} CPU s {usage.peak_mb:6.0f} MB at most"
    return f"{n_users:7,} users {figures} {rows:11,} rows  {name}"


def _inputs(lake: Lake, n_users: int) -> None:
    """Write a log of events, and lists of which few items are proposed twice."""
    numbers = {"users": n_users, "items": N_ITEMS, "events": EVENTS_A_USER, "listed": N_LISTED}
    for name, query in _CLEAN.items():
        _write(lake, f"clean.{name}", query, numbers)
    for place, name in enumerate(ALGORITHMS):
        _write(lake, f"candidates.{name}", _LISTS, numbers | {"place": place, "algorithm": name})
    listed = ", ".join(f"'{name}'" for name in ALGORITHMS)
    _write(
        lake,
        "recommendations.fusion_weights",
        "select 'next' as task, algorithm, 1.0::double as weight, null::date as learned_night, 0 as n_lists, "
        "algorithm as title, []::varchar[] as rests_on "
        f"from unnest([{listed}]) as t(algorithm) order by task, algorithm",
        {},
    )


def _write(lake: Lake, table: str, query: str, numbers: dict[str, object]) -> None:
    with lake.as_of(NIGHT, [], table) as snapshot:
        key = tuple(query[query.rindex("order by") + len("order by") :].replace(" ", "").strip().split(","))
        for name, number in numbers.items():
            query = query.replace(f"${name}", str(number))
        snapshot.write(query, key)


def _reranker(profile: Profile, lake: Lake) -> Reranker:
    """Trees of the settings' number and size; what they learned is noise."""
    import numpy as np

    from recsys_assets.assets.steps.rerankers import RANKING_ROWS
    from recsys_assets.ranking.candidate_tables import feature_matrix, feature_names
    from recsys_assets.ranking.reranker import Examples, Reranker, RerankerSettings
    from recsys_assets.selects.feature_join import feature_query, feature_reads

    with lake.as_of(NIGHT, (*RANKING_ROWS.reads, *feature_reads(profile))) as snapshot:
        query = feature_query(profile, snapshot.table, RANKING_ROWS)
        rows = snapshot.table(query, {"first_user": 0, "last_user": 99})
    names, users = feature_names(rows.column_names), rows["user_key"].to_numpy()
    order = np.argsort(users, kind="stable")
    taken = np.random.default_rng(1).random(len(users)) < 0.01
    examples = Examples(
        feature_matrix(rows, names, order), names, users[order].astype(np.int64), taken, np.ones(len(users))
    )
    return Reranker(RerankerSettings(), seed=1).fit(examples)


if __name__ == "__main__":
    for line in _stages(int(sys.argv[1])):
        print(line, flush=True)
