"""Checksums of files: whether the bytes on the disk are those that were written.

What belongs here: the checksum of a file, and holding a file against the one that its name, or a file beside it,
tells. A link is no file of ours: what it points at can change without it. A bit that flips on a disk mostly reads as
other data, not as an error: Parquet as DuckDB writes it has no checksums of its own.
"""

from __future__ import annotations

from stat import S_ISLNK
from typing import TYPE_CHECKING

from recsys_assets.errors import RecsysError

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_BYTES = 1 << 20
_known: dict[tuple[int, int, int, int, int], str] = {}
"""Checksums by device, inode, size and times of change: a file that nobody has touched is read once in a process.

The time of its bytes (mtime) can be set back by whoever changed them; that of its inode (ctime) cannot.
"""


class DamagedFile(RecsysError):
    """A file that is not what was written in its place: other bytes, or the file of another place.

    The message names it and says what to do.
    """


def checksum(path: Path) -> str:
    """Checksum of a file's bytes: XXH3 of 64 bits (Collet, xxHash 2020), 16 hexadecimal digits; O(bytes).

    Raises
    ------
    DamagedFile
        When the disk cannot read it, or it is a symbolic link.
    OSError
        When there is no such file.
    """
    import xxhash

    about = path.lstat()
    if S_ISLNK(about.st_mode):
        raise DamagedFile(f"{path} is damaged: it is a link to {path.readlink()}, not the file that was written.")
    key = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    if key not in _known:
        digest, block = xxhash.xxh3_64(), memoryview(bytearray(BLOCK_BYTES))
        try:
            with path.open("rb", buffering=0) as file:
                while n_read := file.readinto(block):
                    digest.update(block[:n_read])
        except OSError as error:
            raise DamagedFile(f"{path} cannot be read: {error.strerror or error}. Check the disk.") from error
        _known[key] = digest.hexdigest()
    return _known[key]


def is_whole(path: Path, expected: str) -> bool:
    """Whether a file's bytes are those that were written; one without a checksum passes for whole."""
    return not expected or checksum(path) == expected
