"""Text files as lines of UTF-8, whatever they are packed and encoded in.

What belongs here: undoing gzip and other encodings, and splitting bytes into lines; what a line means is the
readers' matter. Memory is bounded: a block and a line of at most `LONGEST_LINE` bytes.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections import deque
from typing import TYPE_CHECKING, BinaryIO

from recsys_assets.errors import RecsysError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recsys_assets.profile import Delivery

LONGEST_LINE = 16 * 2**20
BLOCK = 2**20
UNASKED_BYTES = 10**9
"""Up to so many unpacked bytes nobody asks how many times the packed ones they are."""
_BYTE_ORDER_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"} | {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_GZIP = b"\x1f\x8b"
_OTHER_FORMATS = {
    b"PAR1": 'Parquet; name it .parquet, or set format = "parquet" for its delivery',
    b"PK\x03\x04": "a zip archive; unpack it",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it, or pack it with gzip",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "packed with xz; unpack it, or pack it with gzip",
    b"%PDF": "a PDF; deliver CSV, Parquet or JSON lines",
}


class UnreadableFile(RecsysError):
    """A file that cannot be read at all; it is quarantined with this message."""


def as_utf8(path: Path, delivery: Delivery, folder: Path) -> Path:
    """The file itself if it is plain UTF-8, else a copy of it in ``folder`` that is.

    Gzip and UTF-16 with a byte-order mark are known by their first bytes, not by the file's name. Bytes that
    the delivery's encoding does not have stay as they are, so that the lines that hold them can be told.

    Raises
    ------
    UnreadableFile
        When it is empty, cut short, of a format that its first bytes give away, or unpacks to more than the delivery
        may.
    """
    packed = is_gzip(path)
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            start = file.read(8)
            encoding = _encoding(start, delivery.encoding)
            if encoding == "utf-8" and not packed:
                return path
            file.seek(0)
            copy = folder / "utf8"
            with copy.open("wb") as out:
                decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
                for block in blocks(file, path, delivery):
                    out.write(block if encoding == "utf-8" else decoder.decode(block).encode(errors="surrogateescape"))
                out.write(decoder.decode(b"", final=True).encode() if encoding != "utf-8" else b"")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFile(f"its gzip stream is damaged or cut short: deliver it again ({error})") from error
    except UnicodeError as error:
        raise UnreadableFile(
            f"is not {encoding} throughout: deliver it again, or set the right encoding for its delivery ({error})"
        ) from error
    return copy


def is_gzip(path: Path) -> bool:
    """Whether a file's first bytes are those of gzip."""
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


def blocks(file: BinaryIO | gzip.GzipFile, path: Path, delivery: Delivery) -> Iterator[bytes]:
    """Blocks of what a file unpacks to, as far as its delivery may.

    Raises
    ------
    UnreadableFile
        As soon as it is more.
    """
    n_bytes = 0
    while block := file.read(BLOCK):
        n_bytes += len(block)
        check_unpacked(n_bytes, path, delivery)
        yield block


def check_unpacked(n_bytes: int, path: Path, delivery: Delivery) -> None:
    """Refuse a packed file that becomes too large: a few bytes can stand for more than a disk holds.

    Parameters
    ----------
    n_bytes
        What it unpacks to, or has so far.

    Raises
    ------
    UnreadableFile
        When that is more than the delivery's ``max_unpacked_gb``, or, above `UNASKED_BYTES`, more than its
        ``max_expansion`` times the file's size.
    """
    size = path.stat().st_size
    if n_bytes > delivery.max_unpacked_gb * 10**9:
        limit = f"max_unpacked_gb = {delivery.max_unpacked_gb:g}"
    elif n_bytes > max(UNASKED_BYTES, delivery.max_expansion * size):
        limit = f"max_expansion = {delivery.max_expansion:g}"
    else:
        return
    raise UnreadableFile(
        f"its {size:,} bytes unpack to {n_bytes:,} or more, beyond {limit}: deliver it in parts, or set a larger one "
        "for its delivery if it is what you expect"
    )


def _encoding(start: bytes, said: str) -> str:
    """Normal name of the encoding: a byte-order mark of UTF-16 or UTF-32 tells more than the default does."""
    if not start:
        raise UnreadableFile("is empty; deliver it again")
    for mark, other in _OTHER_FORMATS.items():
        if start.startswith(mark):
            raise UnreadableFile(f"is {other}")
    name = codecs.lookup(said).name
    if name == "utf-8":
        return next((marked for mark, marked in _BYTE_ORDER_MARKS.items() if start.startswith(mark)), name)
    return name


class Lines:
    """Lines of a file with their ends (LF, CR LF or CR), from which some can be handed back."""

    def __init__(self, file: BinaryIO) -> None:
        self._source = _lines(file)
        self._returned: deque[bytes] = deque()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._returned.popleft() if self._returned else next(self._source)

    def give_back(self, lines: list[bytes]) -> None:
        """Let the next lines be these, in order."""
        self._returned.extendleft(reversed(lines))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    rest = file.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
    while block := file.read(BLOCK):
        lines = (rest[: LONGEST_LINE + 1] + block).splitlines(keepends=True)
        rest = lines.pop()  # It may go on in the next block, also with the LF of a CR LF.
        yield from lines
    yield from rest.splitlines(keepends=True)


def line_fault(line: bytes, encoding: str) -> str | None:
    """Why a line is no text, or None."""
    if len(line) > LONGEST_LINE:
        return f"longer than {LONGEST_LINE // 2**20} MB"
    if b"\0" in line:
        return "holds a NUL byte: the file was damaged or is no text"
    if line.isascii():
        return None
    try:
        line.decode()
    except UnicodeDecodeError:
        return f'not valid {encoding.upper()}; write it so, or set encoding = "..." (e.g. "latin-1") for its delivery'
    return None


def shown(line: bytes) -> str:
    """A line as people can read it, whatever bytes it has; of one that is too long, the beginning."""
    whole = line if len(line) <= LONGEST_LINE else line[:1000] + b"..."
    return whole.rstrip(b"\r\n").decode(errors="backslashreplace").replace("\0", "\\x00")
