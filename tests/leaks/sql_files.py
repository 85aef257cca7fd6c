"""Leaks in SQL files: none of them loads."""

from tests.leaks.harness import Edit, Leak

ITEM, USER_ITEM, CATEGORY = "sql/features/item.sql", "sql/features/user_item.sql", "sql/features/category_trend.sql"
RELEVANT, FUSION = "sql/grades/relevant.sql", "sql/training/fusion.sql"
CANDIDATES = "sql/recommendations/candidates.sql"


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
        CANDIDATES,
        "order by fused.score desc, id_order.place",
        "order by fused.score desc, fused.item_key",
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
)
