"""What each night first sees of the files that were delivered: honest about rows, files and rejects of later."""

from tests.helpers.shop import day, household, line

TOLD = "file, is_history, status, is_superseded, n_rows, n_rejected"


def told(shop, number, columns=TOLD):
    """What one night's partition says of files of transactions."""
    return [row[:-1] for row in shop.clean("deliveries", number, f"{columns}, table_name") if row[-1] == "transactions"]


def test_history_counts_night_by_night_and_its_rejects_by_their_own_time(shop):
    lines = [
        line("u", "p1", day(19)),
        line("u", "p2", day(20)),
        line("u", "p1", day(22)),
        line("u", "p1", day(21), quantity="many"),
        line("u", "p1", day(23), quantity="many"),
        line("u", "p1", "some day", quantity=1),
    ]
    shop.land("transactions.csv", lines, kind="history")
    shop.build(22)
    assert told(shop, 20) == [("transactions.csv", True, "landed", False, 2, 0)]
    assert told(shop, 21) == [("transactions.csv", True, "landed", False, None, 1)]
    assert told(shop, 22) == [("transactions.csv", True, "landed", False, 1, 0)]
    ((rejects,),) = told(shop, 21, "rejects")
    assert [(each["column_name"], each["n_rows"]) for each in rejects] == [("quantity", 1)]
    (example,) = rejects[0]["examples"]
    assert example["row_number"] == 4
    assert '"many"' in example["delivered"]


def test_an_arrival_is_known_from_the_night_that_it_opens(shop):
    lines = [line("u", "p1", day(20)), line("u", "p1", "some day"), line("", "p1", day(21))]
    shop.land("transactions-1.csv", lines, day(22))
    shop.land("transactions-2.csv", [line("u", "p2", day(21))], day(23, 1))  # Within the grace of the 22nd.
    shop.land("transactions-3.csv", [line("u", "p2", day(21), value="3")], day(23, 3))
    shop.build(23)
    assert told(shop, 20) == told(shop, 21) == []
    assert told(shop, 22) == [
        ("transactions-1.csv", False, "landed", False, 1, 2),
        ("transactions-2.csv", False, "landed", False, 1, 0),
    ]
    assert told(shop, 22, "arrived_at") == [(day(22),), (day(23, 1),)]
    assert told(shop, 23) == [("transactions-3.csv", False, "landed", False, 1, 0)]


def test_a_file_that_cannot_be_read_or_holds_nothing_is_known_by_its_arrival(shop):
    header = ",".join(line("u", "p1", day(20)))
    shop.land("transactions-1.csv", f"{header}\n", day(21))
    shop.land("transactions-2.parquet", b"PAR1 is no more", day(21))
    shop.land("transactions-3.parquet", b"PAR1 of history", kind="history")
    shop.build(21)
    assert told(shop, 20) == []
    assert told(shop, 21) == [
        ("transactions-1.csv", False, "landed", False, 0, 0),
        ("transactions-2.parquet", False, "quarantined", False, None, 0),
    ]


def test_a_file_is_superseded_from_the_night_that_its_correction_opens(shop):
    shop.land("transactions.csv", [line("u", "p1", day(20)), line("u", "p2", day(20))], day(20, 20))
    shop.land("transactions.csv", [line("u", "p1", day(20))], day(21, 20))
    shop.build(22)
    assert told(shop, 20) == [("transactions.csv", False, "landed", False, 2, 0)]
    assert sorted(told(shop, 21)) == [
        ("transactions.csv", False, "landed", False, 1, 0),
        ("transactions.csv", False, "landed", True, 0, 0),
    ]
    assert told(shop, 22) == []


def test_rows_of_history_without_a_time_are_not_counted(shop):
    shop.land("demographics.csv", [household("u"), household("v")], kind="history")
    shop.land("transactions.csv", [line("u", "p1", day(20))], kind="history")
    shop.build(20)
    rows = shop.clean("deliveries", 20, "file, n_rows, arrived_at")
    assert ("demographics.csv", None, None) in rows
    assert [row for row in rows if row[0] == "transactions.csv"] == [("transactions.csv", 1, None)]


def test_a_correction_of_history_names_no_file_that_was_not_seen(shop):
    shop.land("transactions.csv", [line("u", "p1", day(25))], kind="history")
    shop.land("transactions.csv", [line("u", "p1", day(21)), line("u", "p2", day(25))], kind="history")
    shop.build(21)
    assert told(shop, 21) == [("transactions.csv", True, "landed", False, 1, 0)]
