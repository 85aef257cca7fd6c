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
from recsys_assets.storage.release.reason_arrays import languages_of, members, reason_json, reason_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Array = NDArray[Any]

_TRENDING = [("item", "<i4"), ("score", "<f8"), ("share", "<f8")]
_NEWCOMERS = [("item", "<i4"), ("score", "<f8"), ("reason", "i1"), ("evidence", "<i4")]
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
    groups = [members(category=row[2], department=row[3], brand=row[4]) for row in rows]
    of_group = {group: place for place, group in enumerate(sorted(set(groups)))}
    return {
        **_texts("items", (row[0] for row in rows)),
        **_texts("item_json", (members(item_id=row[0], title=row[1], price=finite(row[5])) for row in rows)),
        **_texts("group_json", of_group),
        "group": np.array([of_group[group] for group in groups], np.int32),
        **_texts("found_by", (f"{row[0]}\n{row[1] or ''}".casefold() for row in rows)),
        **_texts("categories", categories),
        "category": np.array([places.get(row[2], -1) for row in rows], np.int32),
        "n_buyers": np.array([row[6] or 0 for row in rows], np.int32),
        **_of_similar(con, len(rows)),
    }


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
    reasons: dict[str, int] = {}
    n_items = con.execute("select count(*) from serving.items").fetchall()[0][0]
    n_of_task = dict(con.execute("select task, count(*) from serving.recommendations group by task").fetchall())
    n_rows, n_of = sum(n_of_task.values()), np.zeros((len(tasks), len(users)), np.int64)
    lists, scores = np.empty(n_rows, _fields(con)), _Scores([n_of_task.get(task, 0) for task in tasks])
    reason_of, confidence_of, done = np.empty(n_rows, np.uint32), np.full(n_rows, np.nan), 0
    for batch in con.sql(_text("lists")).to_arrow_reader(_BATCH):
        said = batch["said"].dictionary_encode()
        columns = {name: batch[name].to_numpy(zero_copy_only=False) for name in batch.schema.names if name != "said"}
        if done + batch.num_rows <= n_rows:
            rows = lists[done : done + batch.num_rows]
            parts = scores.parts(columns["task"], columns["score"])
            rows["score"], rows["score_high"] = parts & 0xFFFF, parts >> 16
            places = [reasons.setdefault(each, len(reasons)) for each in said.dictionary.to_pylist()]
            reason_of[done : done + batch.num_rows] = np.array(places, np.uint32)[said.indices.to_numpy()]
            confidence_of[done : done + batch.num_rows] = columns["confidence"].astype(np.float64)
            for name in ("item", "evidence", "n", "days"):
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
    confidences = np.unique(confidence_of[~np.isnan(confidence_of)])
    places_of = np.where(np.isnan(confidence_of), 0, np.searchsorted(confidences, confidence_of) + 1)
    return {
        "lists": lists,
        "confidence": places_of.astype(_whole_numbers(len(confidences))),
        "confidences": np.concatenate([[np.nan], confidences]),
        "reason": reason_of.astype(_whole_numbers(len(reasons))),
        "list_ends": _ends(ends),
        "score_parts": np.array(scores.of_task, np.int64),
        "other_scores": np.array([0.0, *scores.others]),
        **of_deeper_lists(con, len(tasks), len(users), n_items),
        **_texts("tasks", tasks),
        **_texts("users", users),
        **_texts("reason_json", map(reason_json, reasons)),
        **_texts("reason_words", map(reason_words, reasons)),
        **_texts("languages", languages_of(con) if _has(con, "reason_templates", "meta") else []),
    }


def _fields(con: DuckDBPyConnection) -> list[tuple[str, str]]:
    """Fields of a row of the lists, each as wide as its largest number needs."""
    most = con.execute(
        "select coalesce(max(evidence_count), 0), coalesce(max(evidence_days), 0)::bigint, "
        "(select count(*) from serving.items), count(*) from serving.recommendations"
    ).fetchall()
    count, days, n_items, n_rows = most[0]
    # Of 2 bytes and what lies above them: with 100,000 users a score takes 3 bytes, which no kind of number has.
    largest = {"score_high": 2 * n_rows >> 16, "item": n_items, "evidence": n_items, "n": count + 1}
    largest["days"] = 100 * days + 101
    return [("score", "<u2"), *((name, _whole_numbers(number)) for name, number in largest.items())]


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


def _has(con: DuckDBPyConnection, table: str, schema: str = "serving") -> bool:
    """Whether the release has a table, which those of earlier versions may lack."""
    query = "select 1 from duckdb_tables() where schema_name = $1 and table_name = $2"
    return bool(con.execute(query, [schema, table]).fetchall())


class _Scores:
    """Scores as parts of the number of their task's rows; those that are no such share follow above it.

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
        """Parts of each score; where it is one of the others, its place beyond the number of rows."""
        import numpy as np

        of = np.array(self.of_task, np.float64)[task]
        parts = np.rint(score * of)
        parts[~((parts / of == score) & (parts >= 1))] = 0
        for value in np.unique(score[parts == 0]):
            place = self.others.setdefault(float(value), len(self.others) + 1)
            other = (parts == 0) & (score == value)
            parts[other] = of[other] + place
        return parts.astype(np.int64)


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
    starts: dict[str, int] = {}
    for place, row in enumerate(rows):
        starts.setdefault(row[0], place)
    return {
        "trending": np.array([row[1:] for row in rows], _TRENDING),
        "trending_ends": np.array([*starts.values(), len(rows)], np.int64),
        **_texts("scopes", starts),
    }


def of_newcomers(con: DuckDBPyConnection) -> dict[str, Array]:
    """Arrays of how newcomers are served: none of a release that does not tell, where servers go by their own order."""
    import numpy as np

    kinds = (
        [kind for (kind,) in _select(con, "newcomer_chain").fetchall()] if _has(con, "newcomer_chain", "meta") else []
    )
    rows = _select(con, "newcomers").fetchall() if _has(con, "newcomers") else []
    starts: dict[str, int] = {}
    for place, row in enumerate(rows):
        starts.setdefault(row[0], place)
    return {
        **_texts("newcomer_chain", kinds),
        **_texts("newcomers", starts),
        "newcomer_rows": np.array([row[1:] for row in rows], _NEWCOMERS),
        "newcomer_rows_ends": np.array([*starts.values(), len(rows)], np.int64),
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
