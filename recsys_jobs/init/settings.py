"""The profile `recsys init` writes: TOML with a comment on each setting that a newcomer would change.

What belongs here: the text of the file. Its figures come from `recsys_jobs.init.measure`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from recsys_jobs.init.budget import INSTANCES
from recsys_jobs.init.measure import ENOUGH_USERS, tasks_of, weigh
from recsys_jobs.init.selects import comment

if TYPE_CHECKING:
    from recsys_assets.profile import Delivery
    from recsys_jobs.init.budget import Choice
    from recsys_jobs.init.choosing import Roles
    from recsys_jobs.init.measure import Measured, Nights


def write_profile(
    name: str, delivery: Delivery, roles: Roles, measured: Measured, nights: Nights, choice: Choice
) -> str:
    """Text of ``data/profiles/<name>.toml``."""
    parts = [
        "# Written by `recsys init`; it is yours to change. Every setting: recsys_assets/profile.py.",
        f"# Looked at: {measured.n_events:,} events of {measured.n_users:,} users with {measured.n_items:,} items, "
        f"{measured.oldest:%Y-%m-%d} to {measured.newest:%Y-%m-%d}.",
        *_columns(roles),
        f"title = {toml(name)} # one line that people read",
        f"source = {toml(name)} # sql/sources/{name}: which column is what",
        "",
        *_nights(nights),
        "",
        *_horizon(measured, nights),
        *_tasks(measured),
        *_repeated_lines(measured),
        "",
        "# Files of history; those that arrive later go into the inbox under names of the same pattern.",
        "[[deliveries]]",
        f"table = {toml(delivery.table)}",
        f"files = {toml(delivery.files)}",
        f"folder = {toml(delivery.folder or '')}",
        *[f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in _extras(delivery).items()],
        "",
        *_weights(measured),
        "",
        *_algorithms(choice),
    ]
    return "\n".join(parts) + "\n"


def toml(value: str) -> str:
    """A text as TOML writes it, whatever is in it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _columns(roles: Roles) -> list[str]:
    """What each column was taken for, and why; columns that were left out, too."""
    taken = [f"# {role}: {column.name} ({roles.why[role]})" for role, column in roles.taken.items()]
    left_out = [f"# left out: {name} ({why})" for name, why in roles.left_out.items()]
    return [comment(line) for line in (*taken, *left_out)]


def _nights(nights: Nights) -> list[str]:
    lines = [
        "# A night is a UTC day. All older events become visible with the first one, so no earlier night can be built:",
        "# put it further back to look at more of the past with `recsys backtest`. Between it and the first night that",
        "# is published lie those of the warm-up, one horizon apart: graded, learned from, and never published.",
        f"first_night = {nights.first}",
    ]
    if nights.is_history:
        lines += [
            "# The newest event is older than a week, so this is history. Once files keep arriving, delete this line",
            "# and set first_night near today: each day from the first night on gets a partition of its own.",
            f"last_night = {nights.last}",
        ]
    demo = ", ".join(map(str, nights.demo))
    return [*lines, f"demo_nights = [{demo}] # built by `recsys demo`, one horizon apart so that each grades the last"]


def _horizon(measured: Measured, nights: Nights) -> list[str]:
    active, n_users = measured.active_users[nights.horizon], measured.n_users
    days = "day" if nights.horizon == 1 else f"{nights.horizon} days"
    return [
        f"# Days ahead that a list is judged. In a typical {days} {active:,} of {n_users:,} users do something:",
        f"# the more, the surer the grades. {ENOUGH_USERS} are plenty; fewer only widen the intervals.",
        f"horizon = {nights.horizon}",
    ]


def _tasks(measured: Measured) -> list[str]:
    names = ", ".join(map(toml, tasks_of(measured)))
    share = f"{100 * measured.repeat_share:.0f}%"
    return [
        f"# next: anything, also again. discovery: only what the user never had. Here {share} of what users do",
        "# on a day repeats an item of an earlier day"
        + ("." if "next" in tasks_of(measured) else ", so there is no next."),
        f"tasks = [{names}]",
    ]


def _repeated_lines(measured: Measured) -> list[str]:
    """What equal lines of a file are, where there are any."""
    repeated = measured.repeated
    if repeated is None:
        return []
    return [
        f"# {repeated.n_lines:,} of {repeated.n_all:,} lines repeat a line of their file.",
        f"# {repeated.choice}: {repeated.why}.",
        '# "count": so many events. "drop": one event. Equal lines of several files are delivered twice in any case.',
        f"repeated_lines = {toml(repeated.choice)}",
    ]


def _extras(delivery: Delivery) -> dict[str, object]:
    """What else the delivery needs to be read."""
    return delivery.model_dump(exclude={"table", "files", "folder"}, exclude_defaults=True, exclude_none=True)


def _weights(measured: Measured) -> list[str]:
    types = measured.types
    weights = weigh(types)
    lines = [
        "# Weight of one event of each type in training. What is not named counts for nothing and is not graded.",
        "[event_weights]",
    ]
    had = {True: "", False: ": had, so left out of discovery, and nothing more"}
    lines += [f"{_key(name)} = {w} # {types[name]:,} events{had[w > 0]}" for name, w in weights.items()]
    left = [name for name in types if name not in weights]
    lines += [f"# {comment(_key(name))} = 0.1 # {types[name]:,} events, left out" for name in left]
    return lines


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def _algorithms(choice: Choice) -> list[str]:
    return [
        "# Algorithms, each with its settings below it; see recsys_assets/algorithms.",
        f"# {choice.sentence}",
        *[f"# Left out: {name}, as {why}." for name, why in choice.left_out.items()],
        *["\n".join([f"[algorithms.{name}]", *INSTANCES.get(name, [])]) for name in choice.algorithms],
    ]
