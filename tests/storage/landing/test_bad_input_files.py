"""Files that cannot be opened or are no files, and folders: the others land, and a sentence says what to do."""

import os
import socket
import stat
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from recsys_assets.assets.raw import FilesRefused, history_files, inbox, land_files
from recsys_assets.profile import ProfileError
from recsys_assets.storage.landing import readers
from tests.helpers.shop import PRODUCTS, TRANSACTIONS, Shop, day, encode, line, product, stocked

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


LINKS = {"a file of this machine": "/etc/passwd", "a device": "/dev/zero", "nowhere": "gone.csv", "itself": "b.csv"}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("target", LINKS.values(), ids=LINKS)
def test_a_link_is_refused_by_name_wherever_it_leads_and_the_others_land(shop, target):
    link = shop.inbox / "transactions-b.csv"
    link.symlink_to(shop.inbox / target.replace("b.csv", link.name))
    files = [good(shop, "a"), link, good(shop, "z")]
    assert_only_the_good_ones_landed(shop, *land(shop, *files)[:2], f"{link}: is a link, and what it leads to may be")
    again, refused, told = land(shop, shop.inbox)  # By its folder it is found, and refused no less.
    assert [status for _, status in again] == ["already landed"] * 3
    assert f"{link}: is a link" in refused
    assert "root:" not in "".join([refused, *told, *map(str, shop.ledger())])


def test_a_link_to_a_good_file_is_refused_too(shop):
    link = shop.inbox / "transactions-b.csv"
    link.symlink_to(good(shop, "a"))
    assert land(shop, link)[:2] == (
        [],
        f"{link}: is a link, and what it leads to may be anything; put the file itself in its place.",
    )


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


NO_FILES = {
    "a pipe (FIFO)": os.mkfifo,
    "a device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5)),  # /dev/zero
    "a socket": make_socket,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("kind", "make"), NO_FILES.items(), ids=NO_FILES)
def test_a_pipe_a_device_or_a_socket_is_refused_at_once_and_the_others_land(tmp_path, monkeypatch, kind, make):
    if kind == "a device" and os.geteuid() != 0:
        pytest.skip("only root can make a device")
    monkeypatch.chdir(tmp_path)  # The path of a socket is short.
    shop = stocked(tmp_path, monkeypatch)
    odd = shop.inbox / "transactions-b.csv"
    make(odd.relative_to(tmp_path))
    files = [good(shop, "a"), odd, good(shop, "z")]
    said = f"{odd}: is {kind}, and only files land; put a file in its place or take it away."
    assert_only_the_good_ones_landed(shop, *land(shop, *files)[:2], said)


def test_a_name_that_is_no_utf8_lands_under_one_that_can_be_read(shop):
    odd = shop.inbox / os.fsdecode(b"transactions-b\xe9.csv")
    odd.write_bytes(encode("x.csv", [line("b", "p1", day(20))]))
    other = shop.inbox / os.fsdecode(b"\xff.txt")
    other.write_text("x")
    good(shop, "a"), good(shop, "z")
    taken, refused, told = land(shop, shop.inbox)
    expected = ["products.csv", "transactions-a.csv", "transactions-b\\xe9.csv", "transactions-z.csv"]
    assert ([name for name, _ in taken], refused) == (expected, "")
    assert [file["name"] for file in shop.ledger()] == expected
    assert any("transactions-b\\xe9.csv: landed, 1 rows read" in sentence for sentence in told)
    assert told[0] == f"{shop.inbox}: left alone 1: \\xff.txt"
    "".join([refused, *told]).encode()  # It can be printed.
    odd.unlink()
    odd.write_bytes(encode("x.csv", [line("c", "p1", day(20))]))
    (said,) = land(shop, odd)[2]
    assert said.split("\n")[0] == (
        "transactions-b\\xe9.csv: landed, 1 rows read, 1 landed, 0 rejected, "
        "in place of the 1 that landed under this name before"
    )


def test_what_is_refused_is_named_though_its_name_is_no_utf8(shop):
    odd = shop.inbox / os.fsdecode(b"transactions-\xe9.csv")
    odd.symlink_to("/etc/passwd")
    assert f"{shop.inbox}/transactions-\\xe9.csv: is a link" in land(shop, odd)[1]
    gone = shop.inbox / os.fsdecode(b"transactions-\xe8.csv")
    assert "transactions-\\xe8.csv does not exist" in land(shop, gone)[1]
    other = shop.inbox / os.fsdecode(b"\xe9.csv")
    other.touch()
    with pytest.raises(ProfileError, match=r"/\\xe9\.csv: no delivery of profile shop has such a file"):
        land(shop, other)


