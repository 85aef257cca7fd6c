"""Reasons are told to the letter, whatever titles say: the arrays hold them as templates."""

from itertools import product

import pyarrow as pa
import pytest

from recsys_assets.storage.release.releases import Releases
from tests.serving.small import MACROS, NIGHT, serving, tables

TITLES = (
    *("a", "s", " ", "2", " 2 ", "2 days", "which you took", '"', "\\", '\\"', '","title":', "</b>", "☕ 🙂", "null"),
    *("\x01", "\x02", "\x03 \x04", "\x05", "tab\t", "\\u0002", "goes with", ""),
    None,
)
NUMBERS = ((1, 0.5), (1, 1.5), (2, 2.0), (2, 2.999), (12, 2.5), (3, 999.99999), (None, None))


def text(title, item, n, days):
    """A reason's text as ``sql/recommendations/lists.sql`` words it."""
    if n is None:
        return f'proposed by "{title or item}"'
    ago = "less than 1 day" if days < 1 else "1 day" if days < 2 else f"{int(days)} days"
    took = "once, " if n == 1 else f"{n} times, last "
    return f"goes with {title if title is not None else item}, which you took {took}{ago} ago"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A server of a list for each title and figures, and the texts by user."""
    folder, given = tmp_path_factory.mktemp("reasons") / "shop", tables()
    ids = [f'{n} ","title":"\\' for n in range(len(TITLES))]
    items = given["serving.items"].to_pylist()[0]
    given["serving.items"] = pa.Table.from_pylist(
        [items | {"item_id": item, "title": title} for item, title in zip(ids, TITLES, strict=True)],
        schema=given["serving.items"].schema,
    ).sort_by("item_id")
    row, rows, texts = (
        given["serving.recommendations"].to_pylist()[0] | {"task": "next", "rank": 1, "score": 1.0},
        [],
        {},
    )
    for place, ((item, title), (n, days)) in enumerate(product(zip(ids, TITLES, strict=True), NUMBERS)):
        texts[f"user {place:04}"] = text(title, item, n, days)
        rows.append(
            row
            | {"user_id": f"user {place:04}", "item_id": item, "reason_text": text(title, item, n, days)}
            | {"evidence_item_id": item, "evidence_count": n, "evidence_days": days}
        )
    given["serving.recommendations"] = pa.Table.from_pylist(rows, schema=given["serving.recommendations"].schema)
    user = given["serving.users"].to_pylist()[0]
    given["serving.users"] = pa.Table.from_pylist([user | {"user_id": name} for name in texts])
    for table in ("serving.deeper_lists", "serving.similar_items", "serving.trending", "serving.contexts"):
        given[table] = given[table].slice(0, 0)
    releases = Releases(folder)
    releases.build(NIGHT, "a", given, MACROS)
    releases.publish(NIGHT, "a")
    with serving(folder) as ask:
        yield ask, texts


def test_reasons_are_told_to_the_letter(told):
    ask, texts = told
    for user, expected in texts.items():
        (item,) = ask("/v1/recommendations", {"user": user}).json()["items"]
        assert (item["reason_text"], item["reason_algorithm"]) == (expected, "als")
