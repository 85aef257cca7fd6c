"""Candidates of many users and items: memory does not grow with users times items."""

import json
import subprocess
import sys
from datetime import date

import duckdb
import pytest

from tests.helpers import sample

N_USERS = N_ITEMS = 16_000
DENSE_MB = N_USERS * N_ITEMS * 8 / 1e6
NIGHT = date(2017, 10, 24)
BUILD = """
import sys, json
from datetime import date
from pathlib import Path
from tests.helpers.sample import Deployment
from recsys_assets.assets.clean_log import clean_selects
from recsys_assets.storage.landing.database import Landing
deployment = Deployment(Path(sys.argv[1]), Path(sys.argv[2]))
tables = clean_selects(Landing(deployment.profile))
only = [f"clean.{table}" for table in tables] + ["recommendations.algorithm_settings", "models.als", "candidates.als"]
deployment.build(date(2017, 10, 24), only=only)
from recsys_jobs.run import dagster_instance
from dagster import AssetKey
with deployment.active(), dagster_instance() as instance:
    peaks = {}
    for stage in ("clean.events", "candidates.als"):
        event = instance.get_latest_materialization_event(AssetKey(stage.split(".")))
        peaks[stage] = event.asset_materialization.metadata["peak_memory_mb"].value
print(json.dumps(peaks))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_lists_of_many_users_are_made_in_bounded_memory(tmp_path):
    """16,000 users times 16,000 items would be 2 GB of scores; each user takes two items of all."""
    deployment = sample.new(
        tmp_path / "many",
        settings={
            "tasks": 'tasks = ["next"]',
            "batch_users": "batch_users = 500",
            "factors": "factors = 2",
            "iterations": "iterations = 1",
        },
    )
    files = tmp_path / "made"
    files.mkdir()
    with duckdb.connect() as con:
        con.execute(
            "copy (select i + 1 as product_id, 'GROCERY' as department, 'cat ' || i % 50 as product_category, "
            "'type' as product_type, 'brand' as brand, 1 as manufacturer_id, '1 oz' as package_size "
            f"from range({N_ITEMS}) as t(i) order by all) to '{files}/products.parquet'"
        )
        con.execute(
            "copy (select u + 1 as household_id, 1 as store_id, u * 2 + n as basket_id, "
            f"(u * 7 + n * 13 + u // 3) % {N_ITEMS} + 1 as product_id, 1 as quantity, 1.5 as sales_value, "
            "timestamp '2017-09-01' + to_hours((u % 1200)::integer) as transaction_timestamp "
            f"from range({N_USERS}) as t(u), range(2) as s(n) order by all) to '{files}/transactions.parquet'"
        )
    assert deployment.recsys("land", "--history", *files.iterdir()).returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(deployment.data), str(deployment.profile_file)],
        env=deployment.environment,
        cwd=sample.PROJECT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    peaks = json.loads(done.stdout.splitlines()[-1])
    rows = deployment.rows("candidates.als", NIGHT, "count(*), count(distinct user_key)")
    assert rows == [(100 * N_USERS, N_USERS)]
    grown = peaks["candidates.als"] - peaks["clean.events"]
    assert grown < DENSE_MB / 3, peaks
