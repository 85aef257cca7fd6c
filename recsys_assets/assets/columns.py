"""What an asset's page tells of its columns: type, meaning, and the columns of other assets each is made from.

What belongs here: turning a table and its SELECT into Dagster's column schema and column lineage. What a column means
stands in the leading comment of its SQL file, as ``name: text``; names that mean the same everywhere stand here.
"""

import re
from collections.abc import Mapping, Sequence

from dagster import (
    AssetKey,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableConstraints,
    TableRecord,
    TableSchema,
    get_dagster_logger,
)

from recsys_assets.assets.keys import asset_key
from recsys_assets.evaluation.metrics import METRICS
from recsys_assets.selects.files import Select
from recsys_assets.selects.lineage import snapshot_columns, stored_lineage
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_assets.storage.lake.writer import Written

MEANINGS = {
    "user_key": "number of the user; the id as delivered is in clean.user_keys",
    "item_key": "number of the item; the id as delivered is in clean.item_keys",
    "user_id": "user id as delivered",
    "item_id": "item id as delivered",
    "event_id": "id of the event: that of its landed row",
    "landed_id": "id of the landed row",
    "event_ts": "when it happened, UTC",
    "known_at": "when it became known, UTC: its own time if landed as history, else its arrival",
    "task": "next: anything the user may take next; discovery: only what the user never had",
    "algorithm": "name of the recommender; published: the lists that were served",
    "rank": "place in the list, from 1, without gaps",
    "score": "what the list is ordered by, highest first",
    "k": "cut: how many ranks of a list are looked at",
    "graded_night": "night whose lists are graded",
    "n_relevant": "items the user took since the graded night",
    "is_cold_user": "not yet known on the graded night",
    "metric": "name of the metric; docs/metrics.md says what each is",
    "mean": "mean over the graded users; of a metric beyond accuracy its value",
    "low": "lower end of the mean's 95% bootstrap interval",
    "high": "upper end of the mean's 95% bootstrap interval",
    "users": "whom the row is over: those the graded night knew, or those it did not, who are all served the same list",
    "n_users": "users graded",
    "cold_user_share": "part of the graded users that the graded night did not know",
    "cold_item_share": "part of the items relevant to these users that the graded night did not know",
    "n_events": "events visible on this night",
    "n_purchases": "those of them that are purchases",
    "n_baskets": "different baskets: the source's own, else sessions, else UTC days",
    "n_items": "different items",
    "n_categories": "different categories",
    "n_buyers": "different users who took it",
    "recency_days": "days from the last event to the cutoff",
    "first_age_days": "days from the first event to the cutoff",
    "tenure_days": "days from the first event to the cutoff",
    "events_7d": "events of the last 7 days",
    "buyers_7d": "different users of the last 7 days",
    "events_prior_7d": "events of the 7 days before the last 7",
    "buyers_prior_7d": "different users of the 7 days before the last 7",
    "weekly_events_28d": "weekly mean of the events of the 28 days before the last 7",
    "decayed_weight": "event weights divided by (1 + age / 30 days), summed",
    "decayed_weight_7d": "event weights halved every 7 days, summed",
    "rank_in_user": "place among the user's items by decayed_weight",
    "model_night": "night of the models behind it",
}
# Dagster keeps the variables of whoever makes the first of each of these for ever. Made here, they hold no connection,
# at which DuckDB would complain when the process ends.
TableColumnLineage({"first": [TableColumnDep(AssetKey("first"), "first")]})
TableSchema(
    columns=[TableColumn("first", constraints=TableColumnConstraints())], constraints=TableConstraints(other=[])
)
TableRecord({"first": "first"})


