"""Files out of their place: copied under another night or table, links, and bytes changed behind the lake's back."""

import os
import re
import shutil
from dataclasses import replace
from datetime import datetime

import pyarrow.parquet as pq
import pytest

from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.lake.lake import Lake, LakeError
from recsys_assets.storage.lake.partitions import Partition
from recsys_assets.storage.lake.provenance import FOOTER, provenance
from tests.helpers.damage import flip
from tests.storage.lakes import MONDAY, TUESDAY, WEDNESDAY, seeing, write


@pytest.fixture
def one(lake: Lake) -> dict:
    """Partitions of features.one of Monday and Tuesday, and of features.two of Monday."""
    nights = {night: write(lake, "features.one", night, [{"k": night.day}]) for night in (MONDAY, TUESDAY)}
    return nights | {"two": write(lake, "features.two", MONDAY, [{"k": 7}])}


def refused(lake: Lake, *said: str, name: str = "past.features.one") -> None:
    with pytest.raises(DamagedFile) as error, seeing(lake, WEDNESDAY, name):
        pass
    for words in said:
        assert words in str(error.value)


def copy(given: Partition, folder, number: int = 2, *, name: str | None = None):
    """Copy a partition's file to another folder as its newest."""
    target = folder / f"{number:06d}{given.path.name[6:] if name is None else name}"
    shutil.copy(given.path, target)
    return target


@pytest.mark.parametrize("name", [None, "-0a1b.parquet"], ids=["as it was named", "named as the first versions did"])
def test_a_file_of_another_night_is_refused_and_the_night_built_again_replaces_it(lake, one, name):
    target = copy(one[TUESDAY], one[MONDAY].path.parent, name=name)
    refused(
        lake,
        f"{target} is damaged: it was written as features.one of night {TUESDAY}, and lies in the place of "
        f"features.one of night {MONDAY}.",
        f"recsys night {MONDAY}",
    )
    again = write(lake, "features.one", MONDAY, [{"k": 2}])
    assert (again.sequence, again.fingerprint) == (3, one[MONDAY].fingerprint)
    with seeing(lake, WEDNESDAY, "past.features.one") as ask:
        assert ask("select k from past.features.one order by k") == [(2,), (3,)]


def test_a_file_of_another_table_is_refused(lake, one):
    copy(one["two"], one[MONDAY].path.parent)
    refused(lake, f"it was written as features.two of night {MONDAY}, and lies in the place of features.one")


def test_one_whose_name_alone_tells_the_columns_is_refused_too(lake, one):
    """A table that was never built on the graded night is shown empty, with the columns of another night's file."""
    write(lake, "features.one", WEDNESDAY, [{"k": 4}])
    copy(one["two"], one[MONDAY].path.parent)
    shutil.rmtree(one[TUESDAY].path.parent)
    shutil.rmtree(lake.folder("features.one", WEDNESDAY))
    refused(lake, "it was written as features.two", name="before.features.one")


def test_footers_of_the_first_versions_are_read(lake, one):
    path = one[MONDAY].path
    told = provenance(path).to_json()
    for later in ("profile", "models", "fingerprint_format"):
        told = re.sub(rf'"{later}":(\{{.*?\}}|"[^"]*"|\d+),', "", told)
    assert "fingerprint_format" not in told
    rows = pq.ParquetFile(path).read()
    pq.write_table(rows.replace_schema_metadata({FOOTER: told}), path.with_name("000002-0a1b.parquet"))
    with seeing(lake, WEDNESDAY, "past.features.one") as ask:
        assert ask("select k from past.features.one order by k") == [(2,), (3,)]


def test_bytes_changed_with_size_and_time_as_they_were_are_noticed(lake, one):
    """The process has read the file before, so only the time of the change itself tells."""
    path = one[MONDAY].path
    lake.verify(one[MONDAY])
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    refused(lake, f"{path} is damaged: its bytes are not those that were written")


def test_a_file_that_was_patched_by_hand_is_refused(lake, one):
    """Arrow keeps the footer of what it read, so it tells the right table and night."""
    path = one[MONDAY].path
    pq.write_table(pq.ParquetFile(path).read().slice(0, 0), path.with_name("000002-0a1b.parquet"))
    refused(lake, "its name tells no checksum, so it was not written by a night")


def test_a_folder_that_names_a_night_otherwise_adds_no_rows(lake, one):
    shutil.copytree(one[MONDAY].path.parent, one[MONDAY].path.parent.with_name(f"night={MONDAY:%Y%m%d}"))
    assert lake.nights("features.one") == [MONDAY, TUESDAY]


@pytest.mark.parametrize("above", range(3), ids=["file", "folder of a night", "folder of a table"])
def test_what_lies_behind_a_link_is_refused(lake, one, tmp_path, above):
    place = [one[MONDAY].path, *one[MONDAY].path.parents][above]
    elsewhere = tmp_path / f"elsewhere{place.suffix}"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    refused(lake, f"{place} is a link, so what lies there can be another deployment's")


def test_a_lake_may_lie_on_another_disk_but_not_in_another_deployment(lake, one, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    lake.root.rename(disk / "lake")
    lake.root.symlink_to(disk / "lake")
    with seeing(lake, WEDNESDAY, "past.features.one") as ask:
        assert ask("select count(*) from past.features.one") == [(2,)]
    (disk / "landing.duckdb").touch()
    with pytest.raises(LakeError, match="is a link to the lake of another deployment"), seeing(lake, WEDNESDAY):
        pass


def test_a_watermark_past_the_cutoff_in_a_footer_is_noticed(lake, one):
    path, rows = one[MONDAY].path, pq.ParquetFile(one[MONDAY].path).read()
    about = replace(provenance(path), watermark=datetime(2020, 3, 5, 10), fingerprint_format=1)
    pq.write_table(rows.replace_schema_metadata({FOOTER: about.to_json()}), path.with_name("000002-0a1b.parquet"))
    with pytest.raises(LakeError, match="rests on an event of 2020-03-05"), seeing(lake, TUESDAY, "past.features.one"):
        pass
