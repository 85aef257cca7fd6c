"""Ids are recognised as the release's own macros do."""

import sys

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recsys_serving.ids import canonical_id, visible_text
from tests.helpers.committed import PROJECT
from tests.helpers.examples import examples

MACROS = (PROJECT / "sql" / "release" / "macros.sql").read_text().partition("-- The tasks of this release")[0]
HANDED = (
    *(
        "17012",
        "17012.0",
        " 17012 ",
        "１７０１２",
        "007",
        "1.10",
        "-5.00",
        "5.0.0",
        "",
        " ",
        "\u200b",
        "e\u0301",
        "a\u00a0b",
    ),
    *(
        "a  b",
        "\ufeffx",
        "x\u200dy",
        "ب\u200cا",
        "👩\u200d👧",
        "$5",
        "a\nb",
        "５．０",
        "1\x00",
        "\u3000é ",
        "＂",
        "12.0\n",
    ),
)


@pytest.fixture(scope="module")
def macros():
    with duckdb.connect() as con:
        con.execute("create schema serving")
        con.execute(MACROS)
        yield lambda texts: con.execute(
            "select coalesce(serving.visible_text(t), ''), coalesce(serving.canonical_id(t), '') "
            "from (select unnest($1::varchar[]) as t, generate_subscripts($1::varchar[], 1) as n) order by n",
            [texts],
        ).fetchall()


def ours(texts):
    return [(visible_text(text), canonical_id(text)) for text in texts]


def test_ids_of_all_kinds(macros):
    assert ours(HANDED) == macros(list(HANDED))


def test_every_character_alone_and_among_others(macros):
    """Characters that Python's Unicode knows; a newer one is a plain character to an older table."""
    import unicodedata

    known = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in {"Cn", "Cs"}]
    for texts in ([*known], [f"a{char}1.0" for char in known]):
        wrong = [(t, a, b) for t, a, b in zip(texts, ours(texts), macros(texts), strict=True) if a != b]
        assert wrong == []


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=8), min_size=1, max_size=20))
@example(["0.00", "-0.0", "\u200c", "\u200c1"])
def test_any_text(macros, texts):
    assert ours(texts) == macros(texts)
