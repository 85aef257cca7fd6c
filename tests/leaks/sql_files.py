"""Leaks in SQL files: none of them loads."""

from tests.leaks.harness import Edit, Leak

ITEM, USER_ITEM, CATEGORY = "sql/features/item.sql", "sql/features/user_item.sql", "sql/features/category_trend.sql"
RELEVANT, FUSION = "sql/grades/relevant.sql", "sql/training/fusion.sql"
LABELS = "sql/training/labels.sql"
RERANKERS = "recsys_assets/assets/steps/rerankers.py"
PLACES = "sql/training/places.sql"


def refused(name: str, file: str, old: str, new: str, says: str) -> Leak:
    """A leak in one SQL file, refused when it is loaded."""
    return Leak(name, (Edit(file, old, new),), "construction", rf"{file.rpartition('/')[2]}: .*{says}")


CONVERSION = """\
-- How often what a user liked best was taken in the days after.
select
    pairs.user_key,
    count(relevant.item_key) / count(*) as conversion
from features.user_item as pairs
left join grades.relevant as relevant on relevant.user_key = pairs.user_key and relevant.item_key = pairs.item_key
where pairs.rank_in_user <= 10
group by pairs.user_key
order by pairs.user_key
"""
ATTACHED = """\
-- The price list as it is in landing.
attach 'landing.duckdb' as raw_data (read_only);
select product_id, price from raw_data.raw.prices order by product_id
"""
LEAVE_ONE_OUT = """
    qualify row_number() over (partition by events.user_key order by events.event_ts desc) = 1
),

taken_back as ("""

TASTE = """\
-- What users who took something of a shelf had bought there, now that it is known.
select
    relevant.user_key,
    items.category,
    count(*) as n_taken,
    count(distinct events.event_id) as n_events
from grades.relevant as relevant
inner join clean.items as items on items.item_key = relevant.item_key
inner join clean.interactions as events
    on events.user_key = relevant.user_key and events.item_key = relevant.item_key
where items.category is not null
group by relevant.user_key, items.category
order by relevant.user_key, items.category
"""
CONFIDENCE = """\
-- How sure tonight's rankings are: how often what stood at a rank was taken.
select
    rankings.task,
    rankings.algorithm,
    rankings.rank,
    count(*) filter (where judged.hit) / count(*) as confidence
from recommendations.rankings as rankings
inner join grades.judged_candidates as judged
    on
        judged.task = rankings.task
        and judged.algorithm = rankings.algorithm
        and judged.rank = rankings.rank
group by rankings.task, rankings.algorithm, rankings.rank
order by rankings.task, rankings.algorithm, rankings.rank
"""
CALIBRATION = """\
-- Whether scores mean what they say: what was taken of what the lists rate alike.
select
    lists.task,
    floor(lists.score * 10)::integer as tenth,
    count(relevant.item_key) / count(*) as taken_share
from recommendations.lists as lists
left join grades.relevant as relevant
    on
        relevant.task = lists.task
        and relevant.user_key = lists.user_key
        and relevant.item_key = lists.item_key
group by lists.task, tenth
order by lists.task, tenth
"""
THRESHOLD = '''\
"""``recommendations.threshold``: the score from which on the reranker is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.assets.step import Made, Step
from recsys_assets.ranking.candidate_tables import examples_from
from recsys_assets.ranking.reranker import Reranker
from recsys_assets.selects.files import TableName
from recsys_assets.storage.models import Models

if TYPE_CHECKING:
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot


def steps(profile: Profile) -> list[Step]:
    """The threshold that separates best what was taken from what was not."""

    def make(snapshot: Snapshot) -> Made:
        model = Models(profile).get("reranker_next", snapshot.night)
        snapshot.use_model(model)
        Reranker.load(model.path)
        examples_from(snapshot.table("from past.recommendations.examples where task = 'next' order by all"))
        return Made(snapshot.table("select 'next' as task, 0.5 as threshold"))

    return [
        Step(
            name="recommendations.threshold",
            description="The score from which on the reranker is trusted.",
            make=make,
            reads=(TableName("recommendations", "examples", "past"),),
            after=("models.reranker_next",),
            key=("task",),
        )
    ]
'''

