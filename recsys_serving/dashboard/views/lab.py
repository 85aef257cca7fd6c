"""The algorithm lab: how good each list was, what it costs, and why which was published."""

from __future__ import annotations

from typing import Any

from recsys_serving.dashboard.charts import forest, over_nights, scatter
from recsys_serving.dashboard.formats import count, day, interval, metric_name, words
from recsys_serving.dashboard.page import Page, section, view
from recsys_serving.dashboard.parts import chart, choice, column, form, heading, html, message, select, submit, table
from recsys_serving.dashboard.views.lab_confidence import confidence

Row = dict[str, Any]
METRICS = ("ndcg", "precision", "recall", "hit_rate", "map", "mrr")
BEYOND = ("diversity", "novelty", "coverage", "serendipity", "gini", "popularity_bias")
CUTS = ("1", "5", "10", "20")
COMPARED = {"ndcg": "NDCG@10", "precision": "precision@1", "recall": "recall@20"}


def lab_head(page: Page, here: str, task: str) -> None:
    """Heading of the lab's pages, and the way from one to another."""
    heading(1, "Algorithm lab")
    pages = (
        *(("Grades", "/lab"), ("Lists side by side", "/lab/lists")),
        *(("Fusion", "/lab/fusion"), ("Policies", "/lab/policies")),
    )
    user = page.query.get("user")
    choice("Lab", [(name, page.url(to, task=task, user=user)) for name, to in pages], here)
    choice("Task", [(each, page.here(task=each)) for each in sorted(page.release.tasks, reverse=True)], task)


def task_of(page: Page) -> str:
    """The task that is asked for, else the first."""
    tasks = sorted(page.release.tasks, reverse=True)
    asked = page.query.get("task", "")
    return asked if asked in tasks else tasks[0] if tasks else "next"


def _one_of(asked: str | None, known: tuple[str, ...], default: str) -> str:
    return asked if asked in known else default


@view("/lab", "Lab", place=4)
async def lab(page: Page) -> None:
    """Show grades and costs."""
    task = task_of(page)
    metric = _one_of(page.query.get("metric"), METRICS, "ndcg")
    k = _one_of(page.query.get("k"), CUTS, "10")
    lab_head(page, "Grades", task)
    choice("Metric", [(metric_name(each), page.here(metric=each)) for each in METRICS], metric_name(metric))
    choice("Cut", [(f"@{each}", page.here(k=each)) for each in CUTS], f"@{k}")
    await _grades(page, task, k)
    with html("div").classes("grid"):
        with html("div"):
            await _over_nights(page, task, metric, k)
            await _paired(page, task)
            await _segments(page, task)
            await confidence(page, task)
        with html("div"):
            await _scatter(page, task)
            await _champions(page, task)
            await _costs(page)
    await _gains(page, task)


async def _grades(page: Page, task: str, k: str) -> None:
    with section("Grades of the newest graded night"):
        rows = await page.ask("lab_grades", task=task, k=k)
        if rows:
            said = f"Lists of {day(rows[0]['graded_night'])}, {count(rows[0]['n_users'])} users known then, cut at {k}."
            html("p", f"{said} Beyond accuracy the cut is 10; coverage has its own.").classes("note")
        table(
            f"Grades of {task} at {k}",
            [
                column("label", "List"),
                column("ndcg", "NDCG", "figure"),
                column("interval", "95% interval"),
                *(
                    column(name, metric_name(name), "figure")
                    for name in ("precision", "recall", "hit_rate", "map", "mrr")
                ),
                *(column(name, metric_name(name), "figure") for name in ("coverage", "diversity", "novelty")),
                column("repeat_share", "Repeats", "share"),
                column("new_item_share", "New items", "share", digits=1),
            ],
            [
                row
                | {"label": words(row["algorithm"]), "interval": interval(row["ndcg_low"], row["ndcg_high"])}
                | ({"mark": "what was served"} if row["algorithm"] == "published" else {})
                for row in rows
            ],
            empty="No night has been graded yet: lists are graded one horizon after they were made.",
            download=page.download("lab_grades", task=task, k=k),
            size=25,
        )


