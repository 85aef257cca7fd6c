"""Ids as people have them at hand, in the forms that a release may know them by.

What belongs here: what `serving.visible_text` and `serving.canonical_id` of sql/release/macros.sql say, in Python,
since a question to DuckDB costs more than all else of an answer. The tests hold one against the other.
"""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_LATIN = re.compile(r"[0-9A-Za-z]")
_WHOLE = re.compile(r"(-?[0-9]+)[.]0+")
_JOINERS = {0x200C: None, 0x200D: None}
_SPACES = frozenset("\t\n\v\f\r \x85")
_INVISIBLE = frozenset(
    map(
        chr,
        (0xAD, 0x34F, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
    )
)
_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}


def visible_text(given: str) -> str:
    """A text as people see it: composed (NFC), with plain spaces and nothing invisible; empty where nothing is left."""
    if _PLAIN.fullmatch(given) or _is_plain(given):
        return given
    text = given.translate(_JOINERS) if _LATIN.search(given) else given
    spaced = (" " if char in _SPACES or unicodedata.category(char)[0] == "Z" else char for char in text)
    kept = (char for char in spaced if char not in _INVISIBLE and unicodedata.category(char) != "Cc")
    return unicodedata.normalize("NFC", "".join(kept)).strip(" ")


def canonical_id(given: str) -> str:
    """The one form of an id: its visible text in usual width, a whole number without its point and zeros."""
    text = visible_text(given).translate(_WIDE)
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _is_plain(text: str) -> bool:
    """Whether all is Latin, or a sign of money, with single spaces between; such a text stays as it is."""
    return all(word and all(map(_is_plain_character, word)) for word in text.split(" "))


def _is_plain_character(char: str) -> bool:
    return "!" <= char <= "~" or "¡" <= char <= "¬" or "®" <= char <= "\u024f" or unicodedata.category(char) == "Sc"
