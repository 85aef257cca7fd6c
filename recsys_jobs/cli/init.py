"""``recsys init``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys_jobs.cli.console import Table, several_lines
from recsys_jobs.cli.context import Context, given_path, recommend_command
from recsys_jobs.init.measure import tasks_of, weigh
from recsys_jobs.init.source import write_source

if TYPE_CHECKING:
    from recsys_jobs.cli.console import Console
    from recsys_jobs.init.choosing import Roles
    from recsys_jobs.init.look import Look
    from recsys_jobs.init.repeats import Repeated
    from recsys_jobs.init.source import NewSource
    from recsys_jobs.init.trial import Tried

MAX_TYPES = 12
"""Event types listed one by one."""
MAX_REASONS = 5
"""Reasons for rejected rows listed."""
_COLUMN = "Column that is the {}."


def init(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the source and the profile, e.g. my_shop.")],
    file: Annotated[
        Path,
        typer.Option(
            "--file",
            help="CSV, CSV.gz, TSV, DAT, Parquet or JSON lines with a row an event.",
            parser=given_path,
            metavar="FILE",
        ),
    ],
    user: Annotated[str | None, typer.Option(help=_COLUMN.format("user"))] = None,
    item: Annotated[str | None, typer.Option(help=_COLUMN.format("item"))] = None,
    time: Annotated[str | None, typer.Option(help=_COLUMN.format("time"))] = None,
    event: Annotated[str | None, typer.Option(help=_COLUMN.format("type of event") + " '': none.")] = None,
    quantity: Annotated[str | None, typer.Option(help=_COLUMN.format("number of pieces") + " '': none.")] = None,
    value: Annotated[str | None, typer.Option(help="Column of what the line cost in total. '': none.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Zone of times without an offset, e.g. Europe/Berlin (default: UTC).")
    ] = None,
    time_format: Annotated[
        str | None, typer.Option(help="Format of the times, e.g. '%d/%m/%Y %H:%M'; excel: days as Excel counts them.")
    ] = None,
    decimal_sign: Annotated[
        str | None, typer.Option(help="'.' or ',', where 1,234 could be one and a bit or a thousand.")
    ] = None,
    skip: Annotated[
        int | None, typer.Option(min=0, help="Lines above the line of column names (default: as the file tells).")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of a text file, e.g. cp1251 (default: as the file tells).")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Names of columns, where the file has no line of them: user,item,rating,time.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="How long a night may take, e.g. 10m: algorithms are chosen to fit.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the source and profile of that name.")] = False,
) -> None:
    """Look at a file, propose what its columns are, and write a source and a profile for it.

    Nothing lands yet: look at what it says, change the SQL it wrote if you know better, then run `recsys demo`.
    """
    console = ctx.ensure_object(Context).console
    asked = {"user": user, "item": item, "time": time, "event": event, "quantity": quantity, "value": value}
    names = columns and [name.strip() for name in columns.split(",")]
    how: dict[str, Any] = {"time_zone": time_zone, "time_format": time_format, "skip": skip, "encoding": encoding}
    how |= {"columns": names, "decimal_sign": decimal_sign, "budget": budget, "replace": force}
    with console.status(f"Looking at {file.name}"):
        source = write_source(name, file, asked, **how)
    _print_columns(console, source)
    _print_trial(console, source.seen, source.tried)
    _print_choices(console, source)
    for sentence in source.suspicious:
        console.print(f"Suspicious: {sentence}.", style="yellow", soft_wrap=True)
    _print_written(console, source)
    _print_zone(console, source.roles, time_zone)
    _print_next(console, name, source.measured.user, bool(source.nights.demo))


def _print_columns(console: Console, source: NewSource) -> None:
    """Each column with what it was taken for; of ids, times and numbers three values as delivered and as understood."""
    seen, roles = source.seen, source.roles
    role_of = {column.name: role for role, column in roles.taken.items()}
    title = f"{', '.join(_shown(seen))}: {seen.n_rows:,} rows"
    table = Table("column", "taken for", "why", "as delivered", "as understood", title=title)
    order = {name: place for place, name in enumerate(role_of)}
    for column in sorted(seen.columns, key=lambda column: order.get(column.name, len(order))):
        role = role_of.get(column.name)
        why = roles.why[role] if role else roles.left_out[column.name]
        if role == "time" and roles.time:
            why = f"{why}: {roles.time.what}"
        delivered, understood = [" · ".join(_short(value) for value in column.examples)], []
        if role in source.readings:
            delivered, understood = (
                [_short(value) for value in values] for values in zip(*source.readings[role], strict=True)
            )
        examples = (several_lines(delivered), several_lines(understood))
        table.add_row(_short(column.name), role or "left out", why, *examples, style=None if role else "dim")
    console.print(table)


def _shown(seen: Look) -> list[str]:
    names = [path.name for path in seen.files]
    return names if len(names) <= 2 else [f"{len(names)} files, {names[0]} to {names[-1]}"]


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= 30 else line[:29] + "…"


def _print_zone(console: Console, roles: Roles, zone: str | None) -> None:
    time = roles.time
    assert time is not None, "roles without a time are refused earlier"
    if time.is_local and time.has_clock and not zone:
        sentence = (
            "Times say no offset and are taken as UTC. If they are local, say where: run this again with --force "
            "--time-zone Europe/Berlin."
        )
    elif zone and not time.is_local:
        sentence = "Each time says which instant it is, so --time-zone changes nothing."
    else:
        return
    console.print(sentence, style="yellow", soft_wrap=True)


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, soft_wrap=True)


def _print_trial(console: Console, seen: Look, tried: Tried) -> None:
    if seen.n_unsplit:
        _say(console, f"{seen.n_unsplit:,} line(s) cannot be split into the file's columns and will be rejected.")
    share = 100 * tried.n_rejected / tried.n_rows
    _say(console, f"Tried on {tried.n_rows:,} rows: {tried.n_rejected:,} of them would be rejected ({share:.1f}%).")
    for row in tried.reasons[:MAX_REASONS]:
        example = f", such as {row['example']}" if row["example"] else ""
        _say(console, f"  {row['column_name']}: {row['reason']}{example}: {row['n_rows']:,}")


def _print_choices(console: Console, source: NewSource) -> None:
    """What was chosen beyond the columns, and why."""
    seen = source.seen
    if (encoding := seen.delivery.encoding) != "utf-8":
        _say(
            console,
            f"The file is no UTF-8 and is read as {encoding}. If letters look wrong, say which with --encoding.",
        )
    if skip := seen.delivery.skip:
        _say(console, f"The column names are in line {skip + 1}: what stands above is left out (skip = {skip}).")
    if seen.told:
        names = ",".join(seen.delivery.columns or [])
        _say(
            console,
            f"The file has no line of column names: by their values they are {names}. If that is wrong, run this again "
            f"with --force --columns {names} in the right order.",
        )
    if source.n_returns:
        _say(
            console, f"{source.n_returns:,} row(s) have a negative quantity and are taken as returns (retractions.sql)."
        )
    if source.measured.repeated:
        _say(console, _repeated(source.measured.repeated))
    if source.roles.liked_from is not None:
        _say(
            console,
            f"Rated {source.roles.liked_from:g} or more, an item counts as liked; rated lower, as had and no more. For "
            "another threshold change event_type in events.sql.",
        )
    weights = weigh(source.measured.types)
    listed = [
        f"{_short(name)} {weights[name]}" if name in weights else f"{_short(name)} left out"
        for name in source.measured.types
    ]
    more = f", {len(listed) - MAX_TYPES} more in the profile" if len(listed) > MAX_TYPES else ""
    _say(console, f"Event types: {', '.join(listed[:MAX_TYPES])}{more}.")
    horizon = source.nights.horizon
    _say(console, f"Horizon: {horizon} day{'s' if horizon > 1 else ''}, {source.nights.why}.")
    _print_algorithms(console, source)


def _print_algorithms(console: Console, source: NewSource) -> None:
    """Tasks and algorithms, what a night is estimated to take, and what was left out and why."""
    choice, tasks = source.choice, tasks_of(source.measured)
    share = f"{source.measured.repeat_share:.0%} of what users do on a day repeats an item of an earlier day"
    _say(console, f"Tasks: {', '.join(tasks)}; {share}.")
    _say(console, f"Algorithms: {', '.join(choice.algorithms)}. {choice.sentence}")
    for name, why in choice.left_out.items():
        _say(console, f"  left out: {name}, as {why}")


def _repeated(repeated: Repeated) -> str:
    """What equal lines were taken for, why, and how to say otherwise."""
    other = {"count": ("count", "drop"), "drop": ("are dropped", "count")}[repeated.choice]
    return (
        f"{repeated.n_lines:,} of {repeated.n_all:,} lines repeat a line of their file and {other[0]}: {repeated.why}. "
        f'Otherwise set repeated_lines = "{other[1]}" in the profile.'
    )


def _print_written(console: Console, source: NewSource) -> None:
    _say(console, "Written:")
    files = [f"sql/sources/{source.name}/{stem}.sql" for stem in source.selects]
    for path in [*files, f"data/profiles/{source.name}.toml"]:
        _say(console, f"  {path}")


def _print_next(console: Console, name: str, user: str, has_demo: bool) -> None:
    steps: dict[str, Any] = {
        f"export RECSYS_PROFILE={name}": "this profile, in this shell",
        "recsys demo": "lands the files, builds the nights, shows lists and grades",
        recommend_command(user): "what one of them would be shown",
        "recsys tune --all --budget 10m": "looks for better settings, and says what they gain",
    }
    if not has_demo:
        steps = {f"export RECSYS_PROFILE={name}": "this profile", "recsys land --history": "takes the files in"}
        steps["recsys night"] = "builds the newest night, once the first day has closed"
    console.print("Next:")
    width = max(map(len, steps))
    for command, what in steps.items():
        console.print(f"  {command:{width}}  {what}", soft_wrap=True)
    console.print(
        "To change what a column is taken for, edit the SQL, or run this again with --force and --user, --item, "
        "--time, --event, --quantity or --value.",
        soft_wrap=True,
    )
