"""Sampling: the past of some users, in a scratch deployment, for an audit that costs a small part of a night.

What belongs here: how many users, which of them, and their rows of the tables that the night reads.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from recsys_assets.assets.clean_log import clean_selects
from recsys_assets.assets.steps import all_steps
from recsys_assets.nights import ONE_DAY, nights_between
from recsys_assets.storage.checksums import checksum
from recsys_assets.storage.connections import connect
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.partitions import NotBuilt
from recsys_assets.storage.lake.plan import list_files
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.private import private_folder
from recsys_jobs.audit.scratch import link

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.partitions import Partition

MOST, LEAST, SHARE = 2_000, 50, 0.05
"""Users of a sample: at most, at least, and in between the share of all."""
N_LOG_NIGHTS = 3
"""Nights of the log that it builds at most: where weeks lie between two built nights, the others come as they are."""


def share_of(n_users: int) -> float:
    """Share of so many users that a sample holds."""
    return min(1.0, max(LEAST, min(MOST, SHARE * n_users)) / max(1, n_users))


def users_of(profile: Profile, night: Night) -> int:
    """How many users a built night knows."""
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(p.path).num_rows for p in Lake(profile).partitions("clean.user_keys", night))


def log_since(profile: Profile, night: Night) -> list[Night]:
    """Nights of the log that belong to a night: those since the night built before, and itself; oldest first."""
    before = max(
        (built for built in Lake(profile).built_nights() if built < night), default=profile.first_night - ONE_DAY
    )
    return nights_between(before + ONE_DAY, night)


def sample_log(profile: Profile, night: Night) -> list[Night]:
    """Nights of the log that a sample builds with a night: the last of those that belong to it; oldest first."""
    return log_since(profile, night)[-N_LOG_NIGHTS:]


def read_before(profile: Profile, night: Night) -> list[Partition]:
    """Partitions of earlier nights that the steps of a night read, and all of the log but its own, each once.

    A night of the log that had not all of its tables would be written again.
    """
    lake, own = Lake(profile), sample_log(profile, night)
    logs = {f"clean.{name}": select.reads for name, select in clean_selects(Landing(profile)).items()}
    plans = [list_files(lake, night, (), logs)]
    # What stands in no catalogue is of the night itself, or the log.
    names = {read for step in all_steps(profile) for read in step.reads if read.catalog or read.schema == "clean"}
    for name in names:
        with suppress(NotBuilt):  # The night builds the first one.
            plans.append(list_files(lake, night, (name,), {}))
    files = [p for plan in plans for shown in (*plan.shown.values(), tuple(plan.shapes.values())) for p in shown]
    files += [p for name in logs for p in lake.partitions(name, night)]
    files = [p for p in files if p.night < night and not (p.table.startswith("clean.") and p.night in own)]
    return list({p.path: p for p in files}.values())


def sample_past(profile: Profile, scratch: Profile, night: Night, share: float) -> None:
    """Write a sample of users' rows of the night's inputs from earlier nights into a scratch deployment.

    Tables without users come whole, by a link. The footers stay, and the names but for the checksum.
    O(rows that the night reads), read once.
    """
    import pyarrow.parquet as pq

    lake, there = Lake(profile), Lake(scratch)
    users = _kept_users(profile, night, share)
    for partition in read_before(profile, night):
        target, schema = there.root / partition.path.relative_to(lake.root), pq.read_schema(partition.path)
        if share == 1 or "user_key" not in schema.names:
            link(partition.path, target)
            continue
        private_folder(target.parent)
        _copy_rows(partition.path, target, schema, users)
        name = f"{partition.sequence:06d}-{partition.fingerprint}-{checksum(target)}.parquet"
        target.rename(target.with_name(name))


def _copy_rows(file: Path, target: Path, schema: pa.Schema, users: pa.Array) -> None:
    """Copy the rows of some users, a row group at a time."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with (
        pq.ParquetFile(file) as given,
        pq.ParquetWriter(target, schema, compression="zstd", compression_level=1) as new,
    ):
        for group in range(given.num_row_groups):
            rows = given.read_row_group(group)
            new.write_table(rows.filter(pc.is_in(rows["user_key"], users)).cast(schema))


def _kept_users(profile: Profile, night: Night, share: float) -> pa.Array:
    """Keys of the users in the sample: those whose rows `relanding` keeps, where ids are as they were delivered."""
    import pyarrow as pa

    files = [str(partition.path) for partition in Lake(profile).partitions("clean.user_keys", night)]
    if not files:
        return pa.array([], pa.int32())
    with connect() as con:
        rows = con.sql(
            f"select user_key from read_parquet($files, hive_partitioning = false) where {in_sample('user_id', share)}",
            params={"files": files},
        )
        return rows.to_arrow_table()["user_key"].combine_chunks()


def in_sample(column: str, share: float) -> str:
    """Condition on the users of a sample, by a hash of their id."""
    return f"hash(coalesce({column}::varchar, '')) % 10000 < {round(share * 10_000)}"
