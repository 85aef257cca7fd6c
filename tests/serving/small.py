"""A release of a few users and items, made as any is, and a server of it on this machine."""

import asyncio
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pyarrow as pa
import uvicorn

from recsys_assets.storage.release.releases import Releases
from recsys_serving.server import Settings, config
from tests.helpers.committed import PROJECT

MACROS = (PROJECT / "sql" / "release" / "macros.sql").read_text()
NIGHT = date(2017, 10, 31)
ITEMS = {
    "1": ("MILK", "DAIRY"),
    "2": ("BREAD <b>", "BAKERY"),
    "3": ("TEA ☕", "DRINKS"),
    "4": (None, None),
    "x-5": ("Ale", "DRINKS"),
}
"""Title and category by id."""
EVENT = {"event_id": "e1", "user": "17012", "item": "1", "event": "click", "time": "2017-11-01T09:30:00+02:00"}
CONTEXTS = [
    {"user_id": "17012", "device": "phone", "os": None, "country": "NL", "region": None, "store": "☕ 3"},
    {"user_id": "anna", "device": None, "os": None, "country": None, "region": None, "store": None},
]
USERS = ("17012", "2", "7.0", "anna", "ünal")
"""All have lists, but for the last."""


def tables(night: date = NIGHT, marker: str = "") -> dict[str, pa.Table]:
    """Tables of a release; ``marker`` stands in every reason, to tell releases apart."""
    rows = []
    for task in ("discovery", "next"):
        for shift, user in enumerate(USERS[:-1]):
            for rank in range(1, 4):
                item = list(ITEMS)[(rank + shift + (task == "next")) % 5]
                count = None if rank == 3 else rank
                rows.append(
                    {
                        "night": night,
                        "task": task,
                        "user_id": user,
                        "rank": rank,
                        "item_id": item,
                        "title": ITEMS[item][0],
                        "category": ITEMS[item][1],
                        "score": 1 / (rank + shift / 7),
                        "raw_score": -float(rank),
                        "configuration": "fusion",
                        "algorithms": [{"algorithm": "als", "rank": rank}],
                        "reason": "proposed" if count is None else "goes_with",
                        "reason_algorithm": "als",
                        "reason_text": f'goes with "MILK", {count}{marker}',
                        "evidence_item_id": None if count is None else "1",
                        "evidence_count": count,
                        "evidence_days": None if count is None else count / 3,
                        "confidence": None if rank == 3 else 0.4 / rank,
                        "model_night": night,
                        "run_id": "run",
                    }
                )
    lists = pa.Table.from_pylist(rows).sort_by([("task", "ascending"), ("user_id", "ascending"), ("rank", "ascending")])
    for name in ("reason_template", "reason_about"):
        lists = lists.append_column(name, pa.nulls(lists.num_rows, pa.string()))
    items = [
        {"item_id": item, "title": title, "department": None, "category": category, "subcategory": None, "brand": None}
        | {"price": None if item == "4" else 1.25, "available_from": night, "n_events": 3, "n_buyers": len(item)}
        for item, (title, category) in sorted(ITEMS.items())
    ]
    trending = [
        {
            "scope": scope,
            "rank": rank,
            "item_id": item,
            "title": ITEMS[item][0],
            "category": ITEMS[item][1],
            "score": 5.0 - rank,
            "share": (len(found) + 1 - rank) / len(found),
        }
        for scope, found in (("all", ("3", "1", "2")), ("category:DRINKS", ("x-5", "3")), ("country:NL", ("x-5",)))
        for rank, item in enumerate(found, 1)
    ]
    grade = {
        "night": night,
        "graded_night": night - timedelta(7),
        "task": "next",
        "users": "known",
        "k": 10,
        "metric": "ndcg",
    }
    users = {
        "available_from": night,
        "n_events": 2,
        "n_baskets": 1,
        "n_items": 2,
        "recency_days": 1.5,
        "tenure_days": 9.0,
    }
    return {
        "meta.build": pa.table({"table_name": ["t"], "night": [night], "schema_version": [3]}),
        "meta.tasks": pa.table({"task": ["discovery", "next"]}),
        "meta.grades": pa.Table.from_pylist(
            [
                grade
                | {"algorithm": "published", "mean": 0.25, "low": None, "high": float("nan"), "n_users": 4}
                | {"cold_user_share": 0.0, "cold_item_share": 0.0, "status": "published"}
            ]
        ),
        "serving.recommendations": lists,
        # Places in the order of ids, from 1: anna's go on with 4 and 3, 17012's with 2 and 1.
        "serving.deeper_lists": pa.table(
            {
                "task": ["discovery", "next"],
                "user_id": ["anna", "17012"],
                "items": pa.array([[4, 3], [2, 1]], pa.list_(pa.int32())),
            }
        ),
        "serving.similar_items": pa.Table.from_pylist(
            [
                {
                    "item_id": "1",
                    "rank": rank,
                    "similar_item_id": item,
                    "title": ITEMS[item][0],
                    "category": ITEMS[item][1],
                    "score": 1 / rank,
                }
                for rank, item in enumerate(("2", "3"), 1)
            ]
        ),
        "serving.trending": pa.Table.from_pylist(trending),
        **_insights(),
        "serving.items": pa.Table.from_pylist(items),
        "serving.contexts": pa.Table.from_pylist(CONTEXTS),
        "serving.users": pa.Table.from_pylist([{"user_id": user} | users for user in sorted(USERS)]),
    }


