"""Grades: what a night says of the lists that the graded night published, and of each algorithm's candidates.

What belongs here: turning judged lists (``sql/grades/``) into per-user metrics and those into means with intervals.
"""

import base64
from typing import TYPE_CHECKING, Any

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from recsys_assets.assets.beyond_accuracy import TABLE as BEYOND_ACCURACY
from recsys_assets.assets.beyond_accuracy import beyond_accuracy_asset
from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import (
    OWNERS,
    dependencies,
    markdown_table,
    measured,
    night_of,
    report,
    sql_assets,
)
from recsys_assets.nights import Night
from recsys_assets.profile import Profile
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.lake.snapshot import Snapshot

if TYPE_CHECKING:
    import pyarrow as pa

CUTS = (1, 5, 10, 20)
PER_USER_KEY = ("task", "algorithm", "user_key", "k")
SUMMARY_KEY = ("task", "algorithm", "k", "metric")
_SHARES = """
select
    task,
    count(*)::integer as n_users,
    count(*) filter (where is_cold_user) / count(*) as cold_user_share,
    sum(n_cold_items::bigint) / sum(n_relevant::bigint) as cold_item_share
from grades.users
group by task
order by task
"""


def grade_assets(profile: Profile) -> list[AssetsDefinition]:
    """Every table of the grades stage."""
    return [
        *sql_assets(profile, "grades", "grades"),
        beyond_accuracy_asset(profile),
        _per_user(
            profile,
            "candidates",
            "Metrics of each algorithm's candidates of the graded night, per user and cut.",
        ),
        _per_user(profile, "published", "Metrics of the lists the graded night published, per user and cut."),
        _summary(profile),
    ]


def _per_user(profile: Profile, name: str, description: str) -> AssetsDefinition:
    lake, table = Lake(profile), f"grades.{name}"
    reads = [TableName("grades", f"judged_{name}"), TableName("grades", "users")]

    @asset(
        key=table.split("."),
        deps=dependencies(profile, reads),
        partitions_def=profile_partitions(profile),
        group_name="grades",
        kinds={"python", "numpy"},
        owners=OWNERS,
        description=description,
    )
    def per_user(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, reads, table, context.run.run_id) as snapshot:
            snapshot.add("made.grades", _grade(snapshot, f"grades.judged_{name}"))
            order = ", ".join(PER_USER_KEY)
            written = snapshot.write(f"select * from made.grades order by {order}", PER_USER_KEY)
        return report(written, usage)

    return per_user


