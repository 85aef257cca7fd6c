"""What an export of 100,000 users' lists takes, to each destination: seconds, memory, and what lies there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.serving import DEPTH, N_ITEMS, N_USERS, NIGHT, _tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

LISTS = f"""
    select
        '{NIGHT}'::date as night, task, u::varchar as user_id, r::integer as rank,
        ((u * 7919 + r * 104729) % {N_ITEMS} + 1)::varchar as item_id,
        'ITEM NUMBER ' || ((u * 7919 + r * 104729) % {N_ITEMS} + 1) as title,
        'CATEGORY ' || (u * 7919 + r * 104729) % 100 as category,
        1 / (r + 1) as score, -1 / (r + u) as raw_score, 'reranker' as configuration,
        [{{'algorithm': name, 'rank': (r + u) % 200}} for name in ['als', 'ease', 'item_knn', 'rp3beta', 'user_knn']]
            as algorithms,
        'bought_again' as reason, 'als' as reason_algorithm,
        'bought ' || (u % 40 + 2) || ' times, last ' || (r * 9) || ' days ago' as reason_text,
        ((u + r) % {N_ITEMS} + 1)::varchar as evidence_item_id, (u % 40 + 2)::integer as evidence_count,
        r * 9.25::double as evidence_days, round(.3 / r, 3) as confidence, '{NIGHT}'::date as model_night,
        'f0e1d2c3-b4a5-6978-8796-a5b4c3d2e1f0' as run_id
    from
        (select unnest(['discovery', 'next']) as task), range(1, {N_USERS + 1}) as t (u), range(1, {DEPTH + 1}) as s (r)
    order by task, user_id, rank
"""
"""As wide as a night's."""
ONE = """
import re, sys, time
from pathlib import Path
from recsys_assets.storage.export.exporting import export_release
began = time.perf_counter()
name, said = export_release(Path(sys.argv[1]), sys.argv[2])
(kilobytes,) = re.findall(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
seconds = f"{time.perf_counter() - began:.1f} s, {time.process_time():.1f} of them computing"
print(f"{seconds}, at most {int(kilobytes) / 1024:,.0f} MB; {said}")
"""


def run() -> Iterator[str]:
    """Make a release by chance, and export it to each destination that is installed here."""
    from tests.storage.export import servers

    os.environ |= {"PGPASSWORD": "secret", "REDISCLI_AUTH": "secret"} | servers.S3_ENVIRONMENT
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        root = Path(folder, "shop")
        began = time.perf_counter()
        size = _publish(root)
        yield f"release made in {time.perf_counter() - began:.1f} s: {size / 1e6:,.0f} MB"
        where = ["parquet", "csv", "jsonl", "sqlite"]
        if servers.POSTGRES:
            where.append(started.enter_context(servers.postgres()))
        if shutil.which("redis-server"):
            where.append(started.enter_context(servers.redis()))
        if find_spec("moto"):
            where.append(started.enter_context(servers.s3(os.environ)))
        for to in where:
            command = [sys.executable, "-c", ONE, str(root), to]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            yield f"{to}: {done.stdout.strip()}"


def _publish(root: Path) -> int:
    """A release of lists by chance, published; returns the bytes of its file."""
    import duckdb

    from recsys_assets.storage.release.releases import Releases

    with duckdb.connect() as con:
        lists: pa.RecordBatchReader = con.sql(LISTS).to_arrow_reader(100_000)
        tables = {name: table for name, table in _tables().items() if name != "serving.recommendations"}
        releases = Releases(root)
        file = releases.build(NIGHT, "benchmark", tables | {"serving.recommendations": lists}, "")
    releases.publish(NIGHT, "benchmark")
    return file.stat().st_size
