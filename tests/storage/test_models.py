"""Model folders: found by night only, never changed."""

import re
from datetime import date, datetime

import pytest

from recsys_assets.storage.lake.partitions import LakeError
from recsys_assets.storage.lake.provenance import Provenance
from recsys_assets.storage.models import Models
from tests.storage.lakes import MONDAY, TUESDAY, make_profile

ABOUT = Provenance(MONDAY, run_id="r1")


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path))
    return Models(make_profile())


def save(**files):
    """A model that writes these files."""

    def write(folder):
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)

    return write


def contents(model):
    return {path.name: path.read_bytes() for path in model.path.iterdir() if path.name != "provenance.json"}


def versions(models, algorithm="als", night=MONDAY):
    return sorted(path.name[:6] for path in (models.root / algorithm / f"night={night}").glob("[0-9]*"))


def test_a_model_is_found_with_what_it_was_made_from(models):
    written = models.write("als", MONDAY, save(a=b"12", b=b"345"), ABOUT)
    assert models.get("als", MONDAY) == written
    assert contents(written) == {"a": b"12", "b": b"345"}
    assert written.provenance == ABOUT
    assert written.bytes == 5 + (written.path / "provenance.json").stat().st_size
    assert written.path.name == f"000001-{written.fingerprint}-{written.checksum}"


def test_equal_bytes_write_nothing(models):
    first = models.write("als", MONDAY, save(a=b"1"), ABOUT)
    again = models.write("als", MONDAY, save(a=b"1"), Provenance(MONDAY, run_id="r2"))
    assert again == first
    assert again.provenance.run_id == "r1"
    assert versions(models) == ["000001"]


def test_everything_it_says_of_itself_comes_back(models):
    about = Provenance(
        MONDAY,
        profile="a1b2",
        code_version="c3",
        run_id="r1",
        watermark=datetime(2020, 3, 2, 23, 59, 59, 999_999),
        inputs={"clean.events": {MONDAY: "aa", date(2020, 3, 1): "bb"}},
        models={"als": "2020-03-02 ff"},
        cutoff=datetime(2020, 3, 3),
        settings={"factors": 16, "weight": 0.5},
    )
    assert models.write("als", MONDAY, save(a=b"1"), about).provenance == about


@pytest.mark.parametrize("other", [{"a": b"2"}, {"b": b"1"}, {"a": b"1", "b": b""}, {}])
def test_other_names_or_bytes_are_another_model(models, other):
    first = models.write("als", MONDAY, save(a=b"1"), ABOUT)
    assert models.write("als", MONDAY, save(**other), ABOUT).fingerprint != first.fingerprint


def test_the_newest_is_current_and_the_older_stay_as_they_were(models):
    first = models.write("als", MONDAY, save(a=b"1"), ABOUT)
    for content in [b"%d" % number for number in range(2, 12)]:
        newest = models.write("als", MONDAY, save(a=content), ABOUT)
    assert contents(models.get("als", MONDAY)) == {"a": b"11"}
    assert newest.path.name.startswith("000011-")
    assert contents(first) == {"a": b"1"}


def test_what_was_written_before_can_become_current_again(models):
    first = models.write("als", MONDAY, save(a=b"1"), ABOUT)
    models.write("als", MONDAY, save(a=b"2"), ABOUT)
    back = models.write("als", MONDAY, save(a=b"1"), ABOUT)
    assert back.fingerprint == first.fingerprint
    assert versions(models) == ["000001", "000002", "000003"]
    assert models.get("als", MONDAY) == back


def test_another_night_and_another_algorithm_are_other_models(models):
    models.write("als", MONDAY, save(a=b"monday"), ABOUT)
    models.write("als", TUESDAY, save(a=b"tuesday"), ABOUT)
    models.write("item_knn", MONDAY, save(a=b"neighbours"), ABOUT)
    assert contents(models.get("als", MONDAY)) == {"a": b"monday"}
    assert contents(models.get("als", TUESDAY)) == {"a": b"tuesday"}
    assert contents(models.get("item_knn", MONDAY)) == {"a": b"neighbours"}


@pytest.mark.parametrize("night", [date(2020, 3, 1), TUESDAY])
def test_a_night_without_a_model_takes_no_other_nights(models, night):
    models.write("als", MONDAY, save(a=b"1"), ABOUT)
    said = f"Algorithm als has no model of night {night}: materialize models/als first."
    with pytest.raises(LakeError, match=f"^{re.escape(said)}$"):
        models.get("als", night)


def test_a_model_that_fails_while_it_is_saved_changes_nothing(models):
    first = models.write("als", MONDAY, save(a=b"1"), ABOUT)

    def fail(folder):
        save(a=b"half")(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        models.write("als", MONDAY, fail, ABOUT)
    assert models.get("als", MONDAY) == first


def test_what_a_killed_process_left_is_removed_and_never_read(models):
    folder = models.root / "als" / f"night={MONDAY}"
    for name in (".tmp-model", ".tmp-other"):
        (folder / name).mkdir(parents=True)
        (folder / name / "half").write_bytes(b"torn")
    with pytest.raises(LakeError, match="has no model"):
        models.get("als", MONDAY)
    written = models.write("als", MONDAY, save(a=b"1"), ABOUT)
    assert contents(written) == {"a": b"1"}
    assert not list(folder.glob(".tmp-*"))
