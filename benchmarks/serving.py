"""What the server answers a second, how long an answer takes, and what it needs: 100,000 users, one core, wrk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

N_USERS, N_ITEMS, DEPTH, DEEPER = 100_000, 40_000, 20, 100
PORT, SECONDS, CONNECTIONS = 8765, 10, 8
NIGHT = date(2017, 10, 31)
SERVER = """
import sys
from pathlib import Path
from recsys_serving.server import Settings, serve
root = Path(sys.argv[1])
serve(Settings(root, root / "keys", root / "inbox", port=int(sys.argv[2]), log=sys.stdout, dashboard=True))
"""
REQUESTS = {
    "10 items with reasons, users by chance": f"/v1/users/' .. math.random(1, {N_USERS}) .. '/recommendations?k=10",
    "what is trending": "/v1/trending?k=10",
    "similar items, by chance": f"/v1/items/' .. math.random(1, {N_ITEMS}) .. '/similar?k=10",
}
LUA = """
math.randomseed(7)
request = function() return wrk.format("GET", '{path}') end
done = function(summary, latency)
  io.write(string.format("p50 %.2f p95 %.2f p99 %.2f errors %d\\n", latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency:percentile(99) / 1000, summary.errors.status))
end
"""
SLOWLY = "delay = function() return math.random(0, 28) end"
"""Sixteen connections that pause 14 ms on average ask about 1,000 times a second."""
EVENTS = """
n = 0
request = function()
  local lines = {}
  for i = 1, 100 do
    n = n + 1
    lines[i] = '{"event_id":"' .. n .. '","user":' .. n % 1000 .. ',"item":1,"event":"cart","time":"2017-11-01T00:00Z"}'
  end
  return wrk.format("POST", "/v1/events", {["Content-Type"] = "application/x-ndjson"}, table.concat(lines, "\\n"))
