"""Text as it may be shown: what a terminal or a page would act on becomes visible, and passwords do not.

What belongs here: the one rule for characters, and the one for passwords. Who shows text goes through it: the command
line in `recsys_jobs.cli.console`, pages of Dagster in `recsys_assets.assets.metadata`, sentences of landing in
`assets.raw`.
"""

from __future__ import annotations

import re
import unicodedata

_SHAPERS = "\u200c\u200d"
"""Joiners: without them Persian words and families of emoji fall apart, and a terminal does nothing with them."""
_PASSWORD = re.compile(r"(://[^/@\s:]*:)\S*@|([?&]\w*password=)[^&\s]*", re.IGNORECASE)


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


def blotted(text: str) -> str:
    """The same text without the passwords of URLs: what stands between user and host, or behind `password=`."""
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}***{'@' if found[1] else ''}", text)
