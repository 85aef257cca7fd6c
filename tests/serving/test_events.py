"""Feedback: what is taken and what not, and that what was acknowledged lands once, whatever happens to the server."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

import duckdb
import pytest

from recsys_assets.profile import Delivery
from recsys_serving.events import WrongEvent, line_of
from tests.helpers.committed import PROJECT
from tests.helpers.shop import Shop
from tests.serving.small import EVENT, Client, publish, serving

NOW = datetime(2017, 11, 1, 12, tzinfo=UTC)
N_KILLS = int(os.environ.get("RECSYS_TESTS_KILLS", "20"))
"""How often the slow test kills a server under load."""
WRONG = [
    ({"event_id": None}, "event_id", "is a text"),
    ({"event_id": ""}, "event_id", "nothing"),
    ({"user": "\u200b "}, "user", "nothing that can be seen"),
    ({"user": True}, "user", "is a text"),
    ({"user": "x" * 201}, "user", "more than 200"),
    ({"item": "\ud800"}, "item", "surrogate"),
    ({"event": "look"}, "event", "is one of"),
    ({"time": "2017-11-01 09:30"}, "time", "has no offset"),
    ({"time": "yesterday"}, "time", "no instant"),
    ({"time": "1989-12-31T00:00Z"}, "time", "before 1990"),
    ({"time": "2017-11-01T12:01Z"}, "time", "later than now"),
    ({"time": "0001-01-01T00:00+14:00"}, "time", "no instant"),
    ({"event": "rating"}, "rating", "is missing"),
    ({"quantity": 0}, "quantity", "not above zero"),
    ({"quantity": "2"}, "quantity", "is a number"),
    ({"value": 1e15}, "value", "too large"),
    ({"value": float("inf")}, "value", "not a finite"),
    ({"colour": 1}, "colour", "no field"),
]


@pytest.mark.parametrize(("change", "field", "said"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_what_landing_would_reject_is_refused(change, field, said):
    with pytest.raises(WrongEvent, match=said) as error:
        line_of(EVENT | change, NOW)
    assert error.value.field == field


def test_a_line_has_ids_in_their_one_form_and_the_time_in_utc():
    event_id, line = line_of(EVENT | {"user": 17012.0, "item": "１.0", "quantity": 2}, NOW)
    row = json.loads(line)
    assert event_id == "e1"
    assert (row["user"], row["item"], row["time"], row["quantity"]) == ("17012", "1", "2017-11-01T07:30:00.000000Z", 2)
    assert {"rating", "device", "store"} <= row.keys(), "a file has all columns, whatever its events have"


def lines(root):
    return [
        json.loads(line)
        for path in sorted((root / "inbox").glob("feedback-*"))
        for line in path.read_text().splitlines()
    ]


def test_events_come_alone_as_a_list_and_as_lines(tmp_path):
    root = tmp_path / "shop"
    publish(root)
    with serving(root) as ask:
        assert ask("/v1/events", EVENT).json() == {"accepted": 1, "repeated": 0}
        answer = ask("/v1/events", [EVENT, EVENT | {"event_id": "e2"}])
        assert (answer.status, answer.json()) == (202, {"accepted": 1, "repeated": 1})
        ndjson = "\n".join(json.dumps(EVENT | {"event_id": f"n{n % 9_999}"}) for n in range(10_000)).encode()
        assert ask("/v1/events", ndjson, Content_Type="application/x-ndjson").json() == {
            "accepted": 9_999,
            "repeated": 1,
        }
        assert list((root / "inbox").glob("feedback-*")) == [], "nothing is landed that is still written"
        assert b'recsys_events_total{outcome="accepted"} 10001' in ask("/metrics").body
    assert len(lines(root)) == 10_001
    assert [path.name for path in (root / "inbox").iterdir() if path.name.startswith(".")] == []


def test_one_wrong_event_and_none_is_taken(tmp_path):
    root = tmp_path / "shop"
    publish(root)
    with serving(root) as ask:
        answer = ask("/v1/events", [EVENT, EVENT | {"event": "look"}])
        assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "1.event")
        too_many = b"\n".join([json.dumps(EVENT).encode()] * 10_001)
        assert ask("/v1/events", too_many, Content_Type="application/x-ndjson").status == 422
        assert ask("/v1/events", b"{}\n{", Content_Type="application/x-ndjson").status == 422
        assert ask("/v1/events", []).status == 422
        assert ask("/v1/events", EVENT, Content_Type="text/plain").status == 415, "what a foreign page can send"
    assert lines(root) == []


def test_feedback_that_could_never_land_is_not_taken(tmp_path):
    publish(tmp_path / "shop")
    with serving(tmp_path / "shop", inbox=None, no_inbox="Give the profile a delivery.") as ask:
        assert (ask("/v1/events", EVENT).status, ask("/v1/events", EVENT).json()["detail"]) == (
            409,
            "Give the profile a delivery.",
        )


def test_a_file_is_handed_over_when_it_is_old(tmp_path):
    root = tmp_path / "shop"
    publish(root)
    with serving(root, inbox_seconds=0.1) as ask:
        ask("/v1/events", EVENT)
        deadline = time.monotonic() + 20
        while not lines(root) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(lines(root)) == 1
        assert ask("/v1/events", EVENT).json()["accepted"] == 1, "it lands twice, and counts once"


def test_what_a_killed_server_left_is_cut_and_handed_over(tmp_path):
    root = tmp_path / "shop"
    publish(root)
    (root / "inbox").mkdir()
    whole = line_of(EVENT, NOW)[1] + b"\n"
    (root / "inbox" / ".feedback-0123456789abcdef.part").write_bytes(whole + b'{"event_id":"torn')
    (root / "inbox" / ".feedback-1123456789abcdef.part").write_bytes(b'{"event_id":"torn')
    with serving(root):
        (path,) = (root / "inbox").iterdir()
        assert path.read_bytes() == whole
        with serving(root) as other:
            other("/v1/events", EVENT)
            with serving(root):
                assert len(list((root / "inbox").glob(".feedback-*.part"))) == 1, "another server writes it still"


SERVER = """
import sys
from pathlib import Path
import uvicorn
from recsys_serving.server import Settings, config
root, inbox, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
uvicorn.Server(config(Settings(root=root, keys=root / "keys", inbox=inbox, port=port, inbox_seconds=0.5))).run()
"""


class Sender(threading.Thread):
    """Sends events until it is told to stop; what is not acknowledged comes again with its ids, and says another value.

    Now and then it sends again what was acknowledged, as one would who lost the answer.
    """

    def __init__(self, number, port):
        super().__init__(daemon=True)
        self.ask, self.number, self.acknowledged, self.sent, self.stop = Client(port), number, [], 0, threading.Event()
        self.chance, self.failed, self.known = random.Random(number), 0, set()

    def run(self):
        batch = []
        while not self.stop.is_set():
            if not batch:
                batch = [self.event() for _ in range(self.chance.randint(1, 5))]
                if self.acknowledged and self.chance.random() < 0.1:
                    batch.append(self.event() | {"event_id": self.chance.choice(self.acknowledged)})
            try:
                answer = self.ask("/v1/events", batch)
            except (OSError, HTTPException):
                batch = [event | {"value": self.chance.random()} for event in batch]
                self.failed += 1
                time.sleep(0.02)
                continue
            assert answer.status == 202, answer.body
            self.acknowledged += [event["event_id"] for event in batch if event["event_id"] not in self.known]
            self.known.update(self.acknowledged[-len(batch) :])
            batch = []

    def event(self):
        self.sent += 1
        at = datetime(2017, 10, 25, tzinfo=UTC) + timedelta(microseconds=self.sent)
        return {
            "event_id": f"{self.number}-{self.sent}",
            "user": self.number,
            "item": self.sent % 7,
            "event": "click",
            "time": at.isoformat(),
        }


def kill_and_land(tmp_path, monkeypatch, n_kills, port):
    delivery = Delivery(table="events", files="feedback-*.jsonl")
    shop = Shop(tmp_path, monkeypatch, source="feedback_table", deliveries=[delivery], event_weights={"click": 1.0})
    publish(tmp_path / "served")
    chance, senders = random.Random(9), [Sender(number, port) for number in range(4)]
    for sender in senders:
        sender.start()
    for number in range(n_kills + 1):
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(tmp_path / "served"), str(shop.inbox), str(port)],
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
        )
        ready, deadline = len(senders[0].acknowledged), time.monotonic() + 150
        while len(senders[0].acknowledged) <= ready:
            assert process.poll() is None, f"start {number}"
            assert senders[0].is_alive(), f"start {number}"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 1))
        if number == n_kills:
            for sender in senders:
                sender.stop.set()
                sender.join(20)
        process.send_signal(signal.SIGTERM if number == n_kills else signal.SIGKILL)
        process.wait(20)
    for path in sorted(shop.inbox.glob("feedback-*.jsonl")):
        shop.landing.land(path, delivery, "arrival", lake=shop.lake, arrived_at=datetime(2017, 10, 25, 12))
    assert shop.rejects() == []
    shop.build(25)
    raw = {event_id for (event_id,) in shop.query("select distinct event_id from landing.raw.events")}
    acknowledged = [event_id for sender in senders for event_id in sender.acknowledged]
    assert set(acknowledged) <= raw, "what was acknowledged was lost"
    ids = dict(shop.query("select landed_id, event_id from landing.raw.events"))
    counted = [ids[landed_id] for (landed_id,) in shop.clean("events", 25, "event_id")]
    assert len(counted) == len(set(counted)), "an event counts twice"
    assert set(counted) == raw
    told = f"{n_kills} kills: {len(acknowledged)} events acknowledged, {len(counted)} counted, {len(ids)} rows landed"
    print(f"{told}, {sum(sender.failed for sender in senders)} calls failed and were sent again")
    return len(acknowledged)


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path, monkeypatch, free_port):
    assert kill_and_land(tmp_path, monkeypatch, 1, free_port) > 10


@pytest.mark.slow
@pytest.mark.timeout(0 if N_KILLS > 20 else 900)
def test_many_kills_lose_nothing_that_was_acknowledged(tmp_path, monkeypatch, free_port):
    assert kill_and_land(tmp_path, monkeypatch, N_KILLS, free_port) > 5 * N_KILLS


def test_a_full_disk_is_said_and_nothing_torn_is_left(tmp_path):
    """The journal's folder cannot be made: the inbox's place is taken."""
    root = tmp_path / "shop"
    publish(root)
    with serving(root) as ask:
        (root / "inbox").write_text("")
        answer = ask("/v1/events", EVENT)
        assert answer.status == 503
        assert "could not be kept" in answer.json()["detail"]
        (root / "inbox").unlink()
        assert ask("/v1/events", EVENT).status == 202
    assert len(lines(root)) == 1
    with duckdb.connect() as con:
        (file,) = (root / "inbox").glob("feedback-*.jsonl")
        assert con.execute("select count(*) from read_json($1)", [str(file)]).fetchall() == [(1,)]
