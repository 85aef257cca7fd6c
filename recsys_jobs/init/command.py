"""The command `recsys init`: looks at a file, proposes what its columns are, and writes a source and a profile.

What belongs here: its options, the order of its steps, writing the files, and what it prints.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys_assets.profile import PROJECT, Profile
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.selects.quoting import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from recsys_jobs.init.look import Look
    from recsys_jobs.init.measure import Measured, Nights
    from recsys_jobs.init.roles import Roles
    from recsys_jobs.init.times import TimeFormat
    from recsys_jobs.init.trial import Tried

WRITTEN = ("events", "items", "retractions")
"""SQL files that it writes; with --force they are replaced, others in the folder stay."""
_COLUMN = "Column that is the {}."


def init(
    name: Annotated[str, typer.Argument(help="Name of the source and the profile, e.g. my_shop.")],
    file: Annotated[Path, typer.Option("--file", help="CSV, CSV.gz, TSV, Parquet or JSON lines with a row an event.")],
    user: Annotated[str | None, typer.Option(help=_COLUMN.format("user"))] = None,
    item: Annotated[str | None, typer.Option(help=_COLUMN.format("item"))] = None,
    time: Annotated[str | None, typer.Option(help=_COLUMN.format("time"))] = None,
    event: Annotated[str | None, typer.Option(help=_COLUMN.format("type of event") + " '': none.")] = None,
    quantity: Annotated[str | None, typer.Option(help=_COLUMN.format("number of pieces") + " '': none.")] = None,
    value: Annotated[str | None, typer.Option(help="Column of what the line cost in total. '': none.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Zone of times without an offset, e.g. Europe/Berlin (default: UTC).")
    ] = None,
    time_format: Annotated[str | None, typer.Option(help="Format of the times, e.g. '%d/%m/%Y %H:%M'.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the source and profile of that name.")] = False,
) -> None:
    """Look at a file, propose what its columns are, and write a source and a profile for it.

    Nothing lands yet: look at what it says, change the SQL it wrote if you know better, then run `recsys demo`.
    """
    from recsys_jobs.cli import console
    from recsys_jobs.init.look import look
    from recsys_jobs.init.measure import measure, plan_nights
    from recsys_jobs.init.roles import assign_roles
    from recsys_jobs.init.selects import event_types_of, write_selects
    from recsys_jobs.init.settings import write_profile
    from recsys_jobs.init.times import check_zone
    from recsys_jobs.init.trial import try_source

    profile_file = _check_name(name, force)
    asked = {"user": user, "item": item, "time": time, "event": event, "quantity": quantity, "value": value}
    with console.status(f"Looking at {file.name}"), look(file) as seen:
        if time_zone:
            check_zone(seen.con, time_zone)
        roles = assign_roles(seen, asked, time_format)
        texts = write_selects(seen, roles, time_zone, event_types_of(seen, roles))
        with _on_trial(texts) as folder:
            tried = try_source(seen, folder.name)
            measured = measure(seen.con, texts["events"])
            nights = plan_nights(measured)
            written = write_profile(name, seen.delivery, measured, nights)
            Profile(name=name, **tomllib.loads(written))
            n_returns = _count(seen, texts["retractions"]) if "retractions" in texts else 0
            _put(folder, SQL_FOLDER / "sources" / name)
        profile_file.write_text(written)
        _show_columns(console, seen, roles)
    assert roles.time is not None, "roles without a time are refused earlier"
    _show_trial(console, seen, tried)
    _show_choices(console, measured, nights, n_returns)
    _show_written(console, name, texts)
    _show_zone(console, roles.time, time_zone)
    _show_next(console, name, measured.user, bool(nights.demo))


def _check_name(name: str, force: bool) -> Path:
    """Path of the profile to write.

    Raises
    ------
    InitError
        When the name cannot be one, or is taken.
    """
    from recsys_jobs.init.look import InitError

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InitError(f"{name!r} is no name for a source: use lower-case letters, digits and _, such as my_shop.")
    profile_file = PROJECT / "data" / "profiles" / f"{name}.toml"
    there = [path for path in (SQL_FOLDER / "sources" / name, profile_file) if path.exists()]
    if there and not force:
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
    for stem in WRITTEN:
        source = folder / f"{stem}.sql"
        if source.exists():
            shutil.copyfile(source, target / source.name)
        else:
            (target / source.name).unlink(missing_ok=True)


def _show_columns(console: Console, seen: Look, roles: Roles) -> None:
    from rich.table import Table
    from rich.text import Text

    role_of = {column.name: role for role, column in roles.taken.items()}
    table = Table("column", "taken for", "why", "for example", title=f"{', '.join(_shown(seen))}: {seen.n_rows:,} rows")
    order = {name: place for place, name in enumerate(role_of)}
    for column in sorted(seen.columns, key=lambda column: order.get(column.name, len(order))):
        role = role_of.get(column.name)
        why = roles.why[role] if role else roles.left_out[column.name]
        if role == "time" and roles.time:
            why = f"{why}: {roles.time.what}"
        examples = " · ".join(_short(value) for value in column.examples)
        taken = Text(role) if role else Text("left out", style="dim")
        table.add_row(Text(_short(column.name)), taken, Text(why), Text(examples))
    console.print(table)


def _shown(seen: Look) -> list[str]:
    names = [path.name for path in seen.files]
    return names if len(names) <= 2 else [f"{len(names)} files, {names[0]} to {names[-1]}"]


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= 30 else line[:29] + "…"


def _show_zone(console: Console, time: TimeFormat, zone: str | None) -> None:
    if time.is_local and time.has_clock and not zone:
        sentence = (
            "Times say no offset and are taken as UTC. If they are local, say where: run this again with --force "
            "--time-zone Europe/Berlin."
        )
    elif zone and not time.is_local:
        sentence = "Each time says which instant it is, so --time-zone changes nothing."
    else:
        return
    console.print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _show_trial(console: Console, seen: Look, tried: Tried) -> None:
    if seen.n_unsplit:
        _say(console, f"{seen.n_unsplit:,} line(s) cannot be split into the file's columns and will be rejected.")
    share = 100 * tried.n_rejected / tried.n_rows
    _say(console, f"Tried on {tried.n_rows:,} rows: {tried.n_rejected:,} of them would be rejected ({share:.1f}%).")
    for row in tried.reasons[:5]:
        _say(console, f"  {row['column_name']}: {row['reason']}: {row['n_rows']:,}")


def _show_choices(console: Console, measured: Measured, nights: Nights, n_returns: int) -> None:
    """What was chosen beyond the columns, and why."""
    from recsys_jobs.init.measure import weigh

    if n_returns:
        _say(console, f"{n_returns:,} row(s) have a negative quantity and are taken as returns (retractions.sql).")
    weights = weigh(measured.types)
    listed = [
        f"{_short(name)} {weights[name]}" if name in weights else f"{_short(name)} left out" for name in measured.types
    ]
    more = f", {len(listed) - 12} more in the profile" if len(listed) > 12 else ""
    _say(console, f"Event types: {', '.join(listed[:12])}{more}.")
    _say(console, f"Horizon: {nights.horizon} day{'s' if nights.horizon > 1 else ''}, {nights.why}.")


def _show_written(console: Console, name: str, texts: dict[str, str]) -> None:
    _say(console, "Written:")
    for path in [f"sql/sources/{name}/{stem}.sql" for stem in texts] + [f"data/profiles/{name}.toml"]:
        _say(console, f"  {path}")


def _show_next(console: Console, name: str, user: str, has_demo: bool) -> None:
    from recsys_jobs.init.roles import shell_word

    query = f"from serving.recommend({text(user)})"
    query = shell_word(query) if re.search(r'["$`\\!]', query) else f'"{query}"'
    steps: dict[str, Any] = {
        f"export RECSYS_PROFILE={name}": "this profile, in this shell",
        "recsys demo": "lands the files, builds three nights, shows lists and grades",
        f"recsys query {query}": "what one of them would be shown",
    }
    if not has_demo:
        steps = {f"export RECSYS_PROFILE={name}": "this profile", "recsys land --history": "takes the files in"}
        steps["recsys night"] = "builds the newest night, once the first day has closed"
    console.print("Next:", highlight=False)
    width = max(map(len, steps))
    for command, what in steps.items():
        console.print(f"  {command:{width}}  {what}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        "To change what a column is taken for, edit the SQL, or run this again with --force and --user, --item, "
        "--time, --event, --quantity or --value.",
        highlight=False,
        soft_wrap=True,
    )
