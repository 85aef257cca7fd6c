"""The row contract, for arbitrary rows: each lands as delivered or is rejected as delivered, once, in its night."""

import csv
import io
import json
import math
import re
import unicodedata
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.nights import close, visible_night
from tests.helpers.examples import examples
from tests.helpers.shop import COLUMNS, FIRST, Shop, day, night, product

NAMES = COLUMNS["transactions"].split()
ARRIVED, LAST = day(25, 12), 28
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
IDS = TEXT | st.sampled_from(
    ["", " ", "NULL", "null", "0", "007", "1e3", "u'", 'u"', "u,1", "a\r\nb", "\ufeff", "\u00a0"]
)
GOOD_TIMES = (
    st.datetimes(datetime(1989, 12, 31), datetime(2017, 11, 2))
    | st.builds(day, st.integers(18, 26), st.sampled_from([0, 1, 2, 3, 12, 23]))
    | st.sampled_from([datetime(1989, 12, 31, 23, 59, 59, 999999), datetime(1990, 1, 1), ARRIVED])
).map(lambda at: at.isoformat(sep=" "))
TIMES = GOOD_TIMES | st.sampled_from(
    ["", "yesterday", "1970-01-01", "9999-12-31", "2017-02-30", "1508500800000", "nan"]
)
NUMBERS = (
    st.integers(1, 10**12).map(str)
    | st.floats(width=64).map(repr)
    | st.sampled_from(["", "0", "-1", "1e400", "-inf", "1,5", "two", " 3 ", "0x10"])
)
ROWS = st.lists(
    st.tuples(IDS, TEXT, IDS, IDS, NUMBERS, NUMBERS, TIMES).map(list)
    | st.tuples(IDS, st.just("31"), TEXT, IDS, st.just("2"), st.just("2.5"), GOOD_TIMES).map(list),
    max_size=8,
)


@pytest.fixture(scope="module")
def shop(shops):
    return shops()


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """New shops in which two products have landed."""
    with pytest.MonkeyPatch.context() as patch:

        def new() -> Shop:
            opened = Shop(tmp_path_factory.mktemp("shop"), patch)
            opened.land("products.csv", [product("p1"), product("p2")], day(1))
            return opened

        yield new


def written(rows, quoting, ends):
    out = io.StringIO()
    csv.writer(out, quoting=quoting, lineterminator=ends).writerows([NAMES, *rows])
    return out.getvalue()


def exported(shop):
    """Events of all nights by row number, as `Landing.export` hands them to the clean stage."""
    shop.landing.seal(night(LAST), now=close(night(LAST), shop.profile.grace))
    numbers = dict(shop.query("select landed_id::varchar, landed_row from landing.raw.transactions"))
    events = {}
    for last in range(FIRST.day, LAST + 1):
        for event in shop.landing.export(night(last))["landed.events"].to_pylist():
            assert event["visible_night"] == night(last)
            events[numbers[str(event["landed_id"])]] = event
    assert len(events) == len(numbers), "no event is in two nights"
    return events


def trimmed(text):
    """An id as landing keeps it: what people see of it, or None; see `visible_text` in sql/landing/macros.sql."""
    unseen = re.compile("[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
    if re.search("[0-9A-Za-z]", text):
        text = re.sub("[\u200c\u200d]", "", text)
    blanked = re.sub("[\t-\r\x85]", " ", "".join(" " if unicodedata.category(c)[0] == "Z" else c for c in text))
    return unicodedata.normalize("NFC", unseen.sub("", blanked)).strip(" ") or None


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    ends=st.sampled_from(["\n", "\r\n"]),
    kind=st.sampled_from(["arrival", "history"]),
    sealed=st.none() | st.integers(20, 23).map(night),
)
def test_each_row_lands_as_delivered_or_is_rejected_as_delivered(shops, rows, quoting, ends, kind, sealed):
    shop = shops()
    if sealed and kind == "arrival":  # History before a sealed night is refused, see test_landing.
        shop.landing.seal(sealed, now=day(25))
    else:
        sealed = None
    content = written(rows, quoting, ends)
    landed = shop.land("transactions.csv", content, ARRIVED, kind)
    assert landed.rows_read == landed.rows_landed + landed.rows_rejected == len(rows)
    rejected = {number: (column, reason, json.loads(given)) for _, number, column, reason, given in shop.rejects()}
    events = exported(shop)
    assert sorted([*events, *rejected]) == list(range(1, len(rows) + 1))
    assert (len(events), len(rejected)) == (landed.rows_landed, landed.rows_rejected)
    for number, (column, reason, delivered) in rejected.items():
        assert delivered == {name: cell or None for name, cell in zip(NAMES, rows[number - 1], strict=True)}
        assert column in {"user_id", "item_id", "event_ts", "quantity", "value"}
        assert reason
    for number, event in events.items():
        user, store, basket, item, quantity, value, at = rows[number - 1]
        assert (event["user_id"], event["item_id"]) == (trimmed(user), trimmed(item))
        assert (event["store"], event["basket_id"]) == (store or None, trimmed(basket))
        for delivered, stored in ((quantity, event["quantity"]), (value, event["value"])):
            assert stored == (float(delivered) if delivered.strip() else None)
            assert stored is None or math.isfinite(stored)
        instant = datetime.fromisoformat(at)
        assert event["event_ts"] == instant
        assert event["known_at"] == (instant if kind == "history" else ARRIVED)
        seen = visible_night(instant, event["known_at"], grace=shop.profile.grace, first_night=FIRST, sealed=sealed)
        assert event["visible_night"] == seen
    again = shop.land("transactions-again.csv", content, ARRIVED + timedelta(hours=1), kind)
    if events:  # A file of rejects only may land after all, once the SELECT or the file's settings are mended.
        assert (again.status, again.rows_read) == ("already landed", 0)
    assert len(shop.query("from landing.raw.transactions") if events else []) == len(events)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(user=IDS, item=IDS, at=GOOD_TIMES, quantity=NUMBERS, value=NUMBERS)
def test_a_row_is_rejected_for_a_reason_that_is_true(shop, user, item, at, quantity, value):
    """What is rejected, is so for something that is wrong with it; and whatever has nothing wrong, lands."""

    def wrong(given):
        try:
            return bool(given.strip()) and not abs(float(given)) < 1e15
        except ValueError:
            return True

    instant = datetime.fromisoformat(at)
    expected = {
        *(["user_id"] if trimmed(user) is None else []),
        *(["item_id"] if trimmed(item) is None else []),
        *(["event_ts"] if not datetime(1990, 1, 1) <= instant <= ARRIVED else []),
        *(["quantity"] if wrong(quantity) or (quantity.strip() and float(quantity) <= 0) else []),
        *(["value"] if wrong(value) else []),
    }
    landed = shop.land(
        "transactions.csv", written([[user, "1", "2", item, quantity, value, at]], csv.QUOTE_ALL, "\n"), ARRIVED
    )
    if landed.status == "already landed":
        return
    if landed.rows_landed:
        assert not expected
    else:
        assert shop.rejects()[-1][2] in expected
