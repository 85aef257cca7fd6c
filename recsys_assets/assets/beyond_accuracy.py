"""``grades.beyond_accuracy``: what is good about the graded lists besides their hits, one SELECT a metric.

What belongs here: running every file of ``sql/metrics/`` over one table of what was listed. A new metric is a new file;
its name is the metric's name.
"""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import OWNERS, dependencies, measured, night_of, report
from recsys_assets.profile import Profile
from recsys_assets.selects.files import SQL_FOLDER, Select, SqlError, TableName, load_select, select_files
from recsys_assets.storage.lake.lake import Lake

TABLE = "grades.beyond_accuracy"
KEY = ("task", "algorithm", "k", "metric")
COLUMNS = ("task", "algorithm", "k", "value")


def metric_selects() -> dict[str, Select]:
    """SELECT of each metric by its name.

    Raises
    ------
    SqlError
        When one gives other columns than `COLUMNS`.
    """
    selects = {name: load_select(path) for name, path in select_files("metrics").items()}
    for name, select in selects.items():
        if select.columns != COLUMNS:
            raise SqlError(f"sql/metrics/{name}.sql: gives {select.columns}; a metric gives {', '.join(COLUMNS)}.")
    return selects


def beyond_accuracy_asset(profile: Profile) -> AssetsDefinition:
    """The table of all metrics that SQL files make."""
    lake, selects = Lake(profile), metric_selects()
    listed = load_select(SQL_FOLDER / "metrics" / "shared" / "listed.sql", keyed=False)
    reads = sorted({read for select in (listed, *selects.values()) for read in select.reads if read.schema != "made"})
    # an absent graded night is shown empty with the columns of this one's tables, so these must exist
    own = [TableName(read.schema, read.name) for read in reads if read.schema == "features"]

    @asset(
        key=TABLE.split("."),
        deps=dependencies(profile, [*reads, *own]),
        partitions_def=profile_partitions(profile),
        group_name="grades",
        kinds={"duckdb", "sql"},
        owners=OWNERS,
        description="Metrics beyond accuracy of each algorithm's lists of the graded night, and of the published ones: "
        + ", ".join(selects)
        + ". Each is a file of `sql/metrics/`.",
    )
    def beyond_accuracy(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, reads, TABLE, context.run.run_id) as snapshot:
            with snapshot.cursor() as connection:  # a table of DuckDB: it spills to disk where memory ends
                connection.execute("create schema made")
                connection.execute(f"create table made.listed as {listed.text}")
            for name, select in selects.items():
                snapshot.add(f"metrics.{name}", snapshot.table(select.text))
            values = " union all ".join(
                f"select task, algorithm, k, '{name}' as metric, value::double as value from metrics.{name}"
                for name in selects
            )
            written = snapshot.write(f"from ({values}) where value is not null order by {', '.join(KEY)}", KEY)
        return report(written, usage)

    return beyond_accuracy
