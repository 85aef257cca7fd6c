"""Relanding: the past lands as it had, whatever becomes of the future."""

from collections.abc import Iterator

import pytest

from recsys_assets.nights import close
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_jobs.audit.relanding import Kept, reland
from recsys_jobs.audit.scratch import KNOWN, copy_landing, link_nights, scratch_folder
from tests.helpers.shop import Shop, day, household, line, night, product, stocked

N = 22
RAW = ("products", "demographics", "transactions")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Nights 20 to 23 of a shop: history over the cutoff of 22, arrivals, a late file, a corrected one, rejects."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield live(stocked(tmp_path_factory.mktemp("lived"), monkeypatch))


def live(shop: Shop) -> Shop:
    shop.land("demographics.csv", [household("u1"), household("u2")], kind="history")
    shop.land("transactions_9.csv", [line("u9", "p1", day(21, 13)), line("u2", "p2", day(21, 14))], day(24))
    shop.land("transactions_1.csv", [line("u1", "p1", day(21, 13)), line("u2", "p2", day(21, 14))], day(21, 20))
    history = [line(f"u{n % 3}", f"p{n % 2 + 1}", day(18 + n % 7, 9, n), value=n) for n in range(40)]
    shop.land("transactions_0.csv", [*history, line("u1", "p1", "never"), line("u1", "", day(19))], kind="history")
    shop.build(21)
    shop.land("transactions_2.csv", [line("u3", "p2", day(20)), line("u3", "p1", day(22))], day(22, 20))
    shop.land("products_2.csv", [product("p1", brand="Private")], day(23))
    shop.build(22)
    shop.land("transactions_9.csv", [line("u9", "p1", day(21, 13)), line("u2", "p2", day(21, 14))], day(24))
    shop.land("transactions_1.csv", [line("u1", "p1", day(21, 13))], day(23, 10))
    shop.build(23)
    return shop


@pytest.fixture
def again(lived: Shop, tmp_path):
    """Land everything again in another folder; returns its landing and lake."""
    copy_landing(lived.profile, tmp_path / "origin.duckdb")

    def land(poison, users=1.0):
        scratch = lived.profile.inside(tmp_path / f"{poison} {users}")
        landing, lake = Landing(scratch), Lake(scratch)
        reland(tmp_path / "origin.duckdb", landing, lake, night(N), poison, Kept(users))
        return landing, lake

    return land


def rows(landing: Landing, which: str):
    with landing.open() as con:
        return {
            table: con.execute(
                f"select * exclude (landed_row) from landing.raw.{table} where {which} order by all"
            ).fetchall()
            for table in RAW
        }


PAST, FUTURE = f"landed_night <= date '{night(N)}'", f"landed_night > date '{night(N)}'"


@pytest.mark.parametrize("poison", [None, "deleted", "altered"])
def test_the_past_lands_as_it_had_and_is_handed_out_as_it_was(lived, again, poison):
    landing, _ = again(poison)
    assert rows(landing, PAST) == rows(lived.landing, PAST)
    for number in (20, 21, N):
        before, now = lived.landing.export(night(number)), landing.export(night(number))
        assert {name: table.to_pylist() for name, table in now.items()} == {
            name: table.to_pylist() for name, table in before.items()
        }, f"night {number}"


def test_without_poison_everything_lands_as_it_had(lived, again):
    landing, _ = again(None)
    assert rows(landing, "true") == rows(lived.landing, "true")
    told = "name, raw_table, kind, arrived_at, status, superseded_night, superseded_at, rows_landed, sealed_night"
    with landing.open() as con:
        assert con.execute(f"select {told} from landing.ledger.files order by file_id").fetchall() == lived.query(
            f"select {told} from landing.ledger.files order by file_id"
        )


def test_deleted_means_that_nothing_of_it_is_left(lived, again):
    landing, _ = again("deleted")
    assert any(rows(lived.landing, FUTURE).values())
    assert not any(rows(landing, FUTURE).values())
    with landing.open() as con:
        status = con.execute("select status from landing.ledger.files where name = 'transactions_1.csv'").fetchall()
    assert status == [("landed",)], "the correction that would have come is not known"


def test_altered_rows_come_later_and_are_others(lived, again):
    landing, _ = again("altered")
    with landing.open() as con:
        names = [n for (n,) in con.execute("select name from landing.ledger.files order by file_id").fetchall()]
        users = {u for (u,) in con.execute("select household_id from landing.raw.transactions").fetchall()}
        brands = con.execute(f"select distinct brand from landing.raw.products where {FUTURE}").fetchall()
    assert names[-4:] == ["poison users", "poison items", "poison events", "transactions_2.csv"]
    assert any(user.endswith("~") for user in users), "events of users nobody knew"
    assert ("National~",) in brands, "items otherwise described"
    future, was = rows(landing, FUTURE)["transactions"], rows(lived.landing, FUTURE)["transactions"]
    assert future
    assert not set(future) & set(was)


def test_altered_files_arrived_at_another_time_unless_the_night_knows_when(lived, again):
    arrivals = "select file_id, kind, arrived_at from landing.ledger.files where status <> 'quarantined' order by 1"
    was = lived.query(arrivals)
    with again("altered")[0].open() as con:
        now = {file_id: at for file_id, _, at in con.execute(arrivals).fetchall()}
    closed = close(night(N), lived.profile.grace)
    moved = {(kind == "history" or at >= closed, now[file_id] != at) for file_id, kind, at in was}
    assert moved == {(True, True), (False, False)}


def test_rows_of_far_nights_can_be_left_out(lived, tmp_path):
    copy_landing(lived.profile, tmp_path / "origin.duckdb")
    for poison in (None, "altered"):
        scratch = lived.profile.inside(tmp_path / str(poison))
        landing = Landing(scratch)
        reland(tmp_path / "origin.duckdb", landing, Lake(scratch), night(N), poison, Kept(until=night(N + 1)))
        assert rows(landing, PAST) == rows(lived.landing, PAST)
        assert not any(rows(landing, f"landed_night > date '{night(N + 1)}'").values()) or poison
    assert any(rows(lived.landing, f"landed_night > date '{night(N + 1)}'").values())


def test_a_sample_keeps_all_rows_of_some_users(lived, again):
    everyone = rows(lived.landing, "true")["transactions"]
    sampled = rows(again(None, 0.5)[0], "true")["transactions"]
    kept = {row[0] for row in sampled}
    assert kept < {row[0] for row in everyone}
    assert sampled == [row for row in everyone if row[0] in kept]


def test_a_scratch_deployment_shows_earlier_nights_and_touches_nothing(lived):
    before = lived.fingerprints()
    with scratch_folder(lived.profile) as folder:
        for later, wanted in ((False, {20, 21}), (True, {20, 21, 23})):
            scratch = lived.profile.inside(folder / str(later))
            link_nights(lived.profile, scratch, lambda _, of: of < night(N) or (later and of > night(N)))  # noqa: B023
            assert {n.day for n in Lake(scratch).nights("clean.events")} == wanted
        (folder / "left over").mkdir()
    assert not folder.exists()
    assert lived.fingerprints() == before


def test_whatever_a_night_leaves_is_shown_by_a_rule_of_its_own(built):
    """Notes of how a night is made grow while it is audited: builds that saw them would seem to see the future."""
    with built.active():
        kept = {file.name for file in built.profile.folder.iterdir() if not file.name.startswith(".")}
    assert {"checks", "costs"} <= kept
    assert kept - {*KNOWN} <= {"mlflow.db"}, "all else is copied as it is: name it in audit/scratch.py"