class Lineages:
    """Column lineages worked out so far: one for the same table, text and columns, however many nights are written."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, tuple[str, ...]], TableColumnLineage] = {}

    def of(self, written: Written, snapshot: Snapshot, select: Select) -> TableColumnLineage:
        """Columns of other assets that each column of a table just written is made from."""
        known = (written.partition.table, select.text, tuple(written.columns))
        if known not in self._known:
            self._known[known] = _lineage(written, snapshot, select)
        return self._known[known]


def column_metadata(
    written: Written, snapshot: Snapshot, select: Select, lineages: Lineages
) -> dict[str, TableSchema | TableColumnLineage]:
    """Column schema and lineage of a table that a SELECT made; the snapshot must still be open.

    Dagster's own pages keep the lineage to themselves (only its paid edition draws it; other catalogues ask for it), so
    each column's description says what it is made from, too.
    """
    lineage = lineages.of(written, snapshot, select)
    return {
        "dagster/column_schema": column_schema(written, select.description, lineage),
        "dagster/column_lineage": lineage,
    }


def column_schema(written: Written, comment: str = "", lineage: TableColumnLineage | None = None) -> TableSchema:
    """Columns of a table with their types and, where told, their meaning and origin; those of its key are marked."""
    key = set(written.key)
    meanings = MEANINGS | _metric_meanings() | column_notes(comment, written.columns)
    made_from = {name: origins_text(deps) for name, deps in lineage.deps_by_column.items()} if lineage else {}
    columns = []
    for name, kind in written.columns.items():
        told = "\n\n".join(text for text in (meanings.get(name), made_from.get(name)) if text)
        marks = TableColumnConstraints(other=["key"] if name in key else [])
        columns.append(TableColumn(name, kind.lower(), told or None, marks))
    return TableSchema(columns=columns)


def origins_text(origins: Sequence[TableColumnDep]) -> str:
    """What a column is made from, in Markdown, with links to the assets' pages; alike ones are told together."""
    columns: dict[AssetKey, list[str]] = {}
    for origin in origins:
        columns.setdefault(origin.asset_key, []).append(f"`{origin.column_name}`")
    tables: dict[str, list[str]] = {}
    for asset, names in columns.items():
        link = f"[{'.'.join(asset.path)}](/assets/{'/'.join(asset.path)})"
        tables.setdefault(", ".join(names), []).append(link)
    return "from " + "; ".join(f"{', '.join(links)}: {names}" for names, links in tables.items())


def column_notes(comment: str, columns: Mapping[str, str]) -> dict[str, str]:
    """What a SQL file's comment says of its columns: ``name: text`` up to the next name or the end of the sentence.

    Several names may share a text (``low, high: ...``), and several texts a line. A text that does not end with its
    line goes on in the next one.
    """
    names = "|".join(re.escape(name) for name in columns)
    heads = list(re.finditer(rf"(?:^|(?<=[.;] ))((?:{names})(?:, (?:{names}))*): ", comment, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(comment)]
    notes: dict[str, str] = {}
    for head, end in zip(heads, ends, strict=False):
        text = re.split(r"[.;]\n", comment[head.end() : end] + "\n", maxsplit=1)[0]
        notes |= dict.fromkeys(head[1].split(", "), " ".join(text.split()).rstrip(".; "))
    return notes


def _lineage(written: Written, snapshot: Snapshot, select: Select) -> TableColumnLineage:
    """Empty, with a warning, where SQL cannot be followed."""
    table = written.partition.table
    try:
        made_from = stored_lineage(select.text, snapshot_columns(snapshot.table), snapshot.lake.profile, table)
    except Exception as error:  # Whatever goes wrong here, the table itself is right.
        get_dagster_logger().warning(f"{table}: its columns could not be followed to other tables: {error!r}")
        made_from = {}
    return TableColumnLineage(
        {
            column: [TableColumnDep(asset_key(snapshot.lake.profile, origin), name) for origin, name in origins]
            for column in written.columns
            if (origins := made_from.get(column.lower()))
        }
    )


def _metric_meanings() -> dict[str, str]:
    """First line of each metric's documentation."""
    return {name: (metric.__doc__ or "").partition("\n")[0].rstrip(".") for name, metric in METRICS.items()}
