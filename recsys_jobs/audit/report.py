"""What an audit says, for people: a Markdown table, sentences, and the rows the lake keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys_jobs.audit.outcome import Audit, Difference

HELD_AGAINST = ("lake", "deleted", "altered")
"""What the plain build is compared with."""


def verdict(audit: Audit) -> str:
    """One sentence: passed, or the first asset that differs."""
    if not audit.passed:
        first = audit.differences[0]
        return f"Night {audit.night} is NOT future-blind: {sentence(first)}"
    known = "equal what the lake holds" if audit.compared_with_lake else "the lake was not compared"
    futures = "stays, is deleted or is altered" if "deleted" in audit.seconds else "stays or is altered"
    users = "" if audit.users == 1 else f" for {audit.users:.1%} of its users"
    return (
        f"Night {audit.night} is future-blind{users}: {len(audit.compared)} tables and models are equal, whether its "
        f"future {futures}; {known}. Its builds were confined by {audit.confined_by}."
    )


def sentence(difference: Difference) -> str:
    """Which asset differs, from what, and in which columns."""
    if difference.problem:
        return f"{difference.problem} (in the {difference.build} build)"
    against = {
        "lake": "built again as it came, it is not what the lake holds",
        "deleted": "it changes when what came after the night is deleted",
        "altered": "it changes when what came after the night is altered",
    }[difference.build]
    columns = f" (columns {', '.join(difference.columns)})" if difference.columns else ""
    return f"{difference.asset}: {against}{columns}."


def compared_rows(audit: Audit) -> list[dict[str, Any]]:
    """One row per asset in graph order: its fingerprint in each build, and whether all are equal."""
    differing = {difference.asset for difference in audit.differences}
    return [
        {"place": place, "asset": asset, "plain": prints.get("plain")}
        | {build: prints.get(build) for build in HELD_AGAINST}
        | {"is_equal": asset not in differing}
        for place, (asset, prints) in enumerate(audit.compared)
    ]


def markdown(audit: Audit) -> str:
    """A table for the UI: which asset is equal to the plain build in which other."""
    signs = {(difference.asset, difference.build): "**differs**" for difference in audit.differences}
    lines = ["| asset | plain build | " + " | ".join(HELD_AGAINST) + " |", "|" + " --- |" * (2 + len(HELD_AGAINST))]
    for asset, prints in audit.compared:
        cells = [
            signs.get((asset, build), "equal") if build in prints and prints[build] is not None else "-"
            for build in HELD_AGAINST
        ]
        lines.append(f"| {asset} | `{(prints.get('plain') or '-')[:12]}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)