end
""" + LUA.partition("end\n")[2]


def run() -> Iterator[str]:
    """Make a release by chance, serve it from one core, and ask it as fast as another core can."""
    if shutil.which("wrk") is None:
        yield "wrk is not installed: apt install wrk"
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "shop")
        began = time.perf_counter()
        file, arrays, below = _publish(root)
        seconds = time.perf_counter() - began
        yield f"release made in {seconds:.1f} s: {file / 1e6:.0f} MB, and its arrays {arrays / 1e6:.0f} MB"
        yield f"of the arrays {below / 1e6:.0f} MB are places {DEPTH + 1} to {DEEPER}"
        with _server(root) as (pid, seconds):
            yield f"first answer {seconds:.2f} s after the start"
            for what, path in REQUESTS.items():
                _wrk(folder, path, 2)
                before = _cpu_seconds(pid)
                said, n, errors = _wrk(folder, path, SECONDS)
                used = _cpu_seconds(pid) - before
                yield f"{what}: {n / SECONDS:,.0f}/s, {n / used:,.0f} per core-second, {said} ms, errors {errors}"
            said, n, errors = _wrk(folder, next(iter(REQUESTS.values())), SECONDS, LUA + SLOWLY, 16)
            yield f"the first of them at {n / SECONDS:,.0f}/s: {said} ms, errors {errors}"
            said, n, errors = _wrk(folder, "", SECONDS, EVENTS)
            yield f"feedback, 100 events a call: {100 * n / SECONDS:,.0f} events/s, {said} ms, errors {errors}"
            yield f"memory after all of it: {_resident(pid):.0f} MB"


def _publish(root: Path) -> tuple[int, int, int]:
    """A release of lists by chance, published; returns the bytes of its file, its arrays, and what is below lists."""
    from zipfile import ZipFile

    from recsys_assets.storage.release.releases import Releases

    releases = Releases(root)
    file = releases.build(NIGHT, "benchmark", _tables(), "")
    releases.publish(NIGHT, "benchmark")
    arrays = file.parent / "serving.npz"
    with ZipFile(arrays) as archive:
        below = sum(archive.getinfo(f"{name}.npy").file_size for name in ("deeper", "deeper_ends"))
    return file.stat().st_size, arrays.stat().st_size, below


def _tables() -> dict[str, pa.Table]:
    """Tables as wide as a night's; reasons repeat as real ones do."""
    import duckdb

    queries = {
        "meta.build": "select 'lists' as table_name, $night::date as night, 3 as schema_version",
        "meta.tasks": "select unnest(['discovery', 'next']) as task",
        "serving.items": f"select i::varchar as item_id, 'Item number ' || i as title, null::varchar as department, "
        f"'Category ' || i % 100 as category, null::varchar as brand, (i % 999) / 100 as price, 1 as n_buyers "
        f"from range(1, {N_ITEMS + 1}) as t (i) order by item_id",
        "serving.users": f"select i::varchar as user_id from range(1, {N_USERS + 1}) as t (i) order by user_id",
        "serving.trending": "select 'all' as scope, i as rank, i::varchar as item_id, 1 / i as score, "
        "(101 - i) / 100 as share from range(1, 101) as t (i)",
        "serving.similar_items": f"select i::varchar as item_id, r as rank, ((i + r) % {N_ITEMS} + 1)::varchar as "
        f"similar_item_id, null as title, null as category, 1 / r as score from range(1, {N_ITEMS + 1}) as t (i), "
        "range(1, 21) as s (r) order by item_id, r",
        "serving.deeper_lists": f"select task, u::varchar as user_id, list_transform(range({DEPTH}, {DEEPER}), "
        f"lambda r: ((u * 7919 + r * 104729) % {N_ITEMS} + 1)::integer) as items "
        f"from (select unnest(['discovery', 'next']) as task), range(1, {N_USERS + 1}) as t (u) order by task, user_id",
        "serving.recommendations": f"select task, u::varchar as user_id, r as rank, "
        f"((u * 7919 + r * 104729) % {N_ITEMS} + 1)::varchar as item_id, "
        # Shares of the task's rows, all different, as those of a reranker are.
        f"(({DEPTH} - r) * {N_USERS} + u) / ({N_USERS} * {DEPTH}) as score, "
        "'bought_again' as reason, 'als' as reason_algorithm, "
        "'bought ' || (u % 40 + 2) || ' times, last ' || floor(r * 9.25)::int || ' days ago' as reason_text, "
        f"((u + r) % {N_ITEMS} + 1)::varchar as evidence_item_id, (u % 40 + 2)::integer as evidence_count, "
        f"r * 9.25 as evidence_days from (select unnest(['discovery', 'next']) as task), "
        f"range(1, {N_USERS + 1}) as t (u), range(1, {DEPTH + 1}) as s (r) order by task, user_id, r",
    }
    with duckdb.connect() as con:
        con.execute("set variable night = $1", [NIGHT])
        return {
            name: con.sql(query.replace("$night", "getvariable('night')")).to_arrow_table()
            for name, query in queries.items()
        }


@contextmanager
def _server(root: Path) -> Iterator[tuple[int, float]]:
    """A server on one core, with its log; gives its process and the seconds to its first answer."""
    from urllib.error import URLError
    from urllib.request import urlopen

    began = time.perf_counter()
    with Path(root, "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(root), str(PORT)],
            stdout=log,
            preexec_fn=lambda: os.sched_setaffinity(0, {0}),
        )
        try:
            while True:
                try:
                    urlopen(f"http://127.0.0.1:{PORT}/health/ready", timeout=5).close()
                    break
                except URLError:
                    if process.poll() is not None or time.perf_counter() - began > 60:
                        raise
                    time.sleep(0.01)
            yield process.pid, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()


def _wrk(folder: str, path: str, seconds: int, lua: str = LUA, connections: int = CONNECTIONS) -> tuple[str, int, int]:
    """Ask for some seconds, from the other core; returns the latencies, the number of answers, and of errors."""
    script = Path(folder, "ask.lua")
    script.write_text(lua.replace("{path}", path))
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{PORT}"]
    said = subprocess.run(["taskset", "-c", "1", *wrk], capture_output=True, text=True, check=True).stdout
    n, found = re.search(r"(\d+) requests in", said), re.search(r"(p50 .*) errors (\d+)", said)
    if n is None or found is None:
        raise RuntimeError(said)
    return found[1], int(n[1]), int(found[2])


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    """Megabytes of memory that a process holds, mapped files included."""
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(kilobytes) / 1024
