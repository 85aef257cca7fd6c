"""``sql/release/comments.sql`` out of docs/release.md, whose tables say what each table and column of a release holds.

`python -m tests.sql.release_comments` writes it anew; a test holds the two equal.
"""

import re

from recsys_assets.profile import PROJECT
from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.selects.quoting import quoted, text

FILE = SQL_FOLDER / "release" / "comments.sql"
HEAD = """\
-- What each table and column of a release holds, as `comment on`: clients show it, and so does
--   select table_name, column_name, comment from duckdb_columns() where schema_name = 'serving'
-- Made from docs/release.md by `python -m tests.sql.release_comments`; change that page, not this file.
"""


def plain(markdown: str) -> str:
    """Markdown of a cell or a paragraph as a client shows it."""
    unlinked = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", markdown)
    return " ".join(unlinked.replace("`", "").split())


def made() -> str:
    """The whole file."""
    page = (PROJECT / "docs" / "release.md").read_text()
    parts = re.split(r"^## ((?:serving|meta)\.\w+)$", page, flags=re.MULTILINE)
    lines = [HEAD]
    for table, part in zip(parts[1::2], parts[2::2], strict=True):
        about = re.split(r"\S*Made by \[|\n\|", part.strip(), maxsplit=1)[0]
        lines.append(f"comment on table {table} is {text(plain(about))};\n")
        for column, held in re.findall(r"^\| `(\w+)` \| `[^|]+` \| (.+) \|$", part, flags=re.MULTILINE):
            lines.append(f"comment on column {table}.{quoted(column)} is {text(plain(held))};\n")
    return "".join(lines)


if __name__ == "__main__":
    FILE.write_text(made())
