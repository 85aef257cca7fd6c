"""The data: what was delivered, what was rejected and why, and how much happens when."""

from __future__ import annotations

from typing import Any

from recsys_serving.dashboard.charts import hours, over_time
from recsys_serving.dashboard.formats import count, share
from recsys_serving.dashboard.page import Page, section, view
from recsys_serving.dashboard.parts import chart, choice, column, heading, html, message, table

Row = dict[str, Any]
_MOST = 2_000


@view("/data", "Data", place=6)
async def data(page: Page) -> None:
    """Show what the night was made of."""
    heading(1, "Data")
    html("p", "What was delivered up to the night, as far as its release tells.").classes("lead")
    await _ledger(page)
    with html("div").classes("grid"):
        await _days(page)
        await _hours(page)
    await _reasons(page)
    await _rejects(page)


async def _ledger(page: Page) -> None:
    with section("Files delivered", "Newest first; history was known when it happened, and has no arrival."):
        rows = await page.ask("ledger", most=_MOST)
        if len(rows) == _MOST:
            html("p", f"The newest {count(_MOST)}; the files to take away have all.").classes("note")
        table(
            "Files delivered",
            [
                column("file", "File"),
                column("table_name", "Table"),
                column("arrived_at", "Arrived (UTC)", "instant"),
                column("kind", "Kind"),
                column("status", "Status"),
                column("n_rows", "Rows", "count"),
                column("n_rejected", "Rejected", "count"),
                column("part", "Of all", "share", digits=2),
            ],
            [row | {"kind": "history" if row["is_history"] else "arrival", "part": _part(row)} for row in rows],
            empty="No file has been delivered.",
            download=page.download("ledger"),
            size=12,
        )


def _part(row: Row) -> float | None:
    if row["n_rejected"] is None or row["n_rows"] is None:
        return None
    read = row["n_rows"] + row["n_rejected"]
    return row["n_rejected"] / read if read else None


async def _reasons(page: Page) -> None:
    with section("Rejected, by reason", "A row that cannot be taken is kept aside with its reason; the rest lands."):
        rows = await page.ask("reject_counts")
        total = sum(row["n_rows"] for row in rows)
        table(
            "Rejected rows by reason",
            [
                column("table_name", "Table"),
                column("reason", "Reason", href="url"),
                column("n_rows", "Rows", "count"),
                column("part", "Of rejected", "share", digits=1),
            ],
            [row | {"url": page.here(reason=row["reason"]), "part": row["n_rows"] / max(total, 1)} for row in rows],
            empty="No row was rejected.",
            download=page.download("reject_counts"),
            size=12,
        )


async def _rejects(page: Page) -> None:
    reason = page.query.get("reason")
    with section("Examples", reason or "Some of every reason; choose one to see only its own."):
        if reason:
            choice("Reason", [("all", page.here(reason=None))], "")
        rows = await page.ask("rejects", reason=reason, most=1_000)
        table(
            "Examples of rejected rows",
            [
                column("file", "File"),
                column("row_number", "Row", "count"),
                column("column_name", "Column"),
                column("reason", "Reason"),
                column("delivered", "As delivered", "code"),
            ],
            rows,
            empty="There is no example of a rejected row.",
            download=page.download("rejects", reason=reason),
            size=10,
        )


async def _days(page: Page) -> None:
    with section("Events a day", "By kind, UTC."):
        rows = await page.ask("volume_days")
        if not rows:
            message("The release tells of no events.")
            return
        kinds: dict[str, list[tuple[Any, float]]] = {}
        for row in rows:
            kinds.setdefault(row["event_type"], []).append((row["day"], row["n_events"]))
        total = sum(row["n_events"] for row in rows)
        chart(f"{count(total)} events by day and kind", over_time(kinds, "events"), height=240)
        said = ", ".join(f"{name} {share(sum(n for _, n in days) / total)}" for name, days in kinds.items())
        html("p", f"{count(total)} events: {said}.").classes("note")
        newest = sorted(rows, key=lambda row: row["day"], reverse=True)
        table(
            "Events by day",
            [column("day", "Day", "day"), column("event_type", "Kind"), column("n_events", "Events", "count")],
            newest,
            empty="",
            download=page.download("volume"),
            size=5,
        )


async def _hours(page: Page) -> None:
    with section("Events by hour of the day", "UTC, over the same days."):
        rows = await page.ask("volume_hours")
        if not rows:
            message("The release tells of no events.")
            return
        most = max(rows, key=lambda row: row["n_events"])
        chart(f"Events by hour of the day, most at {most['hour']}:00", hours(rows), height=240)
        html("p", f"Most at {most['hour']}:00 to {most['hour'] + 1}:00.").classes("note")
