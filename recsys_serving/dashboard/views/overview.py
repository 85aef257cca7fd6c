"""The overview: how the night went, how good its lists turn out to be, and what changed since the night before."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from recsys_serving.dashboard.alarms import delivery_alarms, grade_alarms, release_alarms, task_alarms
from recsys_serving.dashboard.changes import changes
from recsys_serving.dashboard.charts import over_nights
from recsys_serving.dashboard.formats import count, day, days, figure, instant, share, signed, span
from recsys_serving.dashboard.page import Absent, Page, section, view
from recsys_serving.dashboard.parts import chart, column, figures, heading, html, link, message, table

_LISTED = [
    column("label", "Item", href="url", beside="item_id"),
    column("n_before", "Lists before", "count"),
    column("n_after", "Lists now", "count"),
    column("change", "Change", "signed", digits=0),
]


@view("/", "Overview", place=1)
async def overview(page: Page) -> None:
    """Fill the page."""
    release = page.release
    info = next((each for each in page.served.list() if each.name == release.name), None)
    heading(1, f"Night of {day(release.night)}")
    published = f"published {instant(info.published_at)} UTC" if info and info.published_at else "not published"
    html("p", f"Release {release.name}, {published}.").classes("lead")
    lines = {task: await _or_none(page, "grade_lines", task=task, metric="ndcg", k=10) for task in _tasks(page)}
    tasks = await _or_none(page, "tasks")
    ledger = await _or_none(page, "ledger", most=1000)
    _alarms(
        [
            *release_alarms(page.served.list(), release.name),
            *task_alarms(tasks),
            *(alarm for task, rows in lines.items() for alarm in grade_alarms(task, rows)),
            *delivery_alarms(ledger),
        ]
    )
    checks = await _or_none(page, "checks")
    figures(await _last_night(page, tasks, lines, checks))
    _warnings(page, checks)
    with html("div").classes("grid"):
        for task in lines:
            await _grades(page, task, lines[task])
    with html("div").classes("grid"):
        for task in lines:
            await _changes(page, task)
    await _new_items(page)


def _tasks(page: Page) -> list[str]:
    return sorted(page.release.tasks, reverse=True)


async def _or_none(page: Page, name: str, **values: Any) -> list[dict[str, Any]]:
    """Rows; none where the release does not hold them, which the part that shows them says itself."""
    try:
        return await page.ask(name, **values)
    except Absent:
        return []


def _alarms(found: list[str]) -> None:
    with html("ul").classes("alarms").props('aria-label="Alarms"'):
        for text in found:
            html("li", text)
        if not found:
            html("li", "Nothing to look at: no alarm of releases, lists, grades or deliveries.").classes("calm")


async def _last_night(
    page: Page,
    tasks: list[dict[str, Any]],
    lines: dict[str, list[dict[str, Any]]],
    checks: list[dict[str, Any]],
) -> list[tuple[str, str, str]]:
    """The figures of the night, side by side."""
    nights = await _or_none(page, "nights")
    night = nights[0] if nights else {}
    shown = []
    if night:
        age = (datetime.now(UTC).replace(tzinfo=None) - night["cutoff"]).total_seconds() / 86_400
        shown.append(("Data up to", day(night["cutoff"]), f"00:00 UTC, {days(age)} ago"))
        since = f"{signed(night['n_events'] - nights[1]['n_events'], 0)} since {day(nights[1]['night'])}"
        shown.append(("Events visible", count(night["n_events"]), since)) if len(nights) > 1 else None
    listed = [row["n_users_listed"] / row["n_users"] for row in tasks if row["n_users"]]
    users = f"{share(min(listed))} have a list" if listed else ""
    shown.append(("Users", count(len(page.release.users)), users))
    covered = await _or_none(page, "coverage")
    shown.append(
        ("Items", count(len(page.release.items)), f"lists show {share(covered[0]['mean'])} of them" if covered else "")
    )
    for task, rows in lines.items():
        newest = [row for row in rows if row["line"] == "published"][-1:]
        for row in newest:
            interval = f"{figure(row['low'])} to {figure(row['high'])}, of {day(row['graded_night'])}"
            shown.append((f"NDCG@10, {task}", figure(row["mean"]), interval))
    costs = await _or_none(page, "costs")
    if costs:
        shown.append(("Steps took", span(sum(row["seconds"] or 0 for row in costs)), "all together"))
    if checks:
        passed = sum(row["outcome"] == "pass" for row in checks)
        beside = "all" if passed == len(checks) else f"of {count(len(checks))}; those that did not stand below"
        shown.append(("Checks passed", count(passed), beside))
    else:
        shown.append(("Blocking checks", "passed", "or there were no release"))
    return shown


def _warnings(page: Page, checks: list[dict[str, Any]]) -> None:
    """The checks that warned, or failed and stopped nothing that the release is made of."""
    found = [row for row in checks if row["outcome"] != "pass"]
    if not found:
        return
    with section("Checks that did not pass", "They stopped nothing: the night was published with them."):
        table(
            "Checks that did not pass",
            [
                column("table_name", "Table"),
                column("check_name", "Check"),
                column("outcome", "Outcome"),
                column("n_failing", "Rows that fail", "count"),
                column("n_rows", "Of", "count"),
                column("description", "What must hold"),
            ],
            [row | ({"detail": [["What to do", row["remedy"]]]} if row["remedy"] else {}) for row in found],
            empty="",
            download=page.download("checks"),
            size=10,
        )


async def _grades(page: Page, task: str, rows: list[dict[str, Any]]) -> None:
    with section(f"How good lists were: {task}", "NDCG@10 by the night whose lists were graded, with 95% intervals."):
        if not rows:
            await page.ask("grade_lines", task=task, metric="ndcg", k=10)
            message("No night has been graded yet: lists are graded one horizon after they were made.")
            return
        newest = [row for row in rows if row["line"] == "published"][-1:]
        said = f", last {figure(newest[0]['mean'])}" if newest else ""
        chart(f"NDCG@10 of task {task} over nights{said}", over_nights(rows))
        link("All grades in the lab", page.url("/lab", task=task))


async def _changes(page: Page, task: str) -> None:
    older = page.older()
    with section(f"What changed: {task}"):
        if not older:
            message("No earlier release is kept to compare with.")
            return
        before = page.of_night(older[0])
        try:
            found = await asyncio.to_thread(changes, page.release, before, task)
        except (LookupError, TimeoutError) as error:
            raise Absent(f"The lists of {day(older[0])} cannot be compared: {error}.") from None
        if not found.n_users:
            message(f"No user had a list on both nights, {day(older[0])} and {day(page.release.night)}.")
            return
        of = f"a sample of {count(found.n_users)}" if found.is_sample else count(found.n_users)
        html(
            "p",
            f"Since {day(older[0])}, the first ten places changed for {share(found.n_changed / found.n_users)} of {of} "
            f"users; {share(1 - found.n_kept / max(found.n_places, 1))} of the places show another item.",
        ).classes("note")
        rows = [
            row | {"label": row["title"] or row["item_id"], "url": page.item_url(row["item_id"])} for row in found.items
        ]
        table(
            f"Items by how much more or less often lists of {task} show them",
            _LISTED,
            rows,
            empty="Every item is listed as often as before.",
            size=8,
        )


async def _new_items(page: Page) -> None:
    older = page.older()
    if not older:
        return
    with section("New items", f"First seen after {day(older[0])}, those with the most buyers first."):
        rows = await page.ask("new_items", since=older[0], most=500)
        (n,) = await page.ask("n_new_items", since=older[0])
        if n["n_items"] > len(rows):
            html("p", f"The first {count(len(rows))} of {count(n['n_items'])}.").classes("note")
        table(
            "New items",
            [
                column("label", "Item", href="url", beside="item_id"),
                column("category", "Category"),
                column("price", "Price", "price"),
                column("available_from", "First seen", "day"),
                column("n_buyers", "Buyers", "count"),
                column("n_events", "Events", "count"),
            ],
            [row | {"label": row["title"] or row["item_id"], "url": page.item_url(row["item_id"])} for row in rows],
            empty="No new item since then.",
            download=page.download("new_items", since=older[0]),
            size=10,
        )
