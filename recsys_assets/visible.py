"""Delivered text as it may be shown: what a terminal or a page would act on becomes visible.

What belongs here: the one rule for characters. Who shows text goes through it: the command line in
`recsys_jobs.cli.console`, pages of Dagster in `recsys_assets.assets.metadata`, sentences of landing in `assets.raw`.
"""

from __future__ import annotations

import unicodedata

_SHAPERS = "\u200c\u200d"
"""Joiners: without them Persian words and families of emoji fall apart, and a terminal does nothing with them."""


def visible(text: str) -> str:
    r"""The same text on one line, with what cannot be seen written out: ESC as ``\x1b``, a line's end as ``\n``.

    Written out are control characters, line and paragraph separators, characters of format (those that turn the
    direction of writing, or have no width) and bytes of a file name that are no text. All else stays, so nothing is
    lost.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(char) if _is_hidden(char) else char for char in text)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and char not in _SHAPERS


def _written_out(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # How Python keeps a byte that is no UTF-8.
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