async def _over_nights(page: Page, task: str, metric: str, k: str) -> None:
    with section(
        f"Over nights: {metric_name(metric)}@{k}", "What was published, and the four best others of the newest night."
    ):
        rows = await page.ask("algorithm_lines", task=task, metric=metric, k=k)
        if not rows:
            message("No night has been graded yet.")
            return
        newest = max(row["night"] for row in rows)
        best = sorted((row for row in rows if row["night"] == newest), key=lambda row: -row["mean"])
        names = ["published", *[row["line"] for row in best if row["line"] != "published"][:4]]
        shown = [row | {"line": words(row["line"])} for name in names for row in rows if row["line"] == name]
        chart(f"{metric_name(metric)}@{k} of task {task} over nights, five lists", over_nights(shown), height=300)


async def _scatter(page: Page, task: str) -> None:
    beyond = _one_of(page.query.get("beyond"), BEYOND, "coverage")
    with section("Accuracy beside what is beyond it", "One point a list of the newest graded night, at 10 places."):
        choice("Beside", [(metric_name(each), page.here(beyond=each)) for each in BEYOND], metric_name(beyond))
        rows = await page.ask("lab_grades", task=task, k="10")
        points = [
            (words(row["algorithm"]), row[beyond], row["ndcg"], row["algorithm"] == "published")
            for row in rows
            if row[beyond] is not None and row["ndcg"] is not None
        ]
        if not points:
            message("Nothing was graded by this yet.")
            return
        chart(f"NDCG@10 against {words(beyond)}", scatter(points, metric_name(beyond), "NDCG@10"), height=300)


async def _paired(page: Page, task: str) -> None:
    metric = _one_of(page.query.get("paired"), tuple(COMPARED), "ndcg")
    with section("Paired comparison", "The same users on the same nights, all nights together; p is corrected (Holm)."):
        rows = await page.ask("comparisons", task=task, metric=metric)
        if not rows:
            message("Nothing was compared yet: that takes a graded night.")
            return
        named = sorted({row["algorithm"] for row in rows}, key=lambda name: (name != "published", name))
        first = _one_of(page.query.get("list"), tuple(named), named[0])
        with form("/lab", {"night": page.night, "task": task}):
            select("List", "list", [(name, words(name)) for name in named], first)
            select("By", "paired", list(COMPARED.items()), metric)
            submit("Compare")
        of_list = [row for row in rows if row["algorithm"] == first]
        served = [row for row in of_list if row["status"] == "published"]
        shown = served or of_list
        if not served:
            html("p", "Of nights whose lists are not those that were published, but were made again.").classes("note")
        chart(
            f"Difference of {words(first)} to each other list, with 95% intervals",
            forest([row | {"label": words(row["baseline"])} for row in shown]),
            height=60 + 21 * len(shown),
        )
        table(
            f"{words(first)} less each other list",
            [
                column("label", f"{words(first)} less"),
                column("difference", "Difference", "signed", digits=4),
                column("interval", "95% interval"),
                column("p_corrected", "p", "figure", digits=4),
                column("n_user_nights", "User-nights", "count"),
            ],
            [row | {"label": words(row["baseline"]), "interval": interval(row["low"], row["high"])} for row in shown],
            empty="",
            download=page.download("comparisons", task=task, metric=metric),
            size=8,
        )


