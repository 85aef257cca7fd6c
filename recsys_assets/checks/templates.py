"""Generic tests: the SQL templates of ``dbt_like_checks/generic/`` and the leading comments of all check files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any

import yaml

from recsys_assets.checks.config import Config

if TYPE_CHECKING:
    from pathlib import Path

_BY_ROW = re.compile(r"\s*select \*\s+from \{model\}\s+where\s+(.*?)\s*", re.DOTALL)
_MORE_THAN_A_CONDITION = re.compile(r"\b(group by|having|qualify|order by|limit|union)\b")
_FIRST_TABLE = re.compile(r"\bfrom ([a-z_.{}]+)")


@dataclass(frozen=True)
class Template:
    """A file in ``generic/``."""

    description: str
    body: str
    needs_column: bool
    config: Config
    """What a use of it need not say."""
    condition: str | None
    """Condition under which a row fails, where that is all it asks; such tests of a table share one scan."""
    rows: str
    """What it looks at, ``{model}`` or a relation it names."""


def read_template(path: Path) -> Template:
    """Read one generic test.

    Raises
    ------
    ValidationError, YAMLError
        When its comment's ``config:`` is wrong.
    """
    lines = path.read_text().splitlines()
    comments = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    body = "\n".join(line for line in lines if not line.startswith("--"))
    named = {name for _, name, _, _ in Formatter().parse(body) if name}
    settings, description = head("\n".join(comments))
    by_row, first = _BY_ROW.fullmatch(body), _FIRST_TABLE.search(body)
    return Template(
        description=description,
        body=body,
        needs_column="column_name" in named,
        config=read_config(settings),
        condition=by_row[1] if by_row and not _MORE_THAN_A_CONDITION.search(by_row[1]) else None,
        rows=settings.get("rows") or ("{model}" if "model" in named or first is None else first[1]),
    )


def head(comment: str) -> tuple[dict[str, str], str]:
    """Settings (``table:``, ``config:``, ``rows:``, and at the end ``remedy:``) and the rest of a leading comment."""
    before, _, remedy = f"\n{comment}".partition("\nremedy:")
    settings, rest = {"remedy": " ".join(remedy.split())}, []
    for line in before.splitlines():
        key, colon, value = line.partition(":")
        if colon and key in {"table", "config", "rows"}:
            settings[key] = value.strip()
        elif line:
            rest.append(line)
    return settings, " ".join(rest)


def read_config(settings: dict[str, str]) -> Config:
    """The ``config`` of a leading comment, its remedy as ``meta``."""
    given = yaml.safe_load(settings.get("config", "{}"))
    remedy = {"meta": {"remedy": settings["remedy"]}}
    return Config.model_validate(remedy | given if isinstance(given, dict) else given)


def merged(default: Config, own: Config) -> Config:
    """A test's config: its own keys, else the generic test's; tags add up, as in dbt."""
    given = {name: getattr(own, name) for name in own.model_fields_set}
    every = dict.fromkeys(tag for some in (default.tags, own.tags) for tag in some)
    return default.model_copy(update=given | {"tags": list(every)})


def dbt_name(test: str, table: str, *arguments: dict[str, Any]) -> str:
    """Name that dbt gives a generic test: ``<test>_<table>_<arguments, in order of their names>``."""
    given = {name: value for some in arguments for name, value in some.items()}
    flat = [part for _, value in sorted(given.items()) for part in (value if isinstance(value, list) else [value])]
    cleaned = "__".join(re.sub("[^0-9a-zA-Z_]+", "_", str(part)) for part in flat)
    return f"{test}_{table.partition('.')[2]}_{cleaned}".rstrip("_")
