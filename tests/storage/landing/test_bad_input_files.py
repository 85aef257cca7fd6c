"""Files that cannot be opened or are no files, and folders: the others land, and a sentence says what to do."""

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from recsys_assets.assets.raw import FilesRefused, land_files
from recsys_assets.profile import ProfileError
from recsys_assets.storage.landing import readers
from tests.helpers.shop import Shop, day, line, product

NOBODY = 65534


def good(shop: Shop, user: str):
    return shop.write(f"transactions-{user}.csv", [line(user, "p1", day(20))])


def land(shop: Shop, *paths):
    """What landed by status and name, what was refused, and every line that was told."""
    told: list[str] = []
    try:
        landed, refused = land_files(shop.profile, list(paths), "arrival", told.append, arrived_at=day(22)), ""
    except FilesRefused as error:
        landed, refused = error.landed, str(error)
    return [(file.name, file.status) for file in landed], refused, told


def assert_only_the_good_ones_landed(shop, taken, refused, said):
    assert taken == [("transactions-a.csv", "landed"), ("transactions-z.csv", "landed")]
    assert said in refused
    assert "\n" not in refused
    assert shop.query("select household_id from landing.raw.transactions order by 1") == [("a",), ("z",)]


def test_a_symlink_loop_is_refused_and_the_others_land(shop):
    loop = shop.inbox / "transactions-b.csv"
    loop.symlink_to(loop)
    taken, refused, _ = land(shop, good(shop, "a"), loop, good(shop, "z"))
    assert_only_the_good_ones_landed(
        shop, taken, refused, f"{loop}: cannot be read (Too many levels of symbolic links)"
    )


def test_a_dangling_symlink_is_refused_and_the_others_land(shop):
    dangling = shop.inbox / "transactions-b.csv"
    dangling.symlink_to(shop.inbox / "gone.csv")
    taken, refused, _ = land(shop, good(shop, "a"), dangling, good(shop, "z"))
    assert_only_the_good_ones_landed(shop, taken, refused, f"{dangling}: cannot be read (No such file or directory)")


def test_a_file_that_is_not_there_is_refused_and_the_others_land(shop):
    gone = shop.inbox / "transactions-b.csv"
    taken, refused, _ = land(shop, good(shop, "a"), gone, good(shop, "z"))
    assert_only_the_good_ones_landed(shop, taken, refused, f"{gone} does not exist. Name files or folders that do.")


def test_a_link_to_a_good_file_lands(shop):
    link = shop.inbox / "transactions-b.csv"
    link.symlink_to(good(shop, "a"))
    assert land(shop, link)[:2] == ([("transactions-b.csv", "landed")], "")
    assert shop.query("select household_id from landing.raw.transactions") == [("a",)]


@contextmanager
def without_rights():
    """Root may read everything; let it be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_nobody_may_read_is_refused_and_the_others_land(monkeypatch):
    with TemporaryDirectory() as folder:  # The folders of pytest are closed to others.
        shop = Shop(Path(folder), monkeypatch)
        shop.land("products.csv", [product("p1")], day(1))  # This also loads modules that `nobody` may not load.
        closed = shop.write("transactions-b.csv", [line("b", "p1", day(20))])
        files = [good(shop, "a"), closed, good(shop, "z")]
        for path in (Path(folder), *Path(folder).rglob("*")):
            os.chown(path, NOBODY, NOBODY) if os.geteuid() == 0 else None
        closed.chmod(0)
        with without_rights():
            taken, refused, _ = land(shop, *files)
        assert_only_the_good_ones_landed(shop, taken, refused, f"{closed}: cannot be read (Permission denied); land it")


@pytest.mark.parametrize("name", ["transactions-b.csv", "transactions-b.csv.gz", "transactions-b.jsonl"])
def test_a_file_that_grows_while_it_is_read_is_refused_and_the_others_land(shop, monkeypatch, name):
    growing = shop.write(name, [line("b", "p1", day(20))])
    staged = readers.stage

    def stage_and_grow(con, path, delivery):
        rejects = staged(con, path, delivery)
        if path == growing:
            with path.open("ab") as file:
                file.write(path.read_bytes())
        return rejects

    monkeypatch.setattr(readers, "stage", stage_and_grow)
    taken, refused, _ = land(shop, good(shop, "a"), growing, good(shop, "z"))
    assert_only_the_good_ones_landed(shop, taken, refused, f"{growing}: changed while it was read; land it again when")
    monkeypatch.setattr(readers, "stage", staged)
    assert land(shop, growing)[0] == [(name, "landed")], "when it is complete it lands"


def test_a_quarantined_file_does_not_stop_the_others_and_is_no_refusal(shop):
    broken = shop.write("transactions-b.parquet", b"PAR1 and nothing")
    taken, refused, told = land(shop, good(shop, "a"), broken, good(shop, "z"))
    assert (taken[1], refused) == (("transactions-b.parquet", "quarantined"), "")
    assert len(told) == len(taken) == 3
    assert "No magic bytes" in told[1]


def test_what_is_no_trouble_of_the_file_is_not_taken_for_one(shop, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(readers, "stage", full)
    with pytest.raises(OSError, match="No space left"):
        land(shop, good(shop, "a"))


def test_a_folder_stands_for_its_files_in_the_order_of_deliveries(shop):
    folder = shop.inbox / "transactions.csv"  # The folder is named like a file.
    (folder / "transactions-deep.csv").mkdir(parents=True)
    for name in ("transactions-2.csv", "transactions-1.csv", "products-2.csv"):
        rows = [product("p9")] if name.startswith("products") else [line(name[-5], "p1", day(20))]
        shop.write(name, rows).rename(folder / name)
    for name in (".transactions.csv", "transactions.csv.part", "readme.md", "notes.txt", "a.csv", "b.csv"):
        (folder / name).write_text("x")
    taken, refused, told = land(shop, folder)
    assert taken == [(name, "landed") for name in ("products-2.csv", "transactions-1.csv", "transactions-2.csv")]
    assert refused == ""
    assert told[0] == f"{folder}: left alone 7: .transactions.csv, a.csv, b.csv, notes.txt, readme.md, ..."
    assert len(told) == 4


def test_a_folder_without_a_file_that_can_land_is_refused(shop):
    folder = shop.inbox / "elsewhere"
    folder.mkdir()
    (folder / "prices.csv").write_text("x")
    message = r"elsewhere: holds no file that can land\. Names look like: products\*, demographics\*, transactions\*\."
    with pytest.raises(ProfileError, match=message):
        land(shop, good(shop, "a"), folder)
    assert [file["name"] for file in shop.ledger()] == ["products.csv"]