async def _champions(page: Page, task: str) -> None:
    with section("Champions over nights", "Which lists were published, and what decided it."):
        rows = await page.ask("champions", task=task)
        table(
            "Champions",
            [column("night", "Night", "day"), column("label", "Champion"), column("reason", "Because")],
            [row | {"label": words(row["configuration"])} for row in rows if row["is_champion"]],
            empty="No night has decided yet.",
            download=page.download("champions", task=task),
            size=6,
            bare=True,
        )
        newest = [row for row in rows if row["night"] == rows[0]["night"] and row["difference"] is not None]
        if newest:
            heading(3, f"Beside {words(newest[0]['incumbent'])}, the champion before {day(newest[0]['night'])}")
            table(
                "Challengers of the newest night",
                [
                    column("label", "List"),
                    column("difference", "NDCG@10", "signed", digits=4),
                    column("interval", "95% interval"),
                    column("p_corrected", "p", "figure", digits=4),
                ],
                [
                    row
                    | {"label": words(row["configuration"]), "interval": interval(row["low"], row["high"])}
                    | ({"mark": "champion"} if row["is_champion"] else {})
                    for row in newest
                ],
                empty="",
                size=8,
            )


async def _segments(page: Page, task: str) -> None:
    with section("By groups of users", "NDCG@10 of what was published, beside the best other list of each group."):
        rows = await page.ask("segments", task=task, segment=None)
        names = tuple(sorted({row["segment"] for row in rows}))
        if not names:
            message("No groups were graded yet.")
            return
        segment = _one_of(page.query.get("segment"), names, names[0])
        choice("Groups", [(words(each), page.here(segment=each)) for each in names], words(segment))
        groups: dict[str, list[Row]] = {}
        for row in rows:
            if row["segment"] == segment and row["metric"] == "ndcg":
                groups.setdefault(row["value"], []).append(row)
        shown = []
        for value, lists in groups.items():
            published = next((row for row in lists if row["algorithm"] == "published"), None)
            best = max((row for row in lists if row["algorithm"] != "published"), key=lambda r: r["mean"], default=None)
            shown.append(
                {"value": value, "n_users": lists[0]["n_users"]}
                | {"mean": published and published["mean"], "best": best and words(best["algorithm"])}
                | {"interval": interval(published["low"], published["high"]) if published else None}
                | {"best_mean": best and best["mean"]}
            )
        table(
            f"Grades by {words(segment)}",
            [
                column("value", words(segment).capitalize()),
                column("n_users", "Users", "count"),
                column("mean", "Published", "figure"),
                column("interval", "95% interval"),
                column("best", "Best other"),
                column("best_mean", "NDCG", "figure"),
            ],
            shown,
            empty="Nothing was graded by these groups.",
            download=page.download("segments", task=task, segment=segment),
            size=13,
        )


async def _gains(page: Page, task: str) -> None:
    with section(
        "Feature gains",
        "What the trees of the night's reranker split on: each feature's share of the gain of all splits.",
    ):
        rows = await page.ask("feature_gains", task=task)
        if not rows:
            message("No reranker had learned yet: that takes a graded night.")
            return
        with html("div").classes("grid"):
            for objective in sorted({row["objective"] for row in rows}, reverse=True):
                of_objective = [row for row in rows if row["objective"] == objective]
                used = sum(row["gain"] > 0 for row in of_objective)
                with html("div").classes("part"):
                    heading(3, f"{objective}: {count(used)} of {count(len(of_objective))} features")
                    table(
                        f"Feature gains of {objective}, {task}",
                        [
                            column("feature", "Feature"),
                            column("share", "Share", "share", digits=1),
                            column("gain", "Gain", "count"),
                        ],
                        of_objective,
                        empty="",
                        download=page.download("feature_gains", task=task),
                        size=15,
                    )


async def _costs(page: Page) -> None:
    with section("Costs", "Seconds and peak memory of the night's steps, as they last ran."):
        rows = await page.ask("costs")
        table(
            "Costs of steps",
            [
                column("step", "Step"),
                column("label", "Algorithm"),
                column("rows", "Rows", "count"),
                column("seconds", "Seconds", "seconds"),
                column("megabytes", "Peak MB", "count"),
            ],
            [
                row
                | {"label": words(row["algorithm"] or "")}
                | {"megabytes": row["peak_memory_bytes"] / 1e6 if row["peak_memory_bytes"] is not None else None}
                for row in rows
            ],
            empty="No step told what it cost.",
            download=page.download("costs"),
            size=13,
        )
