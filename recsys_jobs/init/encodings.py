"""Encodings: which one a text file has that nobody has described yet.

What belongs here: telling UTF-8 from the code pages that Windows writes. What a file's first bytes say (gzip, UTF-16)
is known to `recsys_assets.storage.landing.text_files`.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from typing import TYPE_CHECKING

from recsys_assets.storage.landing.text_files import BLOCK, UnreadableFile, blocks, is_gzip

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.profile import Delivery

WESTERN = "cp1252"
_EAST_ASIAN = {"cp932": "\u3000-\u30ff\u4e00-\u9fff\uff01-\uff60\uffe5", "cp949": "\uac00-\ud7a3"}
"""Code pages of Japan and Korea, with the characters that their words are written in."""
_MOSTLY = 0.7
"""Share of what is not ASCII that must be such characters."""


def encoding_of(file: Path, delivery: Delivery) -> str:
    """UTF-8 where a file is that; else the code page of Japan or Korea that it looks like, or the western one."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    first = b""
    try:
        with gzip.open(file) if is_gzip(file) else file.open("rb") as content:
            if content.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
                return "utf-8"  # Its byte-order mark says better.
            content.seek(0)
            first = content.read(BLOCK)
            content.seek(0)
            for block in blocks(content, file, delivery):
                decoder.decode(block)
    except UnicodeDecodeError:
        return next((name for name, characters in _EAST_ASIAN.items() if _looks_like(first, name, characters)), WESTERN)
    except (OSError, EOFError, zlib.error, UnreadableFile):
        pass  # Whoever reads it says what is wrong.
    return "utf-8"


def _looks_like(content: bytes, name: str, characters: str) -> bool:
    """Whether bytes are words of a code page. A western ä may be one of its characters, but inside a word: Käse."""
    text = content.decode(name, errors="replace")
    n_of_words = sum(map(len, re.findall(f"(?<![A-Za-z])[{characters}]+(?![A-Za-z])", text)))
    return n_of_words > _MOSTLY * sum(not character.isascii() for character in text)
