"""What the arrays beside a release are made of: items, lists, what is trending, and contexts, with places for ids.

What belongs here: reading a finished release with ``sql/arrays/*.sql``, and its rows as numpy arrays. The file of them
is written in `arrays`, which says what each is.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.storage.release.file import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Array = NDArray[Any]

_TRENDING = [("item", "<i4"), ("score", "<f8"), ("share", "<f8")]
_BATCH = 200_000
_CONTEXT = ("device", "os", "country", "region", "store")


def _text(name: str) -> str:
    return (SQL_FOLDER / "arrays" / f"{name}.sql").read_text()


def _select(con: DuckDBPyConnection, name: str) -> DuckDBPyConnection:
    return con.execute(_text(name))


def of_items(con: DuckDBPyConnection) -> dict[str, Array]:
    """Arrays of the items, and of those that go with them."""
    import numpy as np

    rows = _select(con, "items").fetchall()
    categories = sorted({row[2] for row in rows if row[2] is not None})
    places = {category: place for place, category in enumerate(categories)}
    return {
        **_texts("items", (row[0] for row in rows)),
        **_texts("item_json", map(_item_json, rows)),
        **_texts("found_by", (f"{row[0]}\n{row[1] or ''}".casefold() for row in rows)),
        **_texts("categories", categories),
        "category": np.array([places.get(row[2], -1) for row in rows], np.int32),
        "n_buyers": np.array([row[6] or 0 for row in rows], np.int32),
        **_of_similar(con, len(rows)),
    }


def _item_json(row: tuple[Any, ...]) -> str:
    """Members of an item in every answer."""
    item_id, title, category, department, brand, price, _ = row
    said = {"item_id": item_id, "title": title, "category": category, "department": department, "brand": brand}
    return json.dumps(said | {"price": finite(price)}, ensure_ascii=False, separators=(",", ":"))[1:-1]


def finite(number: float | None) -> float | None:
    """A number as JSON can say it: null where it is none."""
    return number if number is not None and math.isfinite(number) else None


def _of_similar(con: DuckDBPyConnection, n_items: int) -> dict[str, Array]:
    import numpy as np

    rows = _select(con, "similar_items").fetchnumpy()
    similar = np.empty(len(rows["item"]), [("item", _whole_numbers(n_items)), ("score", "<f8")])
    similar["item"], similar["score"] = rows["other"], rows["score"]
    return {"similar": similar, "similar_ends": _ends(np.searchsorted(rows["item"], np.arange(n_items + 1)))}


def of_lists(con: DuckDBPyConnection) -> dict[str, Array]:
    """Arrays of the lists, their users, tasks and reasons.

    Raises
    ------
    ReleaseError
        If a list names an item or user that the release does not have.
    """
    import numpy as np

    tasks = [task for (task,) in _select(con, "tasks").fetchall()]
    users = [user for (user,) in _select(con, "users").fetchall()]
    reasons = _select(con, "reasons").fetchall()
    n_items = con.execute("select count(*) from serving.items").fetchall()[0][0]
    n_of_task = dict(con.execute("select task, count(*) from serving.recommendations group by task").fetchall())
    n_rows, n_of = sum(n_of_task.values()), np.zeros((len(tasks), len(users)), np.int64)
    lists, scores = np.empty(n_rows, _fields(con, len(reasons))), _Scores([n_of_task.get(task, 0) for task in tasks])
    done = 0
    for batch in con.sql(_text("lists")).to_arrow_reader(_BATCH):
        columns = {
            name: column.to_numpy(zero_copy_only=False)
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        }
        if done + batch.num_rows <= n_rows:
            rows = lists[done : done + batch.num_rows]
            rows["score"] = scores.parts(columns["task"], columns["score"])
            for name in ("item", "reason", "evidence", "n", "days"):
                rows[name] = columns[name]
            np.add.at(n_of, (columns["task"], columns["user_place"]), 1)
        done += batch.num_rows
    if done != n_rows:
        raise ReleaseError(
            f"serving.recommendations has {n_rows} rows, and {done} of them have their task in meta.tasks, their user "
            "in serving.users and their item in serving.items. Mend sql/release/ and build again."
        )
    ends = np.zeros(n_of.size + 1, np.int64)
    np.cumsum(n_of.ravel(), out=ends[1:])
    return {
        "lists": lists,
        "list_ends": _ends(ends),
        "score_parts": np.array(scores.of_task, np.int64),
        "other_scores": np.array([0.0, *scores.others]),
        **of_deeper_lists(con, len(tasks), len(users), n_items),
        **_texts("tasks", tasks),
        **_texts("users", users),
        **_texts("reason_json", map(_reason_json, reasons)),
    }


def _fields(con: DuckDBPyConnection, n_reasons: int) -> list[tuple[str, str]]:
    """Fields of a row of the lists, each as wide as its largest number needs."""
    most = con.execute(
        "select coalesce(max(evidence_count), 0), coalesce(max(evidence_days), 0)::bigint, "
        "(select count(*) from serving.items) from serving.recommendations"
    ).fetchall()
    count, days, n_items = most[0]
    largest = {"item": n_items, "reason": n_reasons, "evidence": n_items, "n": count + 1, "days": 100 * days + 101}
    return [("score", "<i4"), *((name, _whole_numbers(number)) for name, number in largest.items())]


def of_deeper_lists(con: DuckDBPyConnection, n_tasks: int, n_users: int, n_items: int) -> dict[str, Array]:
    """Arrays of what follows the lists; a release without `serving.deeper_lists` has nothing that does.

    Raises
    ------
    ReleaseError
        If one is of a task or user, or holds an item, that the release does not have.
    """
    import numpy as np
    import pyarrow.compute as pc

    n_of, done = np.zeros((n_tasks, n_users), np.int64), 0
    items = np.empty(0, _whole_numbers(n_items))
    if _has(con, "deeper_lists"):
        ((n_lists, n_places),) = con.execute("select count(*), sum(len(items)) from serving.deeper_lists").fetchall()
        items = np.empty(n_places or 0, items.dtype)
        for batch in con.sql(_text("deeper_lists")).to_arrow_reader(_BATCH // 20):
            n_lists -= batch.num_rows
            lengths = pc.list_value_length(batch["items"]).to_numpy()
            places = pc.list_flatten(batch["items"]).to_numpy() - 1
            if done + len(places) > len(items) or (len(places) and not 0 <= places.min() <= places.max() < n_items):
                n_lists = -1
                break
            n_of[batch["task"].to_numpy(), batch["user_place"].to_numpy()] = lengths
            items[done : done + len(places)] = places
            done += len(places)
        if n_lists:
            raise ReleaseError(
                "serving.deeper_lists has lists whose task is not in meta.tasks, whose user not in serving.users or "
                "whose items are no places in serving.items. Mend sql/release/ and build again."
            )
    ends = np.zeros(n_of.size + 1, np.int64)
    np.cumsum(n_of.ravel(), out=ends[1:])
    return {"deeper": items, "deeper_ends": _ends(ends)}


def _has(con: DuckDBPyConnection, table: str) -> bool:
    """Whether the release has a table of `serving`, which those of earlier versions may lack."""
    query = "select 1 from duckdb_tables() where schema_name = 'serving' and table_name = $1"
    return bool(con.execute(query, [table]).fetchall())


class _Scores:
    """Scores as parts of the number of their task's rows, and those that are none.

    Parameters
    ----------
    of_task
        Rows of each task.
    """

    def __init__(self, of_task: list[int]) -> None:
        self.of_task = of_task
        self.others: dict[float, int] = {}
        """Scores that are no such share, with their places from 1 on."""

    def parts(self, task: Array, score: Array) -> Array:
        """Parts of each score; minus its place where it is one of the others."""
        import numpy as np

        of = np.array(self.of_task, np.float64)[task]
        parts = np.rint(score * of)
        parts[~((parts / of == score) & (parts >= 1) & (parts < 2**31))] = 0
        for value in np.unique(score[parts == 0]):
            place = self.others.setdefault(float(value), len(self.others) + 1)
            parts[(parts == 0) & (score == value)] = -place
        return parts


def _reason_json(row: tuple[Any, ...]) -> str:
    said = dict(zip(("reason", "reason_algorithm", "reason_text"), row, strict=True))
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))[1:-1]


def of_contexts(con: DuckDBPyConnection) -> dict[str, Array]:
    """Arrays of the contexts that are stored of users; a release without `serving.contexts` stores none."""
    import numpy as np

    rows = _select(con, "contexts").fetchall() if _has(con, "contexts") else []
    stored = [{name: value for name, value in zip(_CONTEXT, row, strict=True) if value is not None} for row in rows]
    said = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) if each else "" for each in stored]
    texts = sorted(set(said) - {""})
    places = {text: place for place, text in enumerate(texts)}
    return {"context": np.array([places.get(text, -1) for text in said], np.int32), **_texts("context_json", texts)}


def of_trending(con: DuckDBPyConnection) -> dict[str, Array]:
    """Arrays of what is trending, by scope."""
    import numpy as np

    rows = _select(con, "trending").fetchall()
    scopes = sorted({row[0] for row in rows})
    trending = np.array([row[1:] for row in rows], _TRENDING)
    of_scope = [row[0] for row in rows]
    starts = [of_scope.index(scope) for scope in scopes]
    return {
        "trending": trending,
        "trending_ends": np.array([*starts, len(rows)], np.int64),
        **_texts("scopes", scopes),
    }


def _texts(name: str, texts: Iterable[str]) -> dict[str, Array]:
    """Texts one after the other as bytes of UTF-8, and where each ends, the first bound being 0."""
    import numpy as np

    encoded = [text.encode() for text in texts]
    ends = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=ends[1:])
    return {name: np.frombuffer(b"".join(encoded), np.uint8), f"{name}_ends": _ends(ends)}


def _whole_numbers(largest: int) -> str:
    """The narrowest kind of numbers from 0 to one."""
    return next(kind for kind, bits in (("<u1", 8), ("<u2", 16), ("<u4", 32), ("<u8", 64)) if largest < 2**bits)


def _ends(ends: Array) -> Array:
    """Bounds in the narrower of the two kinds that they are read in."""
    import numpy as np

    return ends.astype(np.int32 if ends[-1] < 2**31 else np.int64)