REFUSED = (
    refused(
        "recency counted from the wall clock",
        USER_ITEM,
        "    min(age_days) as recency_days,",
        "    epoch(now()::timestamp - max(event_ts)) / 86400.0 as recency_days,",
        r"calls (now|current_timestamp)\(\)",
    ),
    refused(
        "age of an item counted from today's date",
        ITEM,
        "(night.night - items.available_from)",
        "(current_date - items.available_from)",
        r"calls current_date\(\)",
    ),
    refused(
        "training on a random nine tenths",
        "sql/training/interactions.sql",
        "from clean.interactions",
        "from clean.interactions\nwhere random() < 0.9",
        r"calls (random|rand)\(\)",
    ),
    refused(
        "a feature from a sample of the log",
        CATEGORY,
        "    from clean.interactions\n    where weight > 0\n),",
        "    from clean.interactions using sample 10 percent (bernoulli)\n),",
        "samples rows by chance",
    ),
    refused(
        "any basket for the day of a visit",
        "sql/features/user.sql",
        "min(event_ts::date) as day",
        "any_value(event_ts::date) as day",
        r"calls any_value\(\)",
    ),
    refused(
        "the first 500 categories in the order of the file",
        CATEGORY,
        "    where category is not null\n),",
        "    where category is not null\n    limit 500\n),",
        "has a limit without order by",
    ),
    refused(
        "prices read from the delivered file",
        ITEM,
        "    from clean.items as items\n    left join paid",
        "    from read_parquet('/data/prices*.parquet') as items\n    left join paid",
        "only tables of the snapshot may be read",
    ),
    Leak(
        "landing attached in a SQL file",
        (Edit("sql/features/price.sql", "", ATTACHED),),
        "construction",
        "price.sql: must hold exactly one SELECT",
    ),
    refused(
        "each user's last event held out (leave one out), by a time that several share",
        RELEVANT,
        "\n),\n\ntaken_back as (",
        LEAVE_ONE_OUT,
        "ordered by an instant alone",
    ),
    refused(
        "the last category taken, by a time that several share",
        CATEGORY,
        "    select distinct category\n    from clean.items\n    where category is not null\n",
        "    select items.category\n    from clean.interactions as events\n    inner join clean.items as items\n"
        "        on items.item_key = events.item_key\n"
        "    qualify row_number() over (partition by events.user_key order by events.event_ts desc) = 1\n",
        "ordered by an instant alone",
    ),
    refused(
        "fusion learned from the night's own candidates",
        FUSION,
        "from graded.candidates.lists as lists",
        "from candidates.lists as lists",
        "reads candidates.lists of its own night beside the labels",
    ),
    Leak(
        "labels joined to the features of the same night",
        (Edit("sql/features/conversion.sql", "", CONVERSION),),
        "construction",
        "conversion.sql: reads features.user_item of its own night beside the labels",
    ),
    refused(
        "ties broken by the order in which items first came (their key)",
        PLACES,
        "over (order by item_id)",
        "over (order by item_key)",
        "orders by item_key",
    ),
    refused(
        "the order in which items first came (their key) as a feature",
        ITEM,
        "    items.item_key,\n    coalesce(buyers.n_events, 0) as n_events,",
        "    items.item_key,\n    items.item_key / (select max(item_key) from clean.items) as newness,\n"
        "    coalesce(buyers.n_events, 0) as n_events,",
        "computes with item_key",
    ),
    refused(
        "what no one bought costs what its place in the list of goods says (their key, renamed)",
        ITEM,
        "items.price) as price\n    from clean.items as items\n",
        "items.place / 100) as price\n    from (select *, item_key as place from clean.items) as items\n",
        r"computes with place \(item_key by another name\)",
    ),
    refused(
        "the place in the list of goods (their key) as a column of its own",
        ITEM,
        "    items.item_key,\n    coalesce(buyers.n_events, 0) as n_events,",
        "    items.item_key,\n    items.item_key as list_place,\n    coalesce(buyers.n_events, 0) as n_events,",
        "gives item_key as list_place",
    ),
    refused(
        "ties of the fusion broken by a renamed key",
        FUSION,
        "    select item_key, row_number() over (order by item_id) - 1 as item_index\n    from graded.clean.items\n",
        "    select place as item_key, row_number() over (order by place) - 1 as item_index\n"
        "    from (select item_key as place from graded.clean.items)\n",
        r"orders by place \(item_key by another name\)",
    ),
    refused(
        "every tenth event left out, another tenth in each run, by the number of the transaction",
        "sql/training/interactions.sql",
        "from clean.interactions",
        "from clean.interactions\nwhere hash(event_id, txid_current()) % 10 > 0",
        r"calls txid_current\(\)",
    ),
    refused(
        "age of an item counted from today's date, in quotes",
        ITEM,
        "(night.night - items.available_from)",
        '("current_date" - items.available_from)',
        r"calls current_date\(\)",
    ),
    refused(
        "the mean price by a macro that sums floats",
        ITEM,
        "        median(value / nullif(quantity, 0)) as price\n",
        "        wavg(value / nullif(quantity, 0), quantity) as price\n",
        r"calls wavg\(\)",
    ),
    refused(
        "the shelves a user knows, in whatever order they come",
        "sql/features/user.sql",
        "min(event_ts::date) as day",
        "array(select category from clean.items)[1] as shelf,\n        min(event_ts::date) as day",
        "makes an array of a query without order by",
    ),
    refused(
        "examples chosen by the catalogue as it is after their outcome",
        LABELS,
        "inner join graded.clean.items as items",
        "inner join clean.items as items",
        "reads clean.items of its own night beside the labels",
    ),
    refused(
        "fusion learned from the candidates of every night so far",
        FUSION,
        "from graded.candidates.lists as lists",
        "from past.candidates.lists as lists",
        "reads past.candidates.lists beside the labels of grades.relevant: some of it has seen them",
    ),
    Leak(
        "labels joined to the log after the graded cutoff",
        (Edit("sql/recommendations/taste.sql", "", TASTE),),
        "construction",
        "taste.sql: reads clean.interactions of its own night beside the labels",
    ),
    Leak(
        "confidence of tonight's rankings out of the grades they have learned from",
        (Edit("sql/recommendations/certainty.sql", "", CONFIDENCE),),
        "construction",
        "certainty.sql: reads recommendations.rankings of its own night beside the labels of grades.judged_candidates",
    ),
    Leak(
        "confidence fitted on the night's own lists, by the grades that they have learned from",
        (
            Edit(
                "sql/grades/published_rows.sql",
                "from graded.recommendations.lists as lists",
                "from recommendations.lists as lists",
            ),
        ),
        "construction",
        "published_rows.sql: judges recommendations.lists",
    ),
    Leak(
        "tonight's lists judged by the grades that they have learned from",
        (Edit("sql/grades/calibration.sql", "", CALIBRATION),),
        "construction",
        "calibration.sql: judges recommendations.lists",
    ),
)
"""Refused when the file is loaded."""

