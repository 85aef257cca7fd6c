"""From a file to a source and a profile: the order of the steps, and writing what comes out.

What belongs here: what `recsys init` does. What it prints is in `recsys_jobs.cli.init`.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_assets.profile import PROJECT, Profile
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.landing.suspicious import suspicions
from recsys_jobs.init.budget import choose_algorithms, read_budget
from recsys_jobs.init.headerless import name_columns
from recsys_jobs.init.look import InitError, look
from recsys_jobs.init.measure import measure, plan_nights, tasks_of, weigh
from recsys_jobs.init.nested import nested_columns, unnesting
from recsys_jobs.init.roles import assign_roles
from recsys_jobs.init.selects import event_types_of, readings, write_selects
from recsys_jobs.init.settings import write_profile
from recsys_jobs.init.times import check_zone
from recsys_jobs.init.trial import try_source
from recsys_jobs.init.values import decide_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from recsys_jobs.init.budget import Choice
    from recsys_jobs.init.choosing import Roles
    from recsys_jobs.init.look import Look
    from recsys_jobs.init.measure import Measured, Nights
    from recsys_jobs.init.trial import Tried

WRITTEN = ("events", "items", "retractions")
"""SQL files that it writes; when they are written again these are replaced, others in the folder stay."""


@dataclass(frozen=True)
class NewSource:
    """A source and a profile that were written for a file, and what they rest on."""

    name: str
    seen: Look
    """The files; its connection is closed."""
    roles: Roles
    """What each column was taken for."""
    readings: dict[str, list[tuple[str, str]]]
    """Values of ids, times and numbers by role, as delivered and as understood."""
    tried: Tried
    """What became of a sample of the rows."""
    measured: Measured
    nights: Nights
    choice: Choice
    n_returns: int
    """Rows taken as returns."""
    suspicious: tuple[str, ...]
    """Sentences on what looks odd in the events."""
    selects: tuple[str, ...]
    """Names of the SQL files written."""


def write_source(
    name: str,
    file: Path,
    asked: Mapping[str, str | None],
    *,
    time_zone: str | None = None,
    time_format: str | None = None,
    skip: int | None = None,
    encoding: str | None = None,
    columns: list[str] | None = None,
    decimal_sign: str | None = None,
    budget: str | None = None,
    replace: bool = False,
) -> NewSource:
    """Look at a file, try what its columns are taken for, and write a source and a profile of that name.

    Parameters
    ----------
    asked
        Column by role (user, item, time, event, quantity, value); None: find it, empty: there is none.
    time_zone
        Zone of times without an offset; None: UTC.
    time_format, skip, encoding, columns
        Format of the times, lines above the names, encoding, names of a text file that has none; None: find out.
    decimal_sign
        ``.`` or ``,`` where no number tells; None: refuse such a column.
    budget
        How long a night may take, such as ``10m``; None: as long as is comfortable.
    replace
        Whether a source and profile of that name may be replaced.

    Raises
    ------
    InitError
        When the name is wrong or taken, or the file cannot become a source; nothing is written then.
    """
    profile_file = _check_name(name, replace)
    seconds = None if budget is None else read_budget(budget)
    with look(file, skip, encoding, columns) as looked:
        seen = name_columns(looked)
        if time_zone is not None:
            check_zone(seen.con, time_zone)
        roles = roles_of(seen, asked, time_format)
        decide_values(seen, roles, decimal_sign)
        texts = write_selects(seen, roles, time_zone, event_types_of(seen, roles))
        with _on_trial(texts) as folder:
            tried = try_source(seen, folder.name)
            measured = measure(seen.con, texts["events"])
            nights = plan_nights(measured)
            choice = choose_algorithms(measured.work, list(tasks_of(measured)), seconds)
            settings = write_profile(name, seen.delivery, roles, measured, nights, choice)
            Profile(name=name, **tomllib.loads(settings))
            odd = suspicions(seen.con, "from measured", name, texts["events"], weigh(measured.types))
            read = readings(seen, roles, time_zone)
            n_returns = _count(seen, texts["retractions"]) if "retractions" in texts else 0
            _put(folder, SQL_FOLDER / "sources" / name)
        profile_file.write_text(settings)
        profile_file.chmod(0o644)
    return NewSource(name, seen, roles, read, tried, measured, nights, choice, n_returns, tuple(odd), tuple(texts))


def roles_of(seen: Look, asked: Mapping[str, str | None], time_format: str | None) -> Roles:
    """Which column is what, of a file with a row an event.

    Raises
    ------
    InitError
        When it cannot be told; where columns hold lists or objects, with the statement that takes them apart.
    """
    nested = nested_columns(seen)
    try:
        roles = assign_roles(seen, asked, time_format)
    except InitError as error:
        if nested:
            raise InitError(unnesting(seen)) from error
        raise
    if any(roles.taken[role] in nested for role in ("user", "item", "time")):
        raise InitError(unnesting(seen))
    return roles


def _check_name(name: str, replace: bool) -> Path:
    """Path of the profile to write.

    Raises
    ------
    InitError
        When the name cannot be one, or is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InitError(f"{name!r} is no name for a source: use lower-case letters, digits and _, such as my_shop.")
    profile_file = PROJECT / "data" / "profiles" / f"{name}.toml"
    there = [path for path in (SQL_FOLDER / "sources" / name, profile_file) if path.exists()]
    if there and not replace:
        shown = " and ".join(str(path.relative_to(PROJECT)) for path in there)
        exist = "exists" if len(there) == 1 else "exist"
        raise InitError(
            f"{shown} {exist} already. Choose another name, or overwrite the SQL and the profile with --force."
        )
    return profile_file


@contextmanager
def _on_trial(texts: dict[str, str]) -> Iterator[Path]:
    """The SELECTs as a source of their own, checked like any other, for as long as the block runs."""
    folder = Path(tempfile.mkdtemp(prefix=".init-", dir=SQL_FOLDER / "sources"))
    try:
        for stem, content in texts.items():
            (folder / f"{stem}.sql").write_text(content)
            load_select(folder / f"{stem}.sql", keyed=False)
        yield folder
    finally:
        shutil.rmtree(folder)


def _count(seen: Look, select: str) -> int:
    return int(seen.con.execute(f"select count(*) from ({select})").fetchall()[0][0])


def _put(folder: Path, target: Path) -> None:
    """Put the SQL files in place; those of an earlier run that are not written any more go."""
    target.mkdir(exist_ok=True)
    target.chmod(0o755)
    for stem in WRITTEN:
        source = folder / f"{stem}.sql"
        if source.exists():
            shutil.copyfile(source, target / source.name)
            (target / source.name).chmod(0o644)  # Code, which whoever runs the nights must be able to read.
        else:
            (target / source.name).unlink(missing_ok=True)
