"""Landing: when a row becomes visible, files that come twice, corrections, late rows, sealing and restating."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.nights import ONE_DAY, close, visible_night
from recsys_assets.storage.landing.ledger import LandingError
from tests.helpers.examples import examples
from tests.helpers.shop import FIRST, Shop, day, line, night, product

INSTANTS = st.datetimes(datetime(2017, 10, 14), datetime(2017, 10, 31)) | st.builds(
    lambda number, hour, micro: day(number, hour) + timedelta(microseconds=micro),
    st.integers(14, 30),
    st.sampled_from([0, 1, 2, 3]),
    st.sampled_from([-1, 0, 1]),
)


def visible(shop: Shop) -> list[tuple[str, datetime, date]]:
    """(item, known_at, visible night) of every landed purchase line."""
    return shop.query("select product_id, landed_known_at, landed_night from landing.raw.transactions order by all")


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(INSTANTS, min_size=1, max_size=12),
    arrived_at=INSTANTS,
    grace_hours=st.sampled_from([0.0, 2.0, 24.0]) | st.floats(0, 24),
    sealed=st.none() | st.integers(20, 27).map(night),
    kind=st.sampled_from(["history", "arrival"]),
)
def test_sql_gives_rows_the_night_that_the_law_gives(
    tmp_path_factory, monkeypatch, times, arrived_at, grace_hours, sealed, kind
):
    shop = Shop(tmp_path_factory.mktemp("shop"), monkeypatch, grace_hours=grace_hours)
    shop.land("products.csv", [product("p1")], day(1))
    if sealed:
        shop.landing.seal(sealed, now=day(31))
    if kind == "history":  # History known before a sealed night is refused, see below.
        times = [at for at in times if not sealed or at.date() > sealed]
        arrived_at = day(31)
    lines = [line("u", n, at.isoformat(sep=" ")) for n, at in enumerate(times)]
    if lines:
        shop.land("transactions.csv", lines, arrived_at, kind)
    expected = []
    for n, at in enumerate(times):
        known_at = at if kind == "history" else arrived_at
        if at <= arrived_at:
            grace = shop.profile.grace
            seen = visible_night(at, known_at, grace=grace, first_night=FIRST, sealed=sealed)
            expected.append((str(n), known_at, seen))
    assert (visible(shop) if lines else []) == sorted(expected)


def test_history_is_known_when_it_happened_and_an_arrival_when_it_came(shop):
    shop.land("transactions-1.csv", [line("u", "old", day(3)), line("u", "seen", day(22))], kind="history")
    shop.land("transactions-2.csv", [line("u", "came", day(22))], day(24))
    assert visible(shop) == [
        ("came", day(24), night(24)),
        ("old", day(3), night(20)),
        ("seen", day(22), night(22)),
    ]


def test_a_row_that_comes_within_the_grace_is_visible_in_the_night_that_just_ended(shop):
    shop.land("transactions-1.csv", [line("u", "in time", day(22, 23))], day(23, 1, 59))
    shop.land("transactions-2.csv", [line("u", "too late", day(22, 23))], day(23, 2))
    assert [(item, seen.day) for item, _, seen in visible(shop)] == [("in time", 22), ("too late", 23)]


def test_sealing_refuses_what_is_not_over_not_the_profiles_or_not_there(tmp_path, monkeypatch):
    shop = Shop(tmp_path, monkeypatch, last_night=night(25))
    with pytest.raises(LandingError, match="Nothing has landed in profile shop yet"):
        shop.landing.seal(night(21), now=day(26))
    shop.land("products.csv", [product("p1")], day(1))
    with pytest.raises(LandingError, match="Night 2017-10-21 closes at 2017-10-22 02:00:00 UTC"):
        shop.landing.seal(night(21), now=day(22, 1, 59))
    for outside in (19, 26):
        with pytest.raises(LandingError, match=f"Night 2017-10-{outside} lies outside profile shop"):
            shop.landing.seal(night(outside), now=day(31))
    assert shop.query("from landing.ledger.sealed_nights") == []
    assert shop.landing.seal(night(21), now=day(22, 2)) == [night(20), night(21)]
    assert shop.landing.seal(night(22), now=day(25)) == [night(20), night(21), night(22)]
    assert [n.day for (n,) in shop.query("select night from landing.ledger.sealed_nights order by all")] == [20, 21, 22]


def test_the_same_content_lands_once_whatever_its_name(shop):
    lines = [line("u", "p1", day(21))]
    assert shop.land("transactions-1.csv", lines, day(21, 13)).status == "landed"
    for name in ("transactions-1.csv", "transactions-2.csv"):
        again = shop.land(name, lines, day(22))
        assert again.status == "already landed"
        assert "transactions-1.csv, landed 2017-10-21 13:00 UTC" in again.message
    assert visible(shop) == [("p1", day(21, 13), night(21))]
    assert [file["name"] for file in shop.ledger()] == ["products.csv", "transactions-1.csv"]


KEPT, GONE, NEW = (("u", "p1", day(20), 2.5), ("u", "p2", day(20), 9.0), ("u", "p2", day(20), 4.0))
BEFORE = [line("u", "p1", day(20)), line("u", "p2", day(20), value="9.0")]
AFTER = [line("u", "p1", day(20)), line("u", "p2", day(20), value="4.0")]


def test_a_corrected_file_replaces_its_rows_before_any_night_is_sealed(shop):
    shop.land("transactions.csv", BEFORE, day(20, 13))
    shop.land("transactions.csv", AFTER, day(20, 14))
    shop.build(20)
    assert shop.counted(20) == sorted([KEPT, NEW])


@pytest.mark.parametrize("kind", ["history", "arrival"])
def test_a_corrected_file_replaces_its_rows_from_the_first_open_night_on(shop, kind):
    shop.land("transactions.csv", BEFORE, day(20, 13), kind)
    shop.land("transactions-other.csv", [line("v", "p1", day(20))], day(20, 13))
    other = ("v", "p1", day(20), 2.5)
    shop.build(21)
    sealed = shop.fingerprints()
    shop.land("transactions.csv", AFTER, day(21, 14))
    shop.build(22)
    assert shop.counted(20) == shop.counted(21) == sorted([KEPT, GONE, other])
    assert shop.counted(22) == sorted([KEPT, NEW, other])
    assert shop.events(22) == sorted([KEPT, NEW])  # An equal row of the new file is no duplicate of a former one.
    assert len(shop.clean("retractions", 22)) == 2
    assert sealed.items() <= shop.fingerprints().items()


def test_a_file_that_reverts_to_a_former_content_lands_again(shop):
    shop.land("transactions.csv", BEFORE, day(20, 13))
    shop.build(20)
    shop.land("transactions.csv", AFTER, day(21, 13))
    shop.build(21)
    assert shop.land("transactions.csv", BEFORE, day(22, 13)).status == "landed"
    shop.build(22)
    assert [shop.counted(n) for n in (20, 21, 22)] == [
        sorted(rows) for rows in ([KEPT, GONE], [KEPT, NEW], [KEPT, GONE])
    ]
    assert [file["status"] for file in shop.ledger()] == ["landed", "superseded", "superseded", "landed"]


def test_a_late_arrival_waits_for_the_first_open_night(shop):
    shop.land("transactions-1.csv", [line("u", "p1", day(20))], day(20, 13))
    shop.build(22)
    sealed = shop.fingerprints()
    shop.land("transactions-2.csv", [line("u", "p2", day(20))], day(21))  # In this replay it came while 22 was open.
    shop.build(23)
    assert shop.events(23) == [("u", "p2", day(20), 2.5)]
    assert shop.clean("events", 23, "known_at") == [(day(21),)]
    assert sealed.items() <= shop.fingerprints().items()


def test_replayed_arrivals_come_to_the_nights_they_came_in(shop):
    for number in (23, 21, 22):
        shop.land(f"transactions-{number}.csv", [line("u", f"p{number}", day(20))], day(number))
    shop.build(23)
    numbered_items = [(number, item) for number in range(20, 24) for _, item, *_ in shop.events(number)]
    assert numbered_items == [(21, "p21"), (22, "p22"), (23, "p23")]


def test_history_into_a_sealed_night_is_refused_and_leaves_nothing(shop):
    shop.land("transactions-1.csv", [line("u", "p1", day(20))], kind="history")
    shop.build(22)
    before = shop.fingerprints()
    with pytest.raises(
        LandingError, match="history from night 2017-10-21 on, but nights up to 2017-10-22 are sealed"
    ) as refusal:
        shop.land("transactions-2.csv", [line("u", "p2", day(21)), line("u", "p3", day(25))], kind="history")
    assert "--restate" in str(refusal.value)
    assert len(visible(shop)) == 1
    assert len(shop.ledger()) == 2
    assert shop.fingerprints() == before
    landed = shop.land("transactions-3.csv", [line("u", "p2", day(23))], kind="history")
    assert landed.rows_landed == 1, "history of open nights needs no --restate"


def test_restate_unseals_withdraws_and_builds_again(shop):
    shop.land("transactions-1.csv", [line("u", "p1", day(20))], kind="history")
    shop.build(23)
    published = [night(20), night(22)]
    for n in published:  # People saw the lists of these nights.
        folder = shop.lake.root / "recommendations" / "lists" / f"night={n}"
        folder.mkdir(parents=True)
        (folder / "000001-list.parquet").touch()
    before = shop.fingerprints()
    landed = shop.land("transactions-2.csv", [line("u", "p2", day(21))], kind="history", restate=True)
    assert landed.stale == [night(22)]
    assert shop.lake.nights("clean.events") == [night(20)]
    assert shop.lake.built_nights() == [night(20)]
    assert [n for (n,) in shop.query("select night from landing.ledger.sealed_nights")] == [night(20)]
    shop.build(23)
    assert shop.events(21) == [("u", "p2", day(21), 2.5)]
    after = shop.fingerprints()
    assert after.keys() == before.keys()
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {
        *(("clean.events", night(21)), ("clean.item_keys", night(21)), ("clean.item_versions", night(21))),
        ("clean.deliveries", night(21)),
    }


def test_a_file_that_changes_while_it_is_read_is_refused(shop, monkeypatch):
    from recsys_assets.storage.landing import readers

    staged = readers.stage

    def stage_and_append(con, file, delivery):
        split = staged(con, file, delivery)
        with file.path.open("a") as more:
            more.write("more\n")
        return split

    monkeypatch.setattr(readers, "stage", stage_and_append)
    with pytest.raises(LandingError, match=r"transactions\.csv: changed while it was read"):
        shop.land("transactions.csv", [line("u", "p1", day(20))], day(21))
    assert [file["name"] for file in shop.ledger()] == ["products.csv"]


def test_origin_names_the_file_and_row_of_an_event(shop):
    shop.land("transactions.csv", [line("u", "p1", day(20)), line("u", "p2", day(20))], day(20, 13))
    ids = dict(shop.query("select product_id, landed_id::varchar from landing.raw.transactions"))
    (origin,) = shop.landing.origin([ids["p2"]]).to_pylist()
    assert origin == {
        "event_id": ids["p2"],
        "name": "transactions.csv",
        "row_number": 2,
        "kind": "arrival",
        "arrived_at": day(20, 13),
        "known_at": day(20, 13),
    }


def test_a_night_is_sealed_at_its_close_and_not_a_moment_earlier(shop):
    closing = close(FIRST, shop.profile.grace)
    with pytest.raises(LandingError, match="closes at"):
        shop.landing.seal(FIRST, now=closing - timedelta(microseconds=1))
    assert shop.landing.seal(FIRST, now=closing) == [FIRST]
    assert closing.date() == FIRST + ONE_DAY
