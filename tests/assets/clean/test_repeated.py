"""Equal rows: as many count as one file holds at most, from the night on that first sees so many."""

import random

import pytest

from recsys_assets.nights import utc_now
from recsys_assets.storage.landing.told import told
from tests.assets.clean.invoices import bought, counts, left, open_shop
from tests.helpers.shop import Shop, day, line, night, stocked

PIECE = line("u", "p1", day(20))


def pieces(shop: Shop, *numbers: int) -> list[int]:
    """Equal pieces that nights see."""
    return [len(shop.counted(number)) for number in numbers]


def test_equal_lines_of_a_file_count_and_a_day_delivered_again_adds_what_it_has_more(shop):
    first = shop.land("transactions-1.csv", [PIECE] * 3, day(20, 13))
    again = shop.land("transactions-2.csv", [*[PIECE] * 3, line("u", "p2", day(20))], day(21, 13))
    more = shop.land("transactions-3.csv", [PIECE] * 5, day(22, 13))
    fewer = shop.land("transactions-4.csv", [PIECE, PIECE], day(23, 13))
    shop.build(23)
    assert pieces(shop, 20, 21, 22, 23) == [3, 4, 6, 6]
    told_of = [(file.rows_repeated, file.rows_adding_nothing) for file in (first, again, more, fewer)]
    assert told_of == [(2, 0), (2, 3), (4, 3), (1, 2)]
    (line_of,) = [row for row in shop.ledger() if row["name"] == "transactions-3.csv"]
    assert (line_of["rows_repeated"], line_of["most_equal"], line_of["rows_adding_nothing"]) == (4, 5, 3)


def test_a_night_stays_what_it_was_when_more_arrives(shop):
    shop.land("transactions-1.csv", [PIECE] * 2, day(20, 13))
    shop.build(20)
    before = shop.fingerprints()
    shop.land("transactions-2.csv", [PIECE] * 4, day(21, 13))
    shop.build(21)
    assert {key: shop.fingerprints()[key] for key in before} == before
    assert pieces(shop, 20, 21) == [2, 4]


def test_ids_are_those_of_the_landed_rows_the_first_of_equal_ones_keeps_its_own(tmp_path, monkeypatch):
    ids = {}
    for setting in ("drop", "count"):
        shop = stocked(tmp_path / setting, monkeypatch, repeated_lines=setting)
        shop.land("transactions.csv", [PIECE, PIECE, line("u", "p2", day(20)), PIECE], day(20, 13))
        shop.build(20)
        ids[setting] = [event_id for (event_id,) in shop.clean("events", 20, "event_id")]
        rows = shop.query("select landed_id, landed_row from landing.raw.transactions order by landed_id")
    assert ids["drop"] == [rows[0][0], rows[2][0]]
    assert ids["count"] == [landed_id for landed_id, _ in rows]


def test_a_source_may_drop_repeated_lines_and_says_how_many(tmp_path, monkeypatch):
    shop = stocked(tmp_path, monkeypatch, repeated_lines="drop")
    first = shop.land("transactions-1.csv", [PIECE] * 3, day(20, 13))
    again = shop.land("transactions-2.csv", [PIECE] * 2, day(20, 14))
    shop.build(20)
    assert pieces(shop, 20) == [1]
    assert (first.rows_adding_nothing, again.rows_adding_nothing) == (2, 2)
    sentence = told(again, shop.profile, utc_now())
    assert '1 repeat a line of the file and are dropped (repeated_lines = "drop")\n' in sentence
    assert "1 add nothing: other files hold them\n" in sentence
    assert Shop(tmp_path / "other", monkeypatch).profile.fingerprint != shop.profile.fingerprint


def test_a_file_that_is_replaced_takes_its_repeats_along_and_others_stand_in(shop):
    shop.land("transactions-1.csv", [PIECE] * 3, day(20, 13))
    shop.land("transactions-2.csv", [*[PIECE] * 5, line("v", "p1", day(20))], day(20, 14))
    shop.land("transactions-3.csv", [PIECE] * 4, day(20, 15))
    shop.build(20)
    shop.land("transactions-2.csv", [line("v", "p1", day(20))], day(21, 13))
    shop.build(21)
    shop.land("transactions-3.csv", [PIECE], day(22, 13))
    shop.build(22)
    shop.land("transactions-1.csv", [PIECE] * 2, day(23, 13))
    shop.build(23)
    assert pieces(shop, 20, 21, 22, 23) == [6, 5, 4, 3]


def test_equal_cancellations_of_a_file_count_too(tmp_path, monkeypatch):
    shop = open_shop(tmp_path, monkeypatch)
    cancelled = bought("1", "10001", day(20), -1)
    shop.land("lines-1.csv", [bought("1", "10001", day(19), 5), cancelled, cancelled], day(20, 13))
    shop.land("lines-2.csv", [cancelled, bought("1", "10001", day(20, 13), -1, "999")], day(21, 13))
    shop.build(21)
    assert [counts(shop, number)[:2] for number in (20, 21)] == [(2, 2), (3, 3)]
    assert left(shop, 21) == {("1", "10001", day(19)): 3.0}


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 10))])
def test_every_night_holds_the_most_that_a_file_known_to_it_holds(tmp_path, monkeypatch, seed):
    """Whatever the order of deliveries, corrections of them included."""
    chance, shop = random.Random(seed), stocked(tmp_path, monkeypatch)
    held: dict[str, list[int]] = {}
    for number in range(20, 25):
        for _ in range(2):
            name = f"transactions-{chance.randrange(5)}.csv"
            held[name] = [chance.randrange(5), chance.randrange(5)]
            rows = [
                line("u", item, day(20)) for item, n in zip(("p1", "p2"), held[name], strict=True) for _ in range(n)
            ]
            # The line makes each delivery's content one of its own.
            own = line(f"own {number} {chance.random()}", "p1", day(20))
            shop.land(name, [*rows, own], day(number, 13))
        shop.build(number)
        seen = [item for user, item, _, _ in shop.counted(number) if user == "u"]
        most = [max(n) for n in zip(*held.values(), strict=True)]
        assert [seen.count("p1"), seen.count("p2")] == most, f"night {night(number)}"
