"""The lab's confidence: how often rows were taken beside what was said of them, night by night."""

from __future__ import annotations

from recsys_serving.dashboard.charts import reliability
from recsys_serving.dashboard.formats import count, day, figure
from recsys_serving.dashboard.page import Page, section
from recsys_serving.dashboard.parts import chart, column, html, message, table


async def confidence(page: Page, task: str) -> None:
    """Show the newest graded night's bins, and every night's scores."""
    with section("Confidence", "How often published rows were taken, beside the share that they had been given."):
        rows = await page.ask("reliability", task=task)
        if not rows:
            message("Nothing tells yet: confidence takes a graded night, and to grade it one horizon more.")
            return
        newest = [row for row in rows if row["night"] == rows[0]["night"]]
        n_rows = sum(row["n_rows"] for row in newest)
        said = f"{count(n_rows)} rows that {day(newest[0]['night'])} graded, in {len(newest)} bins by confidence."
        html(
            "p", f"{said} On the line confidence held; the calibration error is {figure(newest[0]['ece'], 4)}."
        ).classes("note")
        chart(f"Confidence and what was taken, {task}", reliability(newest), height=300)
        nights = {row["night"]: row for row in rows}
        table(
            f"Confidence of {task} by night",
            [
                column("night", "Night that graded", "day"),
                column("ece", "Calibration error", "figure", digits=4, hint="Mean distance of confidence and share"),
                column("brier", "Brier score", "figure", digits=4, hint="Mean squared distance to the outcome"),
                column("base_brier", "Of one share for all", "figure", digits=4),
            ],
            list(nights.values()),
            empty="",
            download=page.download("reliability", task=task),
            size=6,
        )