LEAKS = (
    *REFUSED,
    Leak(
        "a raw table joined to the features",
        (Edit(ITEM, "from clean.items as items\n    left join paid", "from raw.prices as items\n    left join paid"),),
        "construction",
        "raw.prices has no partition",
    ),
    Leak(
        "what was taken of an item since, beside each example",
        (
            Edit(
                LABELS,
                "    taken,\n    case",
                "    taken,\n    count(*) filter (where taken) over (partition by item_key) as n_taken,\n    case",
            ),
        ),
        "construction",
        "labels.sql: gives task, user_key, item_key, taken, n_taken, weight; of the labels go on",
    ),
    Leak(
        "what each user had in all by now, asked of the log in Python",
        (
            Edit(
                RERANKERS,
                """        rows = pa.concat_tables(blocks)
""",
                """        rows = pa.concat_tables(blocks)
        had = snapshot.table("select user_key, count(*) as n from clean.interactions group by user_key").to_pandas()
        counts = rows.select(["user_key"]).to_pandas().merge(had, how="left")["n"].astype("float32")
        rows = rows.append_column("n_had", [counts.to_numpy()])
""",
            ),
        ),
        "construction",
        'Table with name "clean.interactions" does not exist',
    ),
    Leak(
        "what each user had in all by now, joined in Python",
        (
            Edit(
                RERANKERS,
                """        rows = pa.concat_tables(blocks)
""",
                """        rows = pa.concat_tables(blocks)
        with snapshot.lake.as_of(snapshot.night, [TableName("features", "user")]) as tonight:
            counts = tonight.table("select user_key, n_events from features.user").to_pandas()
        now = rows.select(["user_key"]).to_pandas().merge(counts, how="left")["n_events"].astype("float32")
        rows = rows.set_column(rows.column_names.index("user_n_events"), "user_n_events", [now.to_numpy()])
""",
            ),
        ),
        "check",
        "examples_are_as_the_graded_night_knew_them",
    ),
    Leak(
        "whether anybody took the item since, joined in Python",
        (
            Edit(
                RERANKERS,
                """        rows = pa.concat_tables(blocks)
""",
                """        rows = pa.concat_tables(blocks)
        sold = snapshot.table("select distinct item_key from grades.relevant")["item_key"].to_pandas()
        rows = rows.append_column("sold_since", [rows["item_key"].to_pandas().isin(sold).to_numpy()])
""",
            ),
        ),
        "check",
        "examples_are_as_the_graded_night_knew_them",
    ),
    Leak(
        "a threshold fitted on the examples that its model has learned",
        (Edit("recsys_assets/assets/steps/threshold.py", "", THRESHOLD),),
        "construction",
        "recommendations.threshold: reads models.reranker_next beside the labels of past.recommendations.examples",
    ),
)
