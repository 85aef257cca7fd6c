"""Leaks in what a release tells beside the lists."""

from tests.leaks.harness import Edit, Leak

RELEASE, PROFILES = "recsys_assets/assets/steps/release.py", "sql/release/serving/user_profiles.sql"
PAIRS = '    snapshot.add("made.co_purchases", pairs := _rows(profile, PAIRS, selects[PAIRS], snapshot))\n'
EVERY_BASKET = '''\
    import duckdb

    files = [str(file) for file in snapshot.lake.root.glob("clean/events/night=*/*.parquet")]
    with duckdb.connect() as con:
        lines = con.sql("select basket_id, item_key from read_parquet($1) group by all", params=[files])
        snapshot.add("made.every_line", lines.to_arrow_table())
    together = """
        select items.item_id, others.item_id as other_item_id, count(*) as n_together, .5::double as confidence,
            2.0::double as lift
        from made.every_line as line
        inner join made.every_line as other on other.basket_id = line.basket_id and other.item_key <> line.item_key
        inner join clean.item_keys as items on items.item_key = line.item_key
        inner join clean.item_keys as others on others.item_key = other.item_key
        group by all having count(*) > 1
        order by all
    """
    snapshot.add("made.co_purchases", snapshot.table(together))
    pairs = _rows(profile, PAIRS, selects[PAIRS], snapshot)
'''

LEAKS = (
    Leak(
        "bundles over all of history, what came after the cutoff too",
        (Edit(RELEASE, PAIRS, EVERY_BASKET),),
        "audit",
        r"serving\.bundles",
    ),
    Leak(
        "profiles by the attributes that members deliver, whenever",
        (
            Edit(
                PROFILES,
                "(select * exclude (user_id, available_from) from clean.users) as versions",
                "(select household_id as user_key, region from raw.members) as versions",
            ),
        ),
        "audit",
        r"raw\.members has no partition",
    ),
)
