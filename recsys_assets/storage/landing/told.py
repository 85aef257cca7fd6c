"""What became of a file, told to people: for the command line, the log of a run and the page of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.nights import close
from recsys_assets.visible import visible

if TYPE_CHECKING:
    from datetime import datetime

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.landing.ledger import Landed, Visible


def told(landed: Landed, profile: Profile, now: datetime) -> str:
    """Status and counts on one line; on lines below it what repeats, and which nights see the rows first."""
    counts = (
        f", {landed.rows_read:,} rows read, {landed.rows_landed:,} landed, {landed.rows_rejected:,} rejected"
        if landed.status == "landed"
        else ""
    )
    lines = [visible(f"{landed.name}: {landed.status}{counts}{', ' if landed.message else ''}{landed.message}")]
    lines += _repeats(landed, profile)
    if landed.visible:
        lines.append(when_visible(landed, landed.visible, profile, now))
    return "\n    ".join(map(visible, lines))


def when_visible(landed: Landed, seen: Visible, profile: Profile, now: datetime) -> str:
    """The nights that first see a file's rows, when they are built, and how many of the rows are of earlier days."""
    first, last = seen.first, seen.last
    if profile.last_night is not None and first > profile.last_night:
        return f"visible in no night: {profile.last_night} is the last one"
    nights = f"night {first}" if first == last else f"nights {first} to {last}"
    late = f"; {seen.n_late:,} of earlier days, {seen.late_since} at first" if seen.n_late else ""
    return f"visible in {nights}, {_built(first, last, profile, now)}{late}"


def _built(first: Night, last: Night, profile: Profile, now: datetime) -> str:
    begins, ends = (close(night, profile.grace) for night in (first, last))
    if now < begins:
        return f"built at {begins:%Y-%m-%d %H:%M} UTC" + (f" to {ends:%Y-%m-%d %H:%M} UTC" if first < last else "")
    if now < ends:
        return f"the last of them built at {ends:%Y-%m-%d %H:%M} UTC"
    return "closed already: the next build takes them in"


def _repeats(landed: Landed, profile: Profile) -> list[str]:
    """Rows that equal others, and what that means for them."""
    setting, nothing, lines = profile.repeated_lines, landed.rows_adding_nothing or 0, []
    if landed.rows_repeated:
        count = "count" if setting == "count" else "are dropped"
        lines.append(f'{landed.rows_repeated:,} repeat a line of the file and {count} (repeated_lines = "{setting}")')
    if held := nothing - (landed.rows_repeated if setting == "drop" else 0):
        lines.append(f"{held:,} add nothing: other files hold them")
    return lines
