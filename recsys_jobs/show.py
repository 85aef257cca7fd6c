"""What the command line prints: tables and sentences for people."""

from __future__ import annotations

from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rich.table import Column, Table

from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.release.releases import Releases
from recsys_jobs.run import newest_night
from recsys_jobs.show_grades import LEADERS

if TYPE_CHECKING:
    import duckdb
    from rich.console import Console

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile


MOST_LINES = 10
"""Files or reasons listed one by one."""


class UnknownId(Exception):
    """A user or item that a night does not know; the message names it."""


def landed(console: Console, profile: Profile) -> None:
    """Files in the ledger, and rejected rows by reason; of a raw table with many files only how many they are."""
    landing = Landing(profile)
    files = Table("file", "table", "read", "landed", "rejected", "status", title="What landed")
    ledger: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for file in landing.files().to_pylist():
        ledger.setdefault((file["raw_table"], file["status"]), []).append(file)
    for (table, status), group in ledger.items():
        counts = [[file[f"rows_{kind}"] for kind in ("read", "landed", "rejected")] for file in group]
        named = [(file["name"], numbers) for file, numbers in zip(group, counts, strict=True)]
        for name, numbers in named if len(group) <= MOST_LINES else [(f"{len(group)} files", _sums(counts))]:
            files.add_row(name, table, *(f"{number:,}" for number in numbers), status)
    console.print(files)
    rejected(
        console, landing.reject_counts().to_pylist(), sum(f["rows_read"] for group in ledger.values() for f in group)
    )


