"""Rows with an id of their sender: each id counts once, that of the row that became visible first."""

import pytest

from recsys_assets.checks.declared import load_checks
from recsys_assets.checks.running import check_tables
from recsys_assets.profile import Delivery
from tests.helpers.shop import Shop, day, night

EVENTS = Delivery(table="events", files="events*")


@pytest.fixture
def feedback(tmp_path, monkeypatch):
    return Shop(tmp_path, monkeypatch, source="feedback_table", deliveries=[EVENTS], event_weights={"click": 1.0})


NOON = day(20)


def row(event_id, user="u", item="p1", at=NOON, value=1.0, **more):
    texts = dict.fromkeys(("basket", "session", "device", "os", "country", "region", "store"))
    sent = {"event_id": event_id, "user": user, "item": item, "event": "click", "time": at.isoformat()}
    return sent | {"quantity": None, "value": value, "rating": None} | texts | more


def counted(shop, *numbers):
    """User, item and value of all events that each night sees, in their order."""
    return [[(user, item, value) for user, item, _, value in shop.counted(number)] for number in numbers]


def test_an_id_counts_once_in_one_file_in_two_and_over_nights_and_the_first_wins(feedback):
    feedback.land("events-1.jsonl", [row("a"), row("a", item="p2"), row("b", value=2.0)], day(20, 13))
    feedback.land("events-2.jsonl", [row("a", item="p3", at=day(19)), row("c", value=3.0)], day(20, 14))
    feedback.build(20)
    before = feedback.fingerprints()
    later = feedback.land("events-3.jsonl", [row("b", user="v", at=day(18)), row("d", value=4.0)], day(21, 13))
    feedback.build(21)
    first = [("u", "p1", 1.0), ("u", "p1", 2.0), ("u", "p1", 3.0)]
    assert counted(feedback, 20, 21) == [first, [*first, ("u", "p1", 4.0)]]
    assert {key: feedback.fingerprints()[key] for key in before} == before
    assert feedback.rejects() == []
    assert later.rows_adding_nothing == 1


def test_ids_tell_apart_what_else_would_be_equal_lines(feedback):
    feedback.land("events-1.jsonl", [row("a"), row("b")], day(20, 13))
    feedback.land("events-2.jsonl", [row("c")], day(20, 14))
    feedback.land("events-3.jsonl", [row("d"), row("\u200ba ")], day(21, 13))
    feedback.build(21)
    assert [len(rows) for rows in counted(feedback, 20, 21)] == [3, 4]


def test_the_checks_of_the_log_hold_where_ids_tell_equal_rows_apart(feedback):
    feedback.land("events-1.jsonl", [row("a"), row("b")], day(20, 13))
    feedback.land("events-2.jsonl", [row("c"), row("a")], day(20, 14))
    feedback.land("events-3.jsonl", [row("d"), row("b", item="p2")], day(21, 13))
    feedback.build(21)
    checks = [check for check in load_checks(feedback.profile) if check.table in ("clean.events", "clean.retractions")]
    outcomes = {check.name: outcome.verdict for check, outcome in check_tables(feedback.lake, checks, night(21))}
    assert outcomes["no_event_is_counted_twice"] == "pass"
    assert set(outcomes.values()) == {"pass"}, outcomes


def test_rows_without_an_id_are_equal_lines_as_ever(feedback):
    first = feedback.land("events-1.jsonl", [row(None), row(None), row("a", value=2.0)], day(20, 13))
    again = feedback.land("events-2.jsonl", [row(None), row("", value=3.0), row("a", value=2.0)], day(20, 14))
    feedback.build(20)
    assert counted(feedback, 20) == [[("u", "p1", 1.0), ("u", "p1", 1.0), ("u", "p1", 2.0), ("u", "p1", 3.0)]]
    assert [(file.rows_repeated, file.rows_adding_nothing) for file in (first, again)] == [(1, 0), (0, 2)]


def test_a_night_knows_nothing_of_an_id_that_a_later_night_sees_first(feedback):
    """Delivered second, but of an earlier night: what that night counts must not hang on what came after it."""
    feedback.land("events-1.jsonl", [row("a", item="late", at=day(21, 0, 30))], day(21, 1))
    feedback.land("events-2.jsonl", [row("a", item="early", at=day(20, 23))], day(21, 1, 30))
    feedback.build(21)
    assert counted(feedback, 20, 21) == [[("u", "early", 1.0)]] * 2


def test_where_the_first_is_taken_back_another_stands_in(feedback):
    feedback.land("events-1.jsonl", [row("a"), row("b", value=2.0)], day(20, 13))
    feedback.land("events-2.jsonl", [row("a", item="p2")], day(20, 14))
    feedback.build(20)
    feedback.land("events-1.jsonl", [row("a", item="p3"), row("b", value=5.0)], day(21, 13))
    feedback.build(21)
    feedback.build(22)
    assert counted(feedback, 20) == [[("u", "p1", 1.0), ("u", "p1", 2.0)]]
    assert counted(feedback, 21, 22) == [[("u", "p1", 5.0), ("u", "p2", 1.0)]] * 2


def test_history_that_is_landed_again_restates(feedback):
    feedback.land("events-1.jsonl", [row("a", item="second", at=day(21))], day(21, 13))
    feedback.build(21)
    feedback.land("events-0.jsonl", [row("a", item="first")], day(21, 14), kind="history", restate=True)
    feedback.build(21)
    assert counted(feedback, 20, 21) == [[("u", "first", 1.0)]] * 2
