"""The lab's policies: which rules stand between the ranking and what is published, and what each costs or wins."""

from __future__ import annotations

import json
from typing import Any

from recsys_serving.dashboard.charts import forest, over_nights
from recsys_serving.dashboard.formats import count, day, interval, metric_name, words
from recsys_serving.dashboard.page import Page, section, view
from recsys_serving.dashboard.parts import chart, choice, column, html, message, table
from recsys_serving.dashboard.views.lab import lab_head, task_of

Row = dict[str, Any]
METRICS = ("ndcg", "precision", "diversity", "revenue")


@view("/lab/policies", "Policies")
async def lab_policies(page: Page) -> None:
    """Show the rules in force and their effects."""
    task = task_of(page)
    lab_head(page, "Policies", task)
    await _in_force(page)
    rows = await page.ask("policy_effects", task=task)
    metric = page.query.get("metric", "")
    metric = metric if metric in METRICS else METRICS[0]
    choice("Metric", [(metric_name(each), page.here(metric=each)) for each in METRICS], metric_name(metric))
    await _effects(page, task, metric, [row for row in rows if row["metric"] == metric])


async def _in_force(page: Page) -> None:
    with section(
        "Rules in force", f"What the profile says between the ranking and the lists of {day(page.release.night)}."
    ):
        settings = await page.ask("settings")
        policy = json.loads(settings[0]["settings"]).get("policy", {}) if settings else {}
        table(
            "Rules in force",
            [column("label", "Rule"), column("settings", "Settings")],
            [{"label": words(name), "settings": json.dumps(given)} for name, given in sorted(policy.items())],
            empty="The profile has no [policy]: what is published is the champion's ranking.",
            bare=True,
        )


async def _effects(page: Page, task: str, metric: str, rows: list[Row]) -> None:
    with section(
        f"What each rule does to {metric_name(metric)}",
        "What was published less the same users' lists without the rule, with 95% intervals; all: without every rule.",
    ):
        if not rows:
            message("Nothing was compared yet: that takes a graded night whose lists had rules.")
            return
        newest = [row for row in rows if row["graded_night"] == rows[0]["graded_night"]]
        said = (
            f"Lists of {day(newest[0]['graded_night'])}, {count(newest[0]['n_users'])} users, first {newest[0]['k']}."
        )
        html("p", said).classes("note")
        shown = [
            row | {"label": words(row["rule"]), "interval": interval(row["low"], row["high"], 4)} for row in newest
        ]
        chart(f"Effect of each rule on {metric_name(metric)}", forest(shown), height=60 + 21 * len(shown))
        table(
            f"Effects on {metric_name(metric)}",
            [
                column("label", "Rule"),
                column("with_rule", "Published", "figure", digits=4),
                column("without_rule", "Without it", "figure", digits=4),
                column("difference", "Difference", "signed", digits=4),
                column("interval", "95% interval"),
                column("n_changed", "Lists changed", "count"),
            ],
            shown,
            empty="",
            download=page.download("policy_effects", task=task),
        )
        if len({row["graded_night"] for row in rows}) > 1:
            lines = [
                row | {"line": words(row["rule"]), "algorithm": row["rule"], "mean": row["difference"]} for row in rows
            ]
            chart(f"Effects on {metric_name(metric)} over nights", over_nights(lines), height=300)
