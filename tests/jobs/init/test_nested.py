"""Files with lists or objects of events: `init` proposes a command that unnests them, and it works as it is pasted."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys_jobs.init.look import InitError
from tests.jobs.init.proposal import Proposal


def refused(file, folder, **options):
    with pytest.raises(InitError) as refusal:
        Proposal(file, folder, **options)
    return str(refusal.value)


def unnested(file, folder, **options):
    """Paste the command that `init` proposes for a file into a shell, and look at what came out."""
    message = refused(file, folder, **options)
    (command,) = re.findall(r"^\.venv/bin/python .*^SQL$", message, re.DOTALL | re.MULTILINE)
    command = command.replace(".venv/bin/python", sys.executable)
    subprocess.run(["bash", "-c", command], check=True, cwd="/")
    (name,) = shlex.split(re.findall(r"--file (.*), and deliver", message)[0])
    return Proposal(Path(name), folder, **options)


def jsonl(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_list_of_objects_becomes_a_row_each(tmp_path, shared_cases):
    sessions = shared_cases / "09_nested_jsonl" / "sessions.jsonl"
    file = tmp_path / "sessions.jsonl"
    file.write_bytes(sessions.read_bytes())
    message = refused(file, tmp_path)
    assert message.startswith(f"{file}: nested: events holds lists or objects, and a row must be one event. Unnest")
    proposal = unnested(file, tmp_path, user="session", item="aid")
    assert proposal.roles == {"user": "session", "item": "aid", "time": "ts", "event": "type"}
    lines = [json.loads(line) for line in sessions.read_text().splitlines()]
    expected = [(str(line["session"]), str(event["aid"])) for line in lines for event in line["events"]]
    assert [(row["user_id"], row["item_id"]) for row in proposal.events] == expected
    assert all(row["event_ts"] for row in proposal.events)


def test_orders_with_their_lines_and_a_customer(tmp_path):
    file = jsonl(
        tmp_path / "orders-2025-03-01.jsonl",
        {
            "id": "0007",
            "placed_at": "2025-03-01T10:00:00+01:00",
            "customer": {"id": "c1", "city": "Köln"},
            "lines": [{"id": 1, "sku": "010", "qty": 2}, {"id": 2, "sku": "it's", "qty": 1, "note": None}],
        },
        {"id": "0008", "placed_at": "2025-03-02T10:00:00+01:00", "customer": {"id": "c2"}, "lines": []},
    )
    proposal = unnested(file, tmp_path, user="customer_id")
    assert proposal.delivery.files == "unnested-orders*.jsonl"
    assert [(row["user_id"], row["item_id"], row["quantity"]) for row in proposal.events] == [
        ("c1", "010", 2),
        ("c1", "it's", 1),
    ]
    assert str(proposal.events[0]["event_ts"]) == "2025-03-01 09:00:00", "the offset was kept"
    first = proposal.files[0].read_text().splitlines()[0]
    assert set(json.loads(first)) == {
        "id",
        "placed_at",
        "customer_id",
        "customer_city",
        "lines_id",
        "sku",
        "qty",
        "note",
    }


def test_objects_alone_and_lists_of_ids(tmp_path):
    file = jsonl(
        tmp_path / "track.jsonl",
        {
            "userId": "u",
            "timestamp": "2025-03-01T10:00:00Z",
            "event": "Product Viewed",
            "properties": {"sku": "x", "$p": 1},
        },
    )
    assert [row["item_id"] for row in unnested(file, tmp_path, item="properties_sku").events] == ["x"]
    file = jsonl(tmp_path / "baskets.jsonl", {"user": "u", "item": ["a", "b"], "time": "2025-03-01"})
    assert [row["item_id"] for row in unnested(file, tmp_path).events] == ["a", "b"]


ODD = ["$x", "/y", "a.b", "t~u", 'say "x"', "it's", "*"]


def test_names_that_sql_or_json_could_trip_over(tmp_path):
    fields = {name: str(place) for place, name in enumerate(ODD)}
    file = jsonl(tmp_path / "it's.jsonl", {"user": "u", "time": "2025-03-01", "a list": [fields | {"item": "i"}]})
    unnested(file, tmp_path)
    (row,) = [json.loads(line) for line in (tmp_path / "unnested-it's.jsonl").read_text().splitlines()]
    assert row == {"user": "u", "time": "2025-03-01", "item": "i"} | fields


PARQUET = {
    "a list of structs": (
        {"user": ["u"], "events": [[{"item": 7, "time": "2025-03-01"}, {"item": 8, "time": "2025-03-02"}]]},
        ["7", "8"],
    ),
    "a struct": ({"user": ["u"], "event": [{"item": 7, "time": "2025-03-01"}]}, ["7"]),
    "a list": ({"user": ["u"], "item": [[7, 8]], "time": ["2025-03-01"]}, ["7", "8"]),
}


@pytest.mark.parametrize(("columns", "items"), PARQUET.values(), ids=PARQUET)
def test_nested_parquet_is_unnested_too(tmp_path, columns, items):
    pq.write_table(pa.table(columns), tmp_path / "sales.parquet")
    assert [str(row["item_id"]) for row in unnested(tmp_path / "sales.parquet", tmp_path).events] == items


def test_what_is_nested_beside_an_event_does_not_matter_and_brackets_are_no_list(tmp_path):
    row = {"user": "u", "item": "i", "time": "2025-03-01", "title": "[sale] mug", "tags": ["a"], "geo": {"x": 1}}
    assert Proposal(jsonl(tmp_path / "a.jsonl", row), tmp_path).roles["title"] == "title"
    with pytest.raises(InitError, match="No column with values is the user"):
        Proposal(jsonl(tmp_path / "b.jsonl", {"item": "[sale] mug", "time": "2025-03-01"}), tmp_path)
    (tmp_path / "c.csv").write_text('item,time,x\ni,2025-03-01,"[1, 2]"\n')
    with pytest.raises(InitError, match="No column with values is the user"):
        Proposal(tmp_path / "c.csv", tmp_path)
