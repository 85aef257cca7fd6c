"""``grades.summary``: the means of a night's grades with their intervals, and which of the lists were rebuilt since."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.pages import markdown_table, picture
from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.steps.beyond_accuracy import TABLE as BEYOND_ACCURACY
from recsys_assets.evaluation.plots import grades_over_nights
from recsys_assets.evaluation.user_grades import USERS, mean_grades
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select
from recsys_assets.storage.lake.provenance import provenance

if TYPE_CHECKING:
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "grades.summary"
_SHARES = load_select(SQL_FOLDER / "grades" / "shared" / "cold_shares.sql")
_READS = (
    *_SHARES.reads,
    *(TableName("grades", name) for name in ("candidates", "published", "beyond_accuracy", "late")),
    *(TableName("recommendations", name, "graded") for name in ("lists", "rankings")),
    TableName("candidates", "lists", "graded"),
    TableName("releases", "published", "graded"),
    TableName("grades", "summary", "before"),
)
_HISTORY = """
select night, task, algorithm, mean, low, high
from before.grades.summary
where metric = 'ndcg' and k = 10 and users = 'known'
order by all
"""


def steps(profile: Profile) -> list[Step]:
    """One row for each list, metric and cut."""
    return [
        Step(
            name=TABLE,
            description="Mean of every metric at every cut with its 95% bootstrap interval over users, for each "
            "algorithm and for the published lists, and the metrics beyond accuracy; cold shares beside each figure. "
            "Users that the graded night did not know are apart, with the list that was served to all of them.",
            make=partial(_summary, profile),
            reads=_READS,
            key=("task", "users", "algorithm", "k", "metric"),
            kinds=("python", "numpy"),
        )
    ]


def _summary(profile: Profile, snapshot: Snapshot) -> Made:
    rows, (late,) = _rows(profile, snapshot), snapshot.row("select n_late from grades.late")
    tonight = [row | {"night": snapshot.night} for row in rows if (row["metric"], row["k"]) == ("ndcg", 10)]
    tonight.sort(key=lambda row: (row["task"], row["users"], -row["mean"], row["algorithm"]))
    # A picture's lines are of known users: of the others all lists are one.
    drawn = [*snapshot.table(_HISTORY).to_pylist(), *(row for row in tonight if row["users"] == "known")]
    return Made(declared_rows(TABLE, rows), partial(_results, drawn, tonight), {"late_events": late})


def _rows(profile: Profile, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Means and intervals in long form: one row per task, kind of users, algorithm, cut and metric."""
    shares = {(row["task"], row["users"]): row for row in snapshot.table(_SHARES.text).to_pylist()}
    grades = snapshot.table("from grades.candidates union all by name from grades.published order by all")
    rows = mean_grades(grades, seed=profile.seed + snapshot.night.toordinal())
    beyond = f"select task, '{USERS[False]}' as users, algorithm, k, metric, value as mean from {BEYOND_ACCURACY}"
    rows += snapshot.table(beyond).to_pylist()
    status, (graded_night,) = _status(snapshot), snapshot.row("select graded_night from this.night")
    return [
        row
        | shares.get((row["task"], row["users"]), {})
        | {"graded_night": graded_night, "status": status[row["algorithm"]]}
        for row in rows
    ]


def _status(snapshot: Snapshot) -> dict[str, str]:
    """For each graded list ``published``, or ``rebuilt`` where its partition is not the one that was published."""
    inputs = {p.table: p for p in snapshot.inputs}
    lists = inputs.get("recommendations.lists")
    released = snapshot.row("select lists_fingerprint from graded.releases.published")
    status = {"published": "published" if lists and released == (lists.fingerprint,) else "rebuilt"}
    used = provenance(lists.path).inputs if lists else {}
    for table, partition in inputs.items():
        schema, name = table.split(".")
        names = CONFIGURATIONS if table == "recommendations.rankings" else (name,) if schema == "candidates" else ()
        same = used.get(table, {}).get(partition.night) == partition.fingerprint
        status |= dict.fromkeys(names, status["published"] if same else "rebuilt")
    return status


def _results(drawn: list[dict[str, Any]], tonight: list[dict[str, Any]]) -> dict[str, Any]:
    """A plot of NDCG@10 over nights and tonight's figures as a table; what unknown users were served is one line.

    Those of the published lists are numbers, too: Dagster plots such over the partitions by itself.
    """
    if not tonight:
        return {"Grades": "the graded night was never built: nothing to grade"}
    shown = [row for row in tonight if row["users"] == "known" or row["algorithm"] == "published"]
    table = [
        {"task": r["task"], "users": r["users"], "lists": r["algorithm"], "NDCG@10": f"{r['mean']:.4f}"} for r in shown
    ]
    plot = {"NDCG@10 over nights": picture(grades_over_nights(drawn), "NDCG@10 over nights")} if drawn else {}
    published = {
        f"NDCG@10 {r['task']}" + ("" if r["users"] == "known" else ", unknown users"): r["mean"]
        for r in shown
        if r["algorithm"] == "published"
    }
    return {"Grades": markdown_table(table), **plot, **published}
