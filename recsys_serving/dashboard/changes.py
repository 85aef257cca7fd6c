"""What changed from one night's lists to another's.

What belongs here: comparing two releases that are kept. Lists are compared by their first ten places; of many users by
a sample, which the ids choose, so that both nights have the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_assets.selects.files import SQL_FOLDER

if TYPE_CHECKING:
    from recsys_serving.release import Release

MOST_USERS = 2_500
"""Users whose lists are compared, about."""
_KEPT = 16
_made: OrderedDict[tuple[str, str, str], Changes] = OrderedDict()
_making = threading.Lock()


@dataclass(frozen=True)
class Changes:
    """How the lists of a task differ from those of an earlier night."""

    n_users: int
    """Users compared: those with a list on both nights, or the sample of them."""
    n_changed: int
    """Those whose first ten places are not the same items in the same order."""
    n_with_new: int
    """Those who see an item that they did not."""
    n_places: int
    n_kept: int
    """Places whose item was among the ten before."""
    is_sample: bool
    items: tuple[dict[str, Any], ...]
    """Items by how much more or less often they are listed: `n_before`, `n_after` and `change`, in lists."""


def changes(release: Release, before: Release, task: str) -> Changes:
    """Compare two releases; what was compared is kept. Run it in a thread.

    Raises
    ------
    LookupError, TimeoutError
        As `Release.ask`.
    """
    asked = release.name, before.name, task
    with _making:
        if asked not in _made:
            _made[asked] = _compared(release, before, task)
        _made.move_to_end(asked)
        while len(_made) > _KEPT:
            _made.popitem(last=False)
        return _made[asked]


def _compared(release: Release, before: Release, task: str) -> Changes:
    import duckdb

    nth = max(1, len(release.users) // MOST_USERS)
    earlier = before.ask_table("first_ten", task=task, nth=nth)
    before.let_go()
    later = release.ask_table("first_ten", task=task, nth=nth)
    with duckdb.connect(config={"threads": 1, "memory_limit": "64MB"}) as connection:
        connection.execute("create schema made")
        for name, rows in {"before": earlier, "after": later}.items():
            connection.register(f"rows_{name}", rows)
            connection.execute(f"create view made.{name} as from rows_{name}")
        found = [
            connection.sql((SQL_FOLDER / "serving" / f"{name}.sql").read_text()).to_arrow_table().to_pylist()
            for name in ("changed_lists", "changed_items")
        ]
    (summary,), items = found
    return Changes(**{k: v or 0 for k, v in summary.items()}, is_sample=nth > 1, items=tuple(items))
