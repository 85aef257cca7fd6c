"""Releases of any size with all that the dashboard reads, made of SELECTs; and a server of them, as one is started."""

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import duckdb
import pyarrow as pa

from recsys_assets.storage.release.releases import Releases
from tests.helpers.committed import PROJECT
from tests.serving.small import MACROS, NIGHT

TITLES = (
    "</script><img src=x onerror=\"document.title='taken'\">",
    "BREAD <b>bold</b> & 'quotes' \"here\"",
    "`${document.title='taken'}` {{ 7 * 7 }} String.raw",
    "TEA ☕ 👩‍👩‍👧 ünïcode",
    "@accent {b} {a|styled} =1+1",
    "A title that is much longer than anybody would ever read to its end " * 3,
)
"""Of the first items: none of it may be taken for anything but text."""
HORIZON = 7
SETTINGS = {
    "algorithms": {"als": {"weight": 0.5}, "ease": {}, "<i>odd</i>": {"weight": 0}},
    "event_weights": {"purchase": 1.0, "click": 0},
    "horizon": HORIZON,
    "rrf_k": 2,
    "policy": {"caps": {"category": 3}, "exclude": {"items": ["<i>odd</i>"]}},
}
_COMMON = """
create table items as
  select i, 'i' || i as item_id, coalesce($titles[i], case when i % 7 > 0 then 'Item ' || i end) as title,
    case when i % 5 > 0 then 'Group ' || i % 5 end as category
  from range(1, $n_items + 1) as t (i);
create table users as select u, 'u' || u as user_id from range(1, $n_users + 1) as t (u);
create table tasks as select unnest(['discovery', 'next']) as task;
create table ranks as select r from range(1, least($n_items, $depth) + 1) as t (r);
create table days as select d from range(1, 31) as t (d);
create table algorithms as select unnest(['als', 'ease', '<i>odd</i>']) as algorithm, unnest([1, 2, 3]) as a;
create table shown as
  select task, user_id, u, r as rank, (u * 3 + r + length(task) + $shift) % $n_items + 1 as i
  from tasks cross join users cross join ranks;
"""
_TABLES = {
    "meta.build": "select 'lists' as table_name, $night as night, 3 as schema_version",
    "meta.tasks": "select task, 'fusion' as configuration, $n_users::int as n_users, $n_users::int as n_users_listed, "
    "0 as n_users_trending, $n_users::int as n_rows, null::varchar as empty_because, 2 as rrf_k, "
    "[{'algorithm': 'ease', 'weight': .7}, {'algorithm': 'als', 'weight': .3}, {'algorithm': '<i>odd</i>', "
    "'weight': .0}] as fusion_weights from tasks order by task",
    "meta.nights": "select $night - 7 * n::int as night, ($night - 7 * n::int + 1)::timestamp as cutoff, 1000 - n as "
    "n_events, $n_users::int as n_users, $n_items::int as n_items, 'x' as profile_hash, $settings as settings "
    "from range(3) as t (n) order by night",
    "serving.items": "select item_id, title, 'All <u>of it</u>' as department, category, null::varchar as subcategory, "
    "'Brand' as brand, case when i % 9 > 0 then i / 10 end as price, $night - i::int % 30 as available_from, "
    "i::int as n_events, i::int as n_buyers, i::int as n_baskets, 1.5 as recency_days from items order by item_id",
    "serving.users": "select user_id, $night - 40 as available_from, (40 + u)::int as n_events, 4 as n_baskets, "
    "3 as n_items, .4 as recency_days, 30.0 as tenure_days from users order by user_id",
    "serving.trending": "select scope, r::int as rank, item_id, title, category, 100.0 / r as score, 1 / r as share "
    "from ranks inner join items on i = r cross join (select unnest(['all', 'category:Group 1', 'country:N<b>L']) as "
    "scope) order by scope, rank",
    "serving.similar_items": "select one.item_id, r::int as rank, other.item_id as similar_item_id, other.title, "
    "other.category, 1 / r as score from items as one cross join ranks inner join items as other on "
    "other.i = (one.i + r) % $n_items + 1 order by one.item_id, rank",
    "serving.recommendations": "select $night as night, task, user_id, rank::int as rank, item_id, title, category, "
    "1 / rank as score, 2.5 / rank as raw_score, 'fusion' as configuration, [{'algorithm': 'als', 'rank': rank::int}, "
    "{'algorithm': '<i>odd</i>', 'rank': 3}] as algorithms, 'bought_again' as reason, 'als' as reason_algorithm, "
    "'goes with <b>' || coalesce(title, '?') as reason_text, 'i1' as evidence_item_id, 2 as evidence_count, "
    "3.2 as evidence_days, .4 / rank as confidence, $night as model_night, 'run' as run_id "
    "from shown inner join items using (i) "
    "order by task, user_id, rank",
    "serving.contributions": "select task, user_id, rank::int as rank, 'i' || i as item_id, explains, "
    "case when explains = 'binary' then -2.5 else 0 end::double as base, [{'part': 'als', 'contribution': .5 / rank}, "
    "{'part': '<i>odd</i>', 'contribution': -.25 / rank}] as parts from shown cross join (select "
    "unnest(['raw_score', 'binary']) as explains) where u <= 200 order by task, user_id, rank, explains",
    "serving.history": "select user_id, ($night - d::int)::timestamp + interval 9 hour as event_ts, "
    "'i' || ((u + d) % $n_items + 1) as item_id, case when d % 4 > 0 then 'purchase' else 'click' end as event_type, "
    "d / 2 as quantity, 1.5 as value, 'b' || d as basket_id, 'file <b>' || d || '.csv' as file, d + 1000 as row_number "
    "from users cross join days order by user_id, event_ts desc",
    "serving.algorithm_lists": "select task, user_id, algorithm, list('i' || ((u * a + r) % $n_items + 1) order by r) "
    "as items, list((1 / r)::float order by r) as scores from tasks cross join (from users where u <= 200) cross join "
    "algorithms cross join ranks group by all order by task, user_id, algorithm",
    "serving.bundles": "select item_id, r::int as rank, case when r < 3 then ['i' || (i + r) % $n_items + 1] else "
    "['i' || ((i + 1) % $n_items + 1), 'i' || ((i + 2) % $n_items + 1)] end as items, (40 - r)::bigint as n_together, "
    ".01 as support, .2 as confidence, 1.7 as lift, 2.5 as price, .5 as diversity from items cross join range(1, 4) as "
    "t (r) order by item_id, rank",
    "serving.movements": "select kind, i::int as rank, case when kind = 'item' then item_id end as item_id, case when "
    "kind = 'item' then title end as title, category, 30 as n_users, 20 as n_users_before, .3 as share, .2 as "
    "share_before, case when i % 2 > 0 then 4.0 else -4.0 end as z, i / 1000 as p, i / 500 as q from items cross join "
    "(select unnest(['item', 'category']) as kind) where kind = 'item' or i < 5 order by kind, rank",
    "serving.user_profiles": "select user_id, [{'category': 'Group <b>1', 'share': .4}] as categories, 1.1 as "
    "price_level, 20.5 as value_per_basket, 4.5 as basket_size, .3 as repeat_share, .1 as new_share_28d, 6.5 as "
    "usual_gap_days, 5 as usual_weekday, 17 as usual_hour, '<i>3</i>' as store, [{'segment': 'activity', 'value': "
    "'<b>high'}] as segments from users order by user_id",
    "serving.co_purchases": "select one.item_id, other.item_id as other_item_id, (40 - r)::bigint as n_together, "
    ".01 as support, .2 as confidence, 1.7 as lift, 9::bigint as n_lately, 1.9 as lift_lately, 1.4 as lift_before "
    "from items as one cross join ranks inner join items as other on "
    "other.i = (one.i + r) % $n_items + 1 where one.i <> other.i order by one.item_id, n_together desc, 2",
    "meta.ledger": "select 'file <b>' || d || '.csv' as file, 'events' as table_name, case when d > 1 then "
    "($night - d::int)::timestamp end as arrived_at, d = 1 as is_history, case when d = 3 then 'quarantined' else "
    "'landed' end as status, (100 * d)::bigint as n_rows, d as n_rejected from days order by file",
    "meta.rejects": "select 'file <b>2.csv' as file, d as row_number, 'events' as table_name, 'item' as column_name, "
    "'no <i>item</i>' as reason, '{\"item\": \"<script>alert(1)</script>\"}' as delivered from days "
    "order by row_number",
    "meta.reject_counts": "select 'events' as table_name, 'item' as column_name, 'no <i>item</i>' as reason, "
    "30::bigint as n_rows",
    "meta.volume": "select ($night - d::int)::timestamp + interval (h) hour as hour, event_type, (d + h) as n_events "
    "from days cross join range(24) as t (h) cross join (select unnest(['purchase', 'cl<i>ick']) as event_type) "
    "order by hour, event_type",
    "meta.checks": "select 'features.item' as table_name, 'check ' || n as check_name, case when n = 2 then 'warn' "
    "else 'pass' end as outcome, n > 2 as is_blocking, case when n = 2 then 4 else 0 end as n_failing, 40 as n_rows, "
    "'warn if != 0' as threshold, 'No <b>odd</b> row.' as description, case when n = 2 then 'Look at <i>it</i>.' "
    "else '' end as remedy from range(1, 6) as t (n) order by check_name",
    "meta.costs": "select 'lists' as step, algorithm, 10 as rows, 1.5 as seconds, 1000000000::bigint as "
    "peak_memory_bytes from algorithms order by algorithm",
}
_LISTS = (
    "(select unnest(['published', 'fusion', 'als', 'ease', '<i>odd</i>']) as algorithm, "
    "unnest([.3, .3, .2, .1, .01]) as m)"
)
_NIGHTS = "(select $night - 7 * n::int as night, $night - 7 * n::int - 7 as graded_night, n from range(3) as t (n))"
_GRADED = {
    "meta.grades": f"select night, graded_night, task, users, algorithm, k::int as k, metric, m + n / 100 as mean, "
    "case when metric <> 'coverage' then m - .01 end as low, case when metric <> 'coverage' then m + .02 end as high, "
    "$n_users::int as n_users, .01 as cold_user_share, .02 as cold_item_share, 'published' as status "
    f"from {_NIGHTS} cross join tasks cross join (select unnest(['known', 'unknown']) as users) cross join {_LISTS} "
    "cross join (select unnest([1, 5, 10, 20]) as k) cross join (select unnest(['ndcg', 'recall', 'precision', "
    "'coverage', 'diversity', 'novelty']) as metric) order by all",
    "meta.reliability": f"select night, task, bin::int as bin, 100::int as n_rows, bin / 30 as predicted, "
    "bin / 25 as observed, .08 as brier, .09 as base_brier, .01 + n / 100 as ece "
    f"from {_NIGHTS} cross join tasks cross join range(1, 6) as b (bin) order by night, task, bin",
    "meta.comparisons": f"select task, 'published' as algorithm, algorithm as baseline, 10 as k, 'ndcg' as metric, "
    "'published' as status, .3 - m as difference, .29 - m as low, .31 - m as high, .01 as p, .04 as p_corrected, "
    f"4 as n_compared, 2 as n_nights, 9 as n_users, 12 as n_user_nights from tasks cross join {_LISTS} "
    "where algorithm <> 'published' order by all",
    "meta.champions": f"select night, task, algorithm as configuration, 'fusion' as incumbent, algorithm = 'fusion' as "
    "is_champion, case when algorithm = 'fusion' then 'no ranking has a <b>better</b> mean' end as reason, "
    "m - .3 as difference, m - .31 as low, m - .29 as high, .01 as p, .04 as p_corrected, 9 as n_users, 12 as "
    f"n_user_nights from {_NIGHTS} cross join tasks cross join {_LISTS} where algorithm <> 'published' order by all",
    "meta.segments": f"select $night - 7 as graded_night, task, algorithm, 'age' as segment, '<18' as value, 10 as k, "
    f"'ndcg' as metric, m as mean, m - .1 as low, m + .1 as high, 9 as n_users from tasks cross join {_LISTS} "
    "order by all",
    "meta.policy_effects": "select $night - 7 * n::int as graded_night, task, rule, metric, k, .3 as with_rule, "
    ".31 as without_rule, -.01 as difference, -.02 as low, .0 as high, 9 as n_users, 5 as n_changed "
    "from range(1, 3) as t (n) cross join tasks cross join (select unnest(['all', 'caps']) as rule) cross join "
    "(select unnest(['ndcg', 'revenue']) as metric, unnest([10, 10]) as k) order by all",
    "meta.feature_gains": "select $night as night, task, objective, 'item.<i>f' || f || '</i>' as feature, "
    "90.0 - 10 * f as gain, (90 - 10 * f) / 450 as share from tasks cross join (select unnest(['binary', "
    "'lambdamart']) as objective) cross join range(10) as t (f) order by task, objective, gain desc, feature",
    "meta.newcomer_chain": "select $night as night, kind, place::int as place, place is not null as is_chosen, "
    ".1 as ndcg, .01 as difference, .005 as shrunk_difference, 1 as n_nights, 4 as n_user_nights "
    "from (values ('<i>sex</i>', 1), ('store', 2), ('all', 3), ('diverse', null)) as t (kind, place)",
    "meta.trending_windows": "select $night as night, 7 as window_days, true as is_chosen, .1 as ndcg, "
    ".0 as difference, .0 as shrunk_difference, 1 as n_nights, 4 as n_user_nights",
}


