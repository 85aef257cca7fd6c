"""What became of a file, told to people: one line for the command line, the log of a run and the page of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.nights import close

if TYPE_CHECKING:
    from datetime import datetime

    from recsys_assets.profile import Profile
    from recsys_assets.storage.landing.ledger import Landed, Visible


def told(landed: Landed, profile: Profile, now: datetime) -> str:
    """One line: status, counts of rows, which of them count once or not at all, and from which night on."""
    parts = [landed.status]
    if landed.status == "landed":
        parts += [
            f"{landed.rows_read:,} rows read",
            f"{landed.rows_landed:,} landed",
            f"{landed.rows_rejected:,} rejected",
        ]
    if landed.message:
        parts.append(landed.message)
    parts += filter(None, [_repeats(landed, profile), landed.visible and when_visible(landed, profile, now)])
    return f"{landed.name}: {', '.join(parts)}"


def when_visible(landed: Landed, profile: Profile, now: datetime) -> str:
    """The nights that first see a file's rows, when they are built, and how many of the rows are of earlier days."""
    visible = landed.visible
    assert visible is not None, "asked only of files with landed rows"
    nights = f"night {visible.first}" if visible.first == visible.last else f"nights {visible.first} to {visible.last}"
    if profile.last_night is not None and visible.first > profile.last_night:
        return f"visible in no night: {profile.last_night} is the last one"
    late = f" ({_late(landed, visible)})" if visible.n_late else ""
    return f"visible in {nights}, {_built(visible, profile, now)}{late}"


def _built(visible: Visible, profile: Profile, now: datetime) -> str:
    first, last = close(visible.first, profile.grace), close(visible.last, profile.grace)
    if now < first:
        return f"built at {first:%Y-%m-%d %H:%M} UTC" + (f" to {last:%Y-%m-%d %H:%M}" if first < last else "")
    if now < last:
        return f"which are built up to {last:%Y-%m-%d %H:%M} UTC"
    return "closed already: the next build takes them in"


def _late(landed: Landed, visible: Visible) -> str:
    share = "all" if visible.n_late == landed.rows_landed else f"{visible.n_late:,}"
    return f"{share} of them of earlier days, {visible.late_since} at first"


def _repeats(landed: Landed, profile: Profile) -> str:
    """Rows that are equal to others, and what that means for them."""
    drops, nothing = profile.repeated_lines == "drop", landed.rows_adding_nothing or 0
    parts = []
    if landed.rows_repeated:
        count = "are dropped" if drops else "count"
        parts.append(
            f'{landed.rows_repeated:,} repeat a line of the file and {count} (repeated_lines = "{profile.repeated_lines}")'
        )
    if held := nothing - (landed.rows_repeated if drops else 0):
        parts.append(f"{held:,} add nothing: other files hold them")
    return ", ".join(parts)
