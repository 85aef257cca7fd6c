"""Model folders: found by night only, never changed."""

import os
import re
import shutil
from datetime import date, datetime

import pytest

from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.lake.partitions import LakeError
from recsys_assets.storage.lake.provenance import Provenance
from recsys_assets.storage.models import Models
from tests.helpers.damage import flip
from tests.storage.lakes import MONDAY, TUESDAY, make_profile

ABOUT = Provenance(MONDAY, run_id="r1", table="models.als")


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
        table="models.als",
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


# From here on it is about models that are not what was written in their place.


def change(path):
    """Change a file's bytes, and set its time back."""
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def link(path):
    """Put a link to the same bytes in a file's place."""
    path.rename(path.parents[3] / "elsewhere")
    path.symlink_to(path.parents[3] / "elsewhere")


OTHER_FILES = {
    "another": (lambda path: change(path / "a"), "its files are not those that were written"),
    "added": (lambda path: (path / "c").write_bytes(b"later"), "its files are not those that were written"),
    "added and hidden": (lambda path: (path / ".c").write_bytes(b""), "its files are not those that were written"),
    "removed": (lambda path: (path / "b").unlink(), "its files are not those that were written"),
    "renamed": (lambda path: (path / "b").rename(path / "c"), "its files are not those that were written"),
    "a link": (lambda path: link(path / "b"), "b is a link"),
    "other provenance": (lambda path: change(path / "provenance.json"), "provenance.json is not what was written"),
    "no provenance": (lambda path: (path / "provenance.json").unlink(), "provenance.json is not what was written"),
}


@pytest.mark.parametrize(("spoil", "said"), OTHER_FILES.values(), ids=list(OTHER_FILES))
def test_a_folder_that_was_changed_is_noticed_and_replaced(models, spoil, said):
    model = models.write("als", MONDAY, save(a=b"12", b=b"345"), ABOUT)
    model.verify()
    spoil(model.path)
    with pytest.raises(DamagedFile, match=f"^{re.escape(str(model.path))} is damaged: {said}.* recsys night {MONDAY}$"):
        model.verify()
    again = models.write("als", MONDAY, save(a=b"12", b=b"345"), ABOUT)
    again.verify()
    assert (again.fingerprint, again.path.name[:6]) == (model.fingerprint, "000002")


@pytest.mark.parametrize("of", [("als", TUESDAY), ("item_knn", MONDAY)])
def test_a_model_of_another_night_or_algorithm_in_its_place_is_refused(models, of):
    models.write("als", MONDAY, save(a=b"1"), ABOUT)
    other = models.write(*of, save(a=b"2"), Provenance(of[1]))
    copied = models.root / "als" / f"night={MONDAY}" / f"000002{other.path.name[6:]}"
    shutil.copytree(other.path, copied)
    said = f"it was fitted as models.{of[0]} of night {of[1]}, and lies in the place of models.als of night {MONDAY}"
    with pytest.raises(DamagedFile, match=f"{copied} is damaged: {said}"):
        models.get("als", MONDAY).verify()


def test_a_model_of_the_first_versions_does_not_say_its_algorithm(models):
    model = models.write("als", MONDAY, save(a=b"1"), ABOUT)
    older = model.path.with_name("000002-0a1b")
    shutil.copytree(model.path, older)
    told = (older / "provenance.json").read_text().replace('"models.als"', "null")
    told = told.replace('"fingerprint_format": 2', '"fingerprint_format": 1')
    (older / "provenance.json").chmod(0o600)
    (older / "provenance.json").write_text(told)
    current = models.get("als", MONDAY)
    assert (current.path, current.provenance.table) == (older, None)
    current.verify()


def test_a_model_put_there_by_hand_is_refused(models):
    model = models.write("als", MONDAY, save(a=b"1"), ABOUT)
    shutil.copytree(model.path, model.path.with_name("000002-0a1b"))
    with pytest.raises(DamagedFile, match="its name tells no checksum"):
        models.get("als", MONDAY).verify()
