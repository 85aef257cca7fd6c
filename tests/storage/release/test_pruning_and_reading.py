"""What goes when releases are pruned, and what readers keep."""

import os
import time
from datetime import date, timedelta

import duckdb
import pytest

from recsys_assets.storage.release.releases import ReleaseError
from tests.storage.release.few_rows import FIRST, SECOND, THIRD, leftovers, release


def test_prune_spares_the_current_release_and_the_one_before(releases):
    for night in (FIRST, SECOND, THIRD):
        release(releases, night)
    releases.rollback()
    assert releases.prune(keep=0, older_than=timedelta(0)) == ("2017-11-03-a",)
    assert releases.rollback().name == "2017-11-01-a"
    assert leftovers(releases) == []


def test_prune_spares_the_latest_nights_and_the_young(releases):
    for night in (FIRST, SECOND, THIRD, date(2017, 11, 4), date(2017, 11, 5)):
        release(releases, night)
    assert releases.prune(keep=0, older_than=timedelta(hours=1)) == ()
    two_hours_ago = time.time() - 7200
    os.utime(releases.folder / "2017-11-01-a" / "recsys.duckdb", (two_hours_ago, two_hours_ago))
    os.utime(releases.folder / "2017-11-03-a" / "recsys.duckdb", (two_hours_ago, two_hours_ago))
    assert releases.prune(keep=3, older_than=timedelta(hours=1)) == ("2017-11-01-a",)
    assert [kept.night.day for kept in releases.list()] == [2, 3, 4, 5]
    with pytest.raises(ReleaseError, match="-1 releases"):
        releases.prune(keep=-1, older_than=timedelta(0))


def test_connect_stays_on_its_release_and_the_next_sees_the_new_one(releases):
    release(releases, FIRST)
    with releases.connect() as old:
        release(releases, SECOND)
        with releases.connect() as new:
            for con, night in ((old, FIRST), (new, SECOND)):
                assert con.execute("select night from meta.build").fetchall() == [(night,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            old.execute("create table meta.x (i int)")
        items = old.execute("from serving.recommend('u3', k := 1)").fetchall()
    assert items == [("7", 1)]


def test_connect_with_nothing_published_says_what_to_do(releases):
    with pytest.raises(ReleaseError, match=r"Nothing is published in .*shop yet: build a night first"):
        releases.connect()
    assert releases.list() == ()


def test_connect_to_a_release_that_was_deleted_says_what_to_do(releases):
    release(releases, FIRST)
    (releases.folder / "2017-11-01-a").rename(releases.folder / "gone")
    with pytest.raises(ReleaseError, match=r"2017-11-01-a cannot be opened.*Roll back"):
        releases.connect()