def _grade(snapshot: Snapshot, judged: str) -> "pa.Table":
    """Metrics of every list of a graded user; a user an algorithm proposed nothing to counts with zeros."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from recsys_assets.evaluation.metrics import METRICS, metric_table

    text, number = pa.string(), pa.int32()
    kinds = {"task": text, "algorithm": text, "user_key": number, "k": number, "n_relevant": number}
    schema = pa.schema({**kinds, "is_cold_user": pa.bool_(), **{name: pa.float64() for name in METRICS}})
    hits = snapshot.table(f"select task, algorithm, user_key, rank from {judged} where hit")
    users = snapshot.table("select * from grades.users order by task, user_key")
    parts = [schema.empty_table()]
    for row in snapshot.table(f"select distinct task, algorithm from {judged} order by all").to_pylist():
        task, algorithm = row["task"], row["algorithm"]
        graded = users.filter(pc.equal(users["task"], task))
        found = hits.filter(pc.and_(pc.equal(hits["task"], task), pc.equal(hits["algorithm"], algorithm)))
        matrix = np.zeros((graded.num_rows, max(CUTS)), dtype=bool)
        keys = graded["user_key"].to_numpy()
        matrix[np.searchsorted(keys, found["user_key"].to_numpy()), found["rank"].to_numpy() - 1] = True
        columns: dict[str, Any] = dict(metric_table(matrix, graded["n_relevant"].to_numpy(), CUTS))
        rows = columns.pop("list")
        columns |= {name: graded[name].take(pa.array(rows)) for name in ("user_key", "n_relevant", "is_cold_user")}
        columns |= {"task": pa.repeat(task, len(rows)), "algorithm": pa.repeat(algorithm, len(rows))}
        parts.append(pa.table({name: columns[name] for name in schema.names}).cast(schema))
    return pa.concat_tables(parts)


def _summary(profile: Profile) -> AssetsDefinition:
    lake, table = Lake(profile), "grades.summary"
    reads = [
        *(TableName("grades", name) for name in ("candidates", "published", "users", "beyond_accuracy", "late")),
        *(TableName("recommendations", name, "graded") for name in ("lists", "rankings")),
        TableName("candidates", "lists", "graded"),
        TableName("releases", "published", "graded"),
        TableName("grades", "summary", "before"),
    ]

    @asset(
        key=table.split("."),
        deps=[dep for dep in dependencies(profile, reads, table) if dep.asset_key.path[0] != "releases"],
        partitions_def=profile_partitions(profile),
        group_name="grades",
        kinds={"python", "numpy"},
        owners=OWNERS,
        description="Mean of every metric at every cut with its 95% bootstrap interval over users, for each algorithm "
        "and for the published lists, and the metrics beyond accuracy; cold shares beside each figure.",
    )
    def summary(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, reads, table, context.run.run_id) as snapshot:
            snapshot.add("made.summary", _means(profile, snapshot, night))
            written = snapshot.write(f"select * from made.summary order by {', '.join(SUMMARY_KEY)}", SUMMARY_KEY)
            history = snapshot.table(
                "select night, task, algorithm, mean, low, high from before.grades.summary "
                "where metric = 'ndcg' and k = 10 union all by name "
                "select n.night, task, algorithm, mean, low, high from made.summary, this.night as n "
                "where metric = 'ndcg' and k = 10 order by all"
            ).to_pylist()
            late = snapshot.row("select n_late from grades.late")[0]
        return report(written, usage, {"late_events": late, **_pictures(history, night)})

    return summary


def _means(profile: Profile, snapshot: Snapshot, night: Night) -> "pa.Table":
    """Means and intervals in long form: one row per task, algorithm, cut and metric."""
    import numpy as np

    from recsys_assets.evaluation.metrics import METRICS
    from recsys_assets.evaluation.uncertainty import bootstrap_mean_interval, exact_mean

    rows, metrics = [], list(METRICS)
    graded = snapshot.table("from grades.candidates union all by name from grades.published order by all").to_pandas()
    shares = {row["task"]: row for row in snapshot.table(_SHARES).to_pylist()}
    for task, users in graded.groupby("task"):
        # every list grades the same users: one column a figure, all with the same resamples
        figures = users.pivot(index="user_key", columns=["algorithm", "k"], values=metrics)
        values = figures.to_numpy(np.float64)
        low, high = bootstrap_mean_interval(values, seed=profile.seed + night.toordinal())
        rows += [
            {
                "task": task,
                "algorithm": algorithm,
                "k": k,
                "metric": metric,
                "low": float(low[i]),
                "high": float(high[i]),
            }
            | {"mean": exact_mean(values[:, i], len(values))}
            | shares[task]
            for i, (metric, algorithm, k) in enumerate(figures.columns)
        ]
    beyond = snapshot.table(f"select task, algorithm, k, metric, value as mean from {BEYOND_ACCURACY}")
    rows += [row | shares.get(row["task"], {}) for row in beyond.to_pylist()]
    status = _status(snapshot)
    graded_on = snapshot.row("select graded_night from this.night")[0]
    rows = [row | {"graded_night": graded_on, "status": status[row["algorithm"]]} for row in rows]
    return declared_rows("grades.summary", rows)


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
        same = used.get(table, {}).get(partition.night) == partition.path.stem
        status |= dict.fromkeys(names, status["published"] if same else "rebuilt")
    return status


def _pictures(history: list[dict[str, Any]], night: Night) -> dict[str, Any]:
    """A plot of NDCG@10 over nights and tonight's figures as a table.

    Those of the published lists are numbers, too: Dagster plots such over the partitions by itself.
    """
    from recsys_assets.evaluation.plots import grades_over_nights

    tonight = [row for row in history if row["night"] == night]
    tonight.sort(key=lambda row: (row["task"], -row["mean"]))
    if not tonight:
        return {"grades": "the graded night was never built: nothing to grade"}
    table = [{"task": r["task"], "lists": r["algorithm"], "NDCG@10": f"{r['mean']:.4f}"} for r in tonight]
    image = base64.b64encode(grades_over_nights(history)).decode()
    plot = MetadataValue.md(f"![NDCG@10 over nights](data:image/png;base64,{image})")
    published = {f"NDCG@10 {r['task']}": r["mean"] for r in tonight if r["algorithm"] == "published"}
    return {"grades": MetadataValue.md(markdown_table(table)), "ndcg_over_nights": plot, **published}
