"""Ids as people have them at hand, in the forms that landing may know them by."""

from __future__ import annotations

from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.storage.connections import connect


def forms_of_id(given: str) -> list[str | None]:
    """The visible and the canonical form of an id (``17012.0`` and ``17012``), as `serving.recommend` asks for both.

    Each is None where nothing of the id can be seen.
    """
    with connect() as con:
        con.execute((SQL_FOLDER / "landing" / "macros.sql").read_text())
        return list(con.execute("select visible_text($1), canonical_id($1)", [given]).fetchall()[0])