def _insights() -> dict[str, pa.Table]:
    """MILK with BREAD, with TEA and with both; what anna is like; what rises and falls."""
    figures = {"n_together": 4, "support": 0.25, "confidence": 0.5, "lift": 2.0, "diversity": 1.0}
    bundles = [
        {"item_id": "1", "rank": rank, "items": items, "price": price} | figures
        for rank, (items, price) in enumerate(((["2"], 2.5), (["x-5"], 2.5), (["2", "4"], None)), 1)
    ]
    moved = {"title": None, "n_users": 40, "n_users_before": 20, "share": 0.4, "share_before": 0.2}
    movements = [
        moved | {"kind": kind, "rank": rank, "item_id": item, "category": category, "z": z, "p": p, "q": p * 2}
        for kind, rank, item, category, z, p in (
            ("category", 1, None, "DRINKS", 3.1, 0.002),
            ("item", 1, "3", "DRINKS", -3.5, 0.0005),
            ("item", 2, "1", "DAIRY", 1.1, 0.27),
        )
    ]
    profile = {
        "user_id": "anna",
        "categories": [{"category": "DRINKS", "share": 0.75}, {"category": "BAKERY <b>", "share": 0.25}],
        "price_level": float("nan"),
        "value_per_basket": 12.5,
        "basket_size": 2.0,
        "repeat_share": 0.5,
        "new_share_28d": None,
        "usual_gap_days": 7.0,
        "usual_weekday": 5,
        "usual_hour": None,
        "store": "☕ 3",
        "segments": [{"segment": "activity", "value": "low"}],
    }
    hour, share = pa.int32(), pa.float64()
    made = pa.Table.from_pylist([profile])
    made = made.set_column(made.schema.get_field_index("usual_hour"), "usual_hour", pa.array([None], hour))
    made = made.set_column(made.schema.get_field_index("new_share_28d"), "new_share_28d", pa.array([None], share))
    return {
        "serving.bundles": pa.Table.from_pylist(bundles),
        "serving.movements": pa.Table.from_pylist(movements),
        "serving.user_profiles": made,
        "serving.history": pa.table({"user_id": ["anna"], "item_id": ["2"]}),
    }


def publish(root: Path, night: date = NIGHT, release_id: str = "a", marker: str = "") -> Releases:
    """Build and publish a release."""
    releases = Releases(root)
    releases.build(night, release_id, tables(night, marker), MACROS)
    releases.publish(night, release_id)
    return releases


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Asks a server."""

    port: int

    def __call__(self, path: str, body: Any = None, method: str | None = None, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            if sent is not None:
                headers = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
            connection.request(
                method or ("GET" if body is None else "POST"),
                path,
                sent,
                {k.replace("_", "-"): v for k, v in headers.items()},
            )
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()


@contextmanager
def serving(root: Path, **settings: Any):
    """A server in a thread of this process, and a client of it."""
    made = Settings(**{"root": root, "keys": root / "api_keys.json", "inbox": root / "inbox", "port": 0} | settings)
    server = uvicorn.Server(config(made))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended before it began"
        thread.join(0.01)
    try:
        yield Client(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