def _sums(rows: list[list[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


def rejected(console: Console, rejects: list[dict[str, Any]], n_read: int) -> None:
    """Rejected rows by column and reason, most first, and their share of the rows read; at most ten lines."""
    reasons: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rejects:
        reasons.setdefault((row["column_name"], row["reason"]), []).append(row)
    counted = sorted(((sum(row["n_rows"] for row in rows), *reason) for reason, rows in reasons.items()), reverse=True)
    table = Table("column", "reason", "rows", "of all read", "files", "first", title="What was rejected, and why")
    for n_rows, column, reason in counted[:MOST_LINES]:
        rows = reasons[column, reason]
        first = min(rows, key=lambda row: row["name"])
        share = f"{n_rows / n_read:.1%}"
        table.add_row(
            column, reason, f"{n_rows:,}", share, str(len(rows)), f"{first['name']}, row {first['first_row']:,}"
        )
    if reasons:
        console.print(table)
    if len(counted) > MOST_LINES:
        console.print(f"and {len(counted) - MOST_LINES} more reasons, with fewer rows each.")


def grades(console: Console, profile: Profile) -> None:
    """The newest night's grades per task: the published lists, the ranking's configurations, and every algorithm."""
    with Releases(profile.folder).connect() as connection:
        night = connection.execute("select max(night) from meta.grades").fetchall()[0][0]
        rows = connection.execute(
            "select task, algorithm, graded_night, status, max(n_users) as n, "
            "max(mean) filter (metric = 'ndcg' and k = 10), max(low) filter (metric = 'ndcg' and k = 10), "
            "max(high) filter (metric = 'ndcg' and k = 10), max(mean) filter (metric = 'recall' and k = 10), "
            "max(mean) filter (metric = 'hit_rate' and k = 10), max(mean) filter (metric = 'coverage' and k = 10) "
            "from meta.grades where night = $1 group by all order by task desc",
            [night],
        ).fetchall()
    if not rows:
        console.print(
            "No grades yet: a night grades the lists of the night one horizon before it, once both are built."
        )
        return
    graded = [row for row in rows if row[5] is not None]
    if not graded:
        console.print(f"Night {night} grades nothing: nobody took anything in the {profile.horizon} day(s) up to it.")
        return
    title = f"Night {night} grades the lists of {graded[0][2]} ({profile.horizon} days, {graded[0][4]:,} users)"
    table_ = Table("task", "lists", "NDCG@10", "95% interval", "recall@10", "hit rate@10", "coverage@10", title=title)
    places = {name: place for place, name in enumerate(LEADERS)}
    graded.sort(key=lambda row: -row[5])
    graded.sort(key=lambda row: (row[0] != "next", places.get(row[1], len(places))))
    for row, following in zip_longest(graded, graded[1:]):
        task, algorithm, _, status, _, ndcg, low, high, recall, hit_rate, coverage = row
        name = f"[bold]{status}[/bold]" if algorithm == "published" else algorithm
        figures = [f"{value:.3f}" if value is not None else "" for value in (recall, hit_rate, coverage)]
        ends = following is None or following[0] != task
        table_.add_row(task, name, f"{ndcg:.4f}", f"{low:.3f} to {high:.3f}", *figures, end_section=ends)
    console.print(table_)


def one_user(console: Console, profile: Profile) -> tuple[str, str]:
    """Show the lists of the user with the median number of events; returns that user and the first item."""
    with Releases(profile.folder).connect() as connection:
        user = connection.execute(
            "select user_id from serving.users "
            "order by abs(n_events - (select median(n_events) from serving.users)), user_id limit 1"
        ).fetchall()[0][0]
        item = ""
        for task in profile.tasks:
            rows = connection.execute(
                "select rank, item_id, title, reason_text from serving.recommend($1, k := 5, task := $2)", [user, task]
            ).fetchall()
            if not rows:
                console.print(f"User {user} has no list in task {task}: nothing is left to recommend.")
                continue
            listed = Table("rank", "item", "title", "why", title=f"User {user}, task {task}")
            for row in rows:
                listed.add_row(*("" if value is None else str(value) for value in row))
            console.print(listed)
            item = item or (rows[0][1] if rows else "")
    return user, item


def next_steps(console: Console, profile: Profile, user: str, item: str) -> None:
    """What to do after the demo, with ids that exist."""
    following = Lake(profile).built_nights()[-1] + timedelta(days=profile.horizon)
    steps = {
        "make dev": "the Dagster UI on localhost: assets, plots, backfills",
        f"recsys query \"from serving.recommend('{user}')\"": "any SQL over the release",
        f"recsys why {user} {item}": "the delivered rows behind a recommendation",
        f"recsys night {following}": "one night more",
        "docs/bring-your-own-data.md": "how to bring your own data",
    }
    if following > newest_night(profile):
        del steps[f"recsys night {following}"]
    console.print(f"Published: [bold]{profile.folder / 'recsys.duckdb'}[/bold]", highlight=False, soft_wrap=True)
    console.print("Next (commands are in .venv/bin):", highlight=False)
    width = max(map(len, steps))
    for command, what in steps.items():
        console.print(f"  {command:{width}}  {what}", highlight=False, markup=False, soft_wrap=True)


def releases(console: Console, profile: Profile) -> None:
    """Releases, newest first, with the one readers see marked."""
    found = Releases(profile.folder).list()
    if not found:
        console.print(f"Profile {profile.name} has no release yet. Run `recsys night` or `recsys demo`.")
        return
    table_ = Table("", "release", "night", "MB", "built (UTC)", "published (UTC)")
    for info in sorted(found, key=lambda release: release.built_at, reverse=True):
        published = f"{info.published_at:%Y-%m-%d %H:%M}" if info.published_at else "never"
        size = f"{info.bytes / 1e6:.1f}"
        mark = "→" if info.is_current else ""
        table_.add_row(mark, info.name, str(info.night), size, f"{info.built_at:%Y-%m-%d %H:%M}", published)
    console.print(table_)


def table(console: Console, relation: duckdb.DuckDBPyRelation | None, rows: int) -> None:
    """The first rows of a query's result; a statement without one prints nothing."""
    if relation is None:
        return
    shown = Table(*relation.columns)
    fetched = relation.limit(rows + 1).fetchall()
    for row in fetched[:rows]:
        shown.add_row(*("" if value is None else str(value) for value in row))
    console.print(shown)
    if len(fetched) > rows:
        console.print(f"The first {rows} rows; see more with --rows.")


def why(console: Console, profile: Profile, user: str, item: str, night: Night) -> None:
    """Why a user was recommended an item at a night: rank, reason, algorithms, and the delivered rows behind it."""
    selects = {
        name: load_select(SQL_FOLDER / "explain" / f"{name}.sql") for name in ("recommendation", "proposals", "events")
    }
    asked = {"user_id": user, "item_id": item}
    reads = [name for select in selects.values() for name in select.reads]
    with Lake(profile).as_of(night, reads) as snapshot:
        for kind, given in (("user", user), ("item", item)):
            if not snapshot.row(f"select 1 from clean.{kind}s where {kind}_id = $1", [given]):
                raise UnknownId(f"Night {night} knows no {kind} {given!r}. Give the id as it was delivered.")
        found: dict[str, list[dict[str, Any]]] = {
            name: snapshot.table(select.text, asked).to_pylist() for name, select in selects.items()
        }
    for row in found["recommendation"]:
        console.print(
            f"[bold]{row['title']}[/bold] is at rank {row['rank']} of task {row['task']}: {row['reason_text']}",
            soft_wrap=True,
        )
    if not found["recommendation"]:
        console.print(f"Night {night} does not list item {item} for user {user}.")
    proposals = Table("task", "algorithm", "its rank", "its score", "weight in the fusion", title="Proposed by")
    for row in found["proposals"]:
        proposals.add_row(
            row["task"], row["algorithm"], str(row["rank"]), f"{row['score']:.4g}", f"{row['weight']:.3f}"
        )
    console.print(proposals if found["proposals"] else "No algorithm proposed it to this user.")
    _origin(console, profile, found["events"])


def _origin(console: Console, profile: Profile, events: list[dict[str, Any]]) -> None:
    origin = {row["event_id"]: row for row in Landing(profile).origin([e["event_id"] for e in events]).to_pylist()}
    rows = Table(
        Column("when (UTC)", no_wrap=True),
        "what",
        "item",
        "quantity",
        "visible from night",
        Column("delivered in", no_wrap=True),
        Column("row", no_wrap=True),
        title="Evidence",
    )
    for event in events[:20]:
        came = origin[event["event_id"]]
        what = [str(event["event_ts"]), event["event_type"], f"{event['item_id']} {event['title']}"]
        rows.add_row(
            *what,
            "" if event["quantity"] is None else f"{event['quantity']:g}",
            str(event["visible_night"]),
            came["name"],
            str(came["row_number"]),
        )
    console.print(rows if events else "No event of this user rests behind it.")
    if len(events) > 20:
        console.print(f"and {len(events) - 20} earlier events.")