def tables(
    night: date, n_users: int = 30, n_items: int = 40, *, graded: bool = True, depth: int = 20
) -> dict[str, pa.Table]:
    """Tables of a release with lists so deep; without grades those of them are empty."""
    titles = [*TITLES, None][:n_items]
    values = {"night": night, "n_users": n_users, "n_items": n_items, "settings": json.dumps(SETTINGS)}
    values |= {"titles": titles, "shift": night.toordinal() % 5, "depth": depth}
    with duckdb.connect() as con:
        for name, value in values.items():
            con.execute(f"set variable {name} = $1", [value])
        for statement in _COMMON.split(";\n"):
            con.execute(_bound(statement)) if statement.strip() else None
        made = {name: con.sql(_bound(query)).to_arrow_table() for name, query in (_TABLES | _GRADED).items()}
    return {name: table if graded or name not in _GRADED else table.slice(0, 0) for name, table in made.items()}


def _bound(query: str) -> str:
    for name in ("n_users", "n_items", "night", "settings", "titles", "shift", "depth"):
        query = query.replace(f"${name}", f"getvariable('{name}')")
    return query


def publish(root: Path, night: date = NIGHT, name: str = "a", **how) -> Releases:
    """Build and publish a release of a night."""
    releases = Releases(root)
    releases.build(night, name, tables(night, **how), MACROS)
    releases.publish(night, name)
    return releases


def publish_two(root: Path, **how) -> Releases:
    """Releases of a night and of the one a horizon before it, the newer one current."""
    publish(root, NIGHT - timedelta(HORIZON), "a", **how)
    return publish(root, NIGHT, "b", **how)


_SERVER = """
import sys
sys.path.insert(0, "")
from pathlib import Path
from recsys_serving.server import Settings, serve
root = Path(sys.argv[1])
serve(Settings(root=root, keys=root / "api_keys.json", inbox=None, port=int(sys.argv[2]), dashboard=True))
"""


@contextmanager
def dashboard(root: Path):
    """A server with its dashboard in a process of its own, as NiceGUI has one application a process; gives its port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _SERVER, str(root), str(port)], cwd=PROJECT)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5).close()
                break
            except URLError:
                assert process.poll() is None, "the server ended before it began"
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)