def test_a_linked_folder_that_leads_out_of_the_inbox_is_refused(shop, tmp_path):
    inbox_of_profile = inbox(shop.profile)
    inbox_of_profile.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    good(shop, "b").rename(outside / "transactions-b.csv")
    (inbox_of_profile / "sub").symlink_to(outside)
    (inbox_of_profile / "own").mkdir()
    good(shop, "a").rename(inbox_of_profile / "own" / "transactions-a.csv")
    (inbox_of_profile / "near").symlink_to("own")
    through = [inbox_of_profile / "sub", inbox_of_profile / "sub" / "transactions-b.csv"]
    for path in through:
        assert land(shop, path)[:2] == (
            [],
            f"{path}: a link on the way to it leads out of the inbox; put the files into it.",
        )
    assert land(shop, inbox_of_profile / "near")[0] == [("transactions-a.csv", "landed")]
    assert land(shop, outside)[0] == [("transactions-b.csv", "landed")], "who names it means it"


def test_an_inbox_that_is_a_link_itself_is_where_its_owner_wants_it(shop, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    inbox(shop.profile).parent.mkdir(parents=True, exist_ok=True)
    inbox(shop.profile).symlink_to(disk)
    good(shop, "a").rename(disk / "transactions-a.csv")
    assert land(shop, inbox(shop.profile))[:2] == ([("transactions-a.csv", "landed")], "")


def test_history_names_what_it_refuses(tmp_path, monkeypatch):
    history = tmp_path / "history"
    history.mkdir()
    delivery = TRANSACTIONS.model_copy(update={"folder": str(history)})
    shop = Shop(tmp_path, monkeypatch, deliveries=[PRODUCTS, delivery])
    shop.land("products.csv", [product("p1")], day(1))
    good(shop, "a").rename(history / "transactions-a.csv")
    (history / "transactions-b.csv").symlink_to(history / "transactions-a.csv")
    os.mkfifo(history / "transactions-c.csv")
    taken, refused, _ = land(shop, *history_files(shop.profile))
    assert taken == [("transactions-a.csv", "landed")]
    assert [sentence.partition(",")[0] for sentence in refused.splitlines()] == [
        f"{history}/transactions-b.csv: is a link",
        f"{history}/transactions-c.csv: is a pipe (FIFO)",
    ]


@pytest.mark.parametrize("name", ["transactions.csv", "transactions.parquet"])
def test_what_is_read_is_what_was_opened_whatever_comes_in_its_place(shop, monkeypatch, name):
    path = shop.write(name, [line("a", "p1", day(20))])
    staged = readers.stage

    def stage_after_a_swap(con, file, delivery):
        path.unlink()
        path.symlink_to("/etc/passwd")
        return staged(con, file, delivery)

    monkeypatch.setattr(readers, "stage", stage_after_a_swap)
    assert land(shop, path)[0] == [(name, "landed")]
    assert shop.query("select household_id from landing.raw.transactions") == [("a",)]


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("swap", "said"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "cannot be read (Too many levels of symbolic links)"),
        (os.mkfifo, "is a pipe (FIFO)"),
    ],
    ids=["a link", "a pipe"],
)
def test_what_comes_in_its_place_before_it_is_open_is_refused(shop, monkeypatch, swap, said):
    path = good(shop, "b")
    open_as_ever = os.open

    def swap_and_open(name, *flags, **options):
        if name == path:
            path.unlink()
            swap(path)
        return open_as_ever(name, *flags, **options)

    monkeypatch.setattr(os, "open", swap_and_open)
    taken, refused, _ = land(shop, good(shop, "a"), path, good(shop, "z"))
    assert [status for _, status in taken] == ["landed"] * 2
    assert f"{path}: {said}" in refused


def test_a_file_that_is_not_there_is_refused_and_the_others_land(shop):
    gone = shop.inbox / "transactions-b.csv"
    taken, refused, _ = land(shop, good(shop, "a"), gone, good(shop, "z"))
    assert_only_the_good_ones_landed(shop, taken, refused, f"{gone} does not exist. Name files or folders that do.")


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

    def stage_and_grow(con, file, delivery):
        rejects = staged(con, file, delivery)
        if file.path == growing:
            with growing.open("ab") as more:
                more.write(growing.read_bytes())
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
    assert len(taken) == 3
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
    assert [said.partition(":")[0] for said in told[1:4]] == [name for name, _ in taken]


def test_a_folder_without_a_file_that_can_land_is_refused(shop):
    folder = shop.inbox / "elsewhere"
    folder.mkdir()
    (folder / "prices.csv").write_text("x")
    message = r"elsewhere: holds no file that can land\. Names look like: products\*, demographics\*, transactions\*\."
    with pytest.raises(ProfileError, match=message):
        land(shop, good(shop, "a"), folder)
    assert [file["name"] for file in shop.ledger()] == ["products.csv"]
