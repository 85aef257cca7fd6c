"""How reasons stand in the arrays beside a release: few texts, with marks where a row puts its own figures.

What belongs here: what `array_makers` writes of a reason, and the sentences of each language.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def languages_of(con: DuckDBPyConnection) -> list[str]:
    """Sentences of each language as JSON: its name, and rows of sentence, form and text."""
    query = (
        "select language, list([template, form, text] order by template, form) from meta.reason_templates "
        "group by place, language order by place"
    )
    return [json.dumps(row, ensure_ascii=False) for row in con.execute(query).fetchall()]


def members(**said: str | float | None) -> str:
    """Members of a JSON object, without its brackets."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))[1:-1]


def reason_json(said: str) -> str:
    """Members of a reason; the marks of a template stay as they are, which nothing else in JSON does."""
    reason, algorithm, sentence, _, _, text = said.split("\x1f", 5)
    if sentence:
        return members(reason=reason, reason_algorithm=algorithm or None)
    if not text.startswith("\x01"):
        return members(reason=reason, reason_algorithm=algorithm or None, reason_text=text)
    parts = re.split("([\x02-\x05])", text[1:])
    marked = "".join(part if "\x02" <= part <= "\x05" else json.dumps(part, ensure_ascii=False)[1:-1] for part in parts)
    return f'{members(reason=reason, reason_algorithm=algorithm or None)},"reason_text":"{marked}"'


def reason_words(said: str) -> str:
    """How a sentence is put together as JSON: its name, both corrections of days, what it is about; else nothing."""
    _, _, sentence, less, more, about = said.split("\x1f", 5)
    return json.dumps([sentence, int(less), int(more), about], ensure_ascii=False) if sentence else ""
