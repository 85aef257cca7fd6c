"""The sample of an audit: which users, which rows, and what is not touched."""

import pyarrow.parquet as pq
import pytest

from recsys_assets.nights import ONE_DAY
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.models import Models
from recsys_jobs.audit import sampling
from recsys_jobs.audit.sampling import LEAST, MOST, log_since, read_before, sample_past, share_of, users_of
from recsys_jobs.audit.scratch import link_nights, link_others, pretend_later
from tests.helpers import sample

NIGHT = sample.NIGHTS[1]


@pytest.fixture
def taken(built, tmp_path):
    """The deployment's past of two fifths of its users, in another folder."""
    scratch = built.profile.inside(tmp_path)
    with built.active():
        sample_past(built.profile.inside(built.data), scratch, NIGHT, 0.4)
    return scratch


def keys_of(partition):
    return set(pq.read_table(partition.path, columns=["user_key"])["user_key"].to_pylist())


def test_it_holds_the_same_users_in_every_table_and_all_of_what_has_none(built, taken):
    there, lake = Lake(taken), built.lake
    keys = {key for partition in there.partitions("clean.user_keys") for key in keys_of(partition)}
    every = {key for partition in lake.partitions("clean.user_keys", NIGHT - ONE_DAY) for key in keys_of(partition)}
    assert 0 < len(keys) < len(every)
    for table in there.tables():
        for partition in there.partitions(table):
            whole = lake.partition(table, partition.night)
            assert partition.night < NIGHT
            assert partition.fingerprint == whole.fingerprint
            assert provenance(partition.path) == provenance(whole.path)
            lake.verify(partition)
            if "user_key" in pq.read_schema(whole.path).names:
                assert keys_of(partition) == keys_of(whole) & keys, table
                assert pq.read_schema(partition.path).equals(pq.read_schema(whole.path))
            else:
                assert partition.path.samefile(whole.path), table


def test_it_holds_what_the_night_reads_and_no_more(built, taken):
    with built.active():
        read = {(p.table, p.night) for p in read_before(built.profile, NIGHT)}
    there = Lake(taken)
    assert {(p.table, p.night) for table in there.tables() for p in there.partitions(table)} == read
    assert ("clean.events", sample.NIGHTS[0]) in read
    assert all(night < NIGHT for _, night in read)


def test_the_nights_of_the_log_since_the_last_built_one_are_built_anew(built, taken):
    with built.active():
        own = log_since(built.profile.inside(built.data), NIGHT)
        first = log_since(built.profile.inside(built.data), sample.NIGHTS[0])
    assert own == [NIGHT - 2 * ONE_DAY, NIGHT - ONE_DAY, NIGHT]
    assert first == [built.profile.first_night, sample.NIGHTS[0]]
    assert set(built.lake.nights("clean.events")) > set(own)
    assert not set(Lake(taken).nights("clean.events")) & set(own)


def test_of_many_nights_of_the_log_the_last_are_built_anew(built, monkeypatch):
    monkeypatch.setattr(sampling, "N_LOG_NIGHTS", 2)
    profile = built.profile.inside(built.data)
    with built.active():
        assert sampling.sample_log(profile, NIGHT) == [NIGHT - ONE_DAY, NIGHT]
        read = {partition.night for partition in read_before(profile, NIGHT) if partition.table == "clean.events"}
    assert max(read) == NIGHT - 2 * ONE_DAY, "the others come as they are"


def test_a_share_of_the_users_but_neither_few_nor_many(built):
    with built.active():
        n_users = users_of(built.profile.inside(built.data), NIGHT)
    assert n_users == len({key for p in built.lake.partitions("clean.user_keys", NIGHT) for key in keys_of(p)})
    assert share_of(n_users) == LEAST / n_users
    for n, share in ((0, 1), (10, 1), (499, LEAST / 499), (10_000, 0.05), (100_000, MOST / 100_000)):
        assert share_of(n) == pytest.approx(share)


def test_the_newest_partitions_and_models_pretend_to_be_of_the_next_night(built, tmp_path):
    scratch = built.profile.inside(tmp_path)
    with built.active():
        link_nights(built.profile.inside(built.data), scratch, lambda _, of: of < NIGHT)
    pretend_later(scratch, NIGHT)
    lake, models = Lake(scratch), Models(scratch)
    lists = lake.partitions("recommendations.lists")
    assert [p.night for p in lists] == [sample.NIGHTS[0], NIGHT + ONE_DAY]
    assert lists[0].fingerprint == lists[1].fingerprint
    assert lake.nights("clean.events")[-1] < NIGHT, "the log's later nights are made of poison"
    assert {m.night for m in models.all() if m.algorithm == "als"} == {sample.NIGHTS[0], NIGHT + ONE_DAY}


def test_files_that_are_none_of_ours_are_shown_as_copies(built, tmp_path):
    scratch = built.profile.inside(tmp_path / "scratch")
    profile = built.copy(tmp_path / "copy").profile.inside(tmp_path / "copy")
    (profile.folder / "inbox").mkdir(exist_ok=True)
    (profile.folder / "inbox" / "tomorrow.csv").write_text("sold tomorrow")
    (profile.folder / "bounds.json").write_text("{}")
    link_others(profile, scratch)
    shown = {str(p.relative_to(scratch.folder)) for p in scratch.folder.rglob("*") if p.is_file()}
    assert {"inbox/tomorrow.csv", "bounds.json", "mlflow.db"} <= shown
    assert not [name for name in shown if name.startswith(("lake", "landing", "models", "releases", "recsys", "tmp"))]
    assert not (scratch.folder / "bounds.json").samefile(profile.folder / "bounds.json")
