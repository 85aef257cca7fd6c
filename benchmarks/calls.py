"""What a call of the release's macros costs: milliseconds of CPU, against the plain filter that finds the same rows."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

N_USERS, N_CALLS, N_ROUNDS = 100_000, 200, 5
TABLES = {
    "meta.tasks": "select unnest(['discovery', 'next']) as task",
    "serving.users": "select range::varchar as user_id from range($1) order by user_id",
    "serving.trending": """
        select 'all' as scope, range::int as rank, range::varchar as item_id, 'milk ' || range as title,
            'dairy' as category, 1 / range as score, 1 - range / 101 as share
        from range(1, 101)""",
    "serving.recommendations": """
        select t.task, u.range::varchar as user_id, r.range::int as rank,
            (hash(u.range, r.range) % 40000)::varchar as item_id,
            'soup ' || item_id as title, 'soups' as category, 1 / r.range as score, 'popular' as reason,
            'popular: taken by ' || item_id || ' people' as reason_text
        from (values ('discovery'), ('next')) as t(task), range($1) as u, range(1, 21) as r
        order by t.task, user_id, rank""",
    "serving.similar_items": """
        select i.range::varchar as item_id, r.range::int as rank,
            (hash(i.range, r.range) % 40000)::varchar as similar_item_id,
            'soup ' || similar_item_id as title, 'soups' as category, 1 / r.range as score
        from range($1 // 3) as i, range(1, 21) as r
        order by item_id, rank""",
}
FILTER = (
    "select rank, item_id, score from serving.recommendations where task = 'next' and user_id = $1 and rank <= 10 "
    "order by rank"
)


def run() -> Iterator[str]:
    """Least mean of some rounds, as what else runs on a machine only ever adds to it."""
    import duckdb

    from recsys_assets.selects.files import SQL_FOLDER
    from recsys_assets.storage.release.file import write_file

    users = [str(number * (N_USERS // N_CALLS)) for number in range(N_CALLS)]
    strangers = [f"nobody {number}" for number in range(N_CALLS)]
    items = [str(number * (N_USERS // N_CALLS // 4)) for number in range(N_CALLS)]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as making:
        file = Path(folder) / "recsys.duckdb"
        tables = {
            name: making.sql(query, params=[N_USERS] if "$1" in query else None).to_arrow_table()
            for name, query in TABLES.items()
        }
        write_file(file, tables, (SQL_FOLDER / "release" / "macros.sql").read_text())
        for threads in (1, None):
            with duckdb.connect(str(file), read_only=True, config={"threads": threads} if threads else {}) as con:
                yield f"{N_USERS:,} users, {'one thread' if threads else 'threads as DuckDB takes them'}"
                yield f"  plain filter           {_milliseconds(con, FILTER, users):.2f} ms"
                yield f"  recommend              {_milliseconds(con, 'from serving.recommend($1)', users):.2f} ms"
                query = "from serving.recommend($1, task := 'discovery')"
                yield f"  recommend, of a task   {_milliseconds(con, query, users):.2f} ms"
                yield f"  recommend, to unknown  {_milliseconds(con, 'from serving.recommend($1)', strangers):.2f} ms"
                yield f"  similar                {_milliseconds(con, 'from serving.similar($1)', items):.2f} ms"


def _milliseconds(con: DuckDBPyConnection, query: str, ids: Sequence[str]) -> float:
    """CPU of one call, after a first round that reads the file into memory."""
    rounds = []
    for _ in range(N_ROUNDS + 1):
        started = time.process_time()
        for one in ids:
            con.execute(query, [one]).fetchall()
        rounds.append((time.process_time() - started) / len(ids) * 1000)
    return min(rounds[1:])
