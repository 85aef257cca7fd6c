"""The script that nights are held against grades as we do: the same NDCG@10 of the same lists."""

import json
import subprocess
import sys

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from recsys_assets.evaluation.metrics import METRICS
from recsys_assets.profile import PROJECT

CUTOFF = "2025-01-29"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Events of a small shop, what the script told of itself, and the folder it wrote its lists into."""
    folder = tmp_path_factory.mktemp("by_hand")
    events = folder / "events.parquet"
    rng = np.random.default_rng(1)
    with duckdb.connect() as con:
        users, days = rng.integers(60, size=6_000), rng.integers(35, size=6_000)
        items = rng.exponential(60, size=6_000).astype(int) % 400
        con.execute("create table events (user_id varchar, item_id varchar, ts timestamp, weight float)")
        con.register("made", pa.table({"u": users, "i": items, "day": days}))
        con.execute(
            "insert into events select 'u' || u, 'i' || i, timestamp '2025-01-01' + to_days(day::integer), 1 from made"
        )
        con.execute(f"copy events to '{events}'")
    command = [sys.executable, "-m", "benchmarks.rivals.by_hand", str(events), CUTOFF, str(folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return events, json.loads(done.stdout.splitlines()[-1]), folder


@pytest.mark.parametrize("task", ["next", "discovery"])
def test_the_scripts_ndcg_is_ours_of_the_lists_that_it_wrote(written, task):
    events, told, folder = written
    with duckdb.connect() as con:
        con.execute(f"create view events as from '{events}'")
        con.execute(f"create view past as from events where ts < timestamp '{CUTOFF}'")
        # A small shop: whoever takes something is known, and so is what is taken.
        taken = (
            f"select distinct user_id, item_id from events where ts >= timestamp '{CUTOFF}' and "
            "user_id in (select user_id from past) and item_id in (select item_id from past)"
        )
        if task == "discovery":
            taken += " and (user_id, item_id) not in (select (user_id, item_id) from past)"
        con.execute(f"create table taken as {taken}")
        users = con.execute("select user_id, count(*) from taken group by all order by all").fetchall()
        listed = f"'{folder}/{task}.parquet' semi join taken using (user_id, item_id)"
        hits = con.execute(f"select user_id, rank from {listed} where rank <= 10").fetchall()
    assert len(users) > 20
    assert hits
    of_user = {user: place for place, (user, _) in enumerate(users)}
    matrix = np.zeros((len(users), 10), dtype=bool)
    for user, rank in hits:
        matrix[of_user[user], rank - 1] = True
    ours = METRICS["ndcg"](matrix, np.array([n for _, n in users]), 10).mean()
    assert told["ndcg"][task]["fusion"] == pytest.approx(ours, abs=1e-12)
