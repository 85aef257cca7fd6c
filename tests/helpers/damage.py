"""Damage to files, as a failing disk does it."""

from pathlib import Path


def flip(path: Path, bit: int | None = None) -> None:
    """Change one bit of a file, by default in its middle, whatever its permissions."""
    content = bytearray(path.read_bytes())
    place = len(content) * 4 if bit is None else bit
    content[place // 8] ^= 1 << place % 8
    path.parent.chmod(0o700)
    path.chmod(0o600)
    path.write_bytes(content)
