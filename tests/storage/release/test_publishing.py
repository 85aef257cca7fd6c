"""Publishing, rolling back and the history of both."""

from datetime import UTC, date, datetime, timedelta

import pytest

from recsys_assets.storage.release.releases import ReleaseError, Releases
from tests.storage.release.few_rows import FIRST, MACROS, SECOND, THIRD, published_night, release, tables


def test_publishing_moves_the_link_forward(releases):
    before = datetime.now(UTC)
    assert release(releases, FIRST).changed
    assert release(releases, SECOND).changed
    assert published_night(releases) == SECOND
    first, second = releases.list()
    assert (first.night, first.id, first.is_current) == (FIRST, "a", False)
    assert (second.night, second.id, second.is_current) == (SECOND, "a", True)
    assert second.bytes == releases.link.stat().st_size
    assert before <= first.published_at <= second.published_at <= datetime.now(UTC)
    assert releases.current() == second


def test_publishing_again_changes_nothing(releases):
    release(releases, FIRST)
    link = releases.link.lstat().st_ino
    again = releases.publish(FIRST, "a")
    assert (again.published, again.changed) == (True, False)
    assert releases.link.lstat().st_ino == link
    assert len(releases.history()) == 1


def test_a_backfilled_night_never_moves_the_link_backwards(releases):
    release(releases, SECOND)
    result = release(releases, FIRST)
    assert (result.published, result.changed) == (False, False)
    assert "2017-11-02-a, of a later night, is current" in result.reason
    assert published_night(releases) == SECOND
    assert releases.list()[0].published_at is None


def test_a_night_built_anew_replaces_its_own_release(releases):
    release(releases, FIRST, "a")
    assert release(releases, FIRST, "b").changed
    assert releases.current().name == "2017-11-01-b"
    assert releases.rollback().name == "2017-11-01-a"


def test_the_link_survives_a_move_of_the_whole_folder(releases, tmp_path):
    release(releases, FIRST)
    moved = Releases(releases.root.rename(tmp_path / "elsewhere"))
    assert published_night(moved) == FIRST


def test_a_file_in_the_place_of_the_link_is_not_overwritten(releases):
    releases.build(FIRST, "a", tables(), MACROS)
    releases.link.write_text("someone's own")
    with pytest.raises(ReleaseError, match="move it away"):
        releases.publish(FIRST, "a")
    assert releases.link.read_text() == "someone's own"


def test_rollback_goes_back_step_by_step_and_the_next_night_forward(releases):
    for night in (FIRST, SECOND, THIRD):
        release(releases, night)
    assert releases.rollback().name == "2017-11-02-a"
    assert published_night(releases) == SECOND
    releases.rollback()
    assert published_night(releases) == FIRST
    with pytest.raises(ReleaseError, match="nothing to roll back to"):
        releases.rollback()
    assert release(releases, date(2017, 11, 4)).changed
    assert published_night(releases) == date(2017, 11, 4)
    assert releases.rollback().name == "2017-11-01-a", "what readers saw before, not the release rolled back from"
    actions = [entry.action for entry in releases.history()]
    assert actions == ["publish"] * 3 + ["rollback"] * 2 + ["publish", "rollback"]


def test_rollback_to_a_named_release(releases):
    for night in (FIRST, SECOND, THIRD):
        release(releases, night)
    assert releases.rollback("2017-11-01-a").changed
    assert not releases.rollback("2017-11-01-a").changed
    assert published_night(releases) == FIRST
    for wrong in ("2017-11-09-a", "../shop/releases/2017-11-02-a"):
        with pytest.raises(ReleaseError, match="There is no release"):
            releases.rollback(wrong)


def test_rollback_passes_over_a_release_that_was_deleted(releases):
    for night in (FIRST, SECOND, THIRD):
        release(releases, night)
    (releases.folder / "2017-11-02-a").rename(releases.folder / "gone")
    assert releases.rollback().name == "2017-11-01-a"


def test_rollback_with_nothing_published(releases):
    with pytest.raises(ReleaseError, match="nothing to roll back to"):
        releases.rollback()


def test_a_torn_last_line_is_left_out(releases):
    release(releases, FIRST)
    release(releases, SECOND)
    text = releases.history_file.read_text()
    for end in range(len(text) - 1, text.index("\n"), -7):
        releases.history_file.write_text(text[:end])
        assert [entry.name for entry in releases.history()] == ["2017-11-01-a", "2017-11-02-a"]
    release(releases, THIRD)
    assert len(releases.history_file.read_text().splitlines()) == 3


def test_a_publication_cut_short_after_the_swap_is_written_down_later(releases):
    release(releases, FIRST)
    release(releases, SECOND)
    (first, second) = releases.history()
    lines = releases.history_file.read_text().splitlines(keepends=True)
    releases.history_file.write_text(lines[0])
    assert releases.history()[0] == first
    recovered = releases.history()[1]
    assert (recovered.name, recovered.action) == (second.name, "publish")
    assert abs(recovered.at - second.at) < timedelta(seconds=5)
    releases.publish(SECOND, "a")
    assert len(releases.history_file.read_text().splitlines()) == 2


def test_a_damaged_line_is_named(releases):
    release(releases, FIRST)
    releases.history_file.write_text("{}\n" + releases.history_file.read_text())
    with pytest.raises(ReleaseError, match=r"Line 1 of .*history\.jsonl"):
        releases.history()
