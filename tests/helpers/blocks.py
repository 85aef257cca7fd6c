"""The fenced blocks of a page, and those that say which file they are put where they belong."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    section: str
    label: str
    """The file it is, where the line before says so: `path`, or `path`, at the end."""
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    read, section, label, fence = [], "", "", None
    for line in page.read_text().splitlines():
        if fence is not None:
            if line == "```":
                read.append(Block(section, label, fence[0], "\n".join(fence[1:]) + "\n"))
                fence = None
            else:
                fence.append(line)
        elif line.startswith("```"):
            fence = [line.removeprefix("```")]
        elif line:
            section = line.lstrip("# ") if line.startswith("#") else section
            label = line if re.fullmatch(r"`[^` ]+`(, at the end)?", line) else ""
    assert fence is None, f"{page.name}: a block is not closed"
    return read


def write_files(page: Path, section: str, project: Path, home: Path) -> set[str]:
    """Put a section's labelled blocks where they say they belong; return their paths as the page has them."""
    written = set()
    for block in blocks(page):
        if block.section != section or not block.label:
            continue
        name = block.label.split("`")[1]
        path = home / name.removeprefix("~/") if name.startswith("~/") else project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if block.label.endswith("at the end") else ""
        assert bool(before) == path.exists(), f"{page.name} says {block.label}"
        spaced = "\n\n" if before and block.language == "python" else ""
        path.write_text(before + spaced + block.text)
        written.add(name)
    return written
