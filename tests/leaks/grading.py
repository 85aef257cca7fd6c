"""Leaks in what is graded and listed: labels of other days, lists that were never served, goods not to be had."""

from tests.leaks.harness import NIGHT, Edit, Leak
from tests.leaks.shop import LAND

RELEVANT, STEPS = "sql/grades/relevant.sql", "recsys_assets/assets/steps/"
SUMMARY, CANDIDATES, WEIGHTS = STEPS + "grade_summary.py", STEPS + "candidates.py", STEPS + "fusion_weights.py"
STEP = "recsys_assets/assets/step.py"
RERANKERS, CHAMPIONS, MODELS = STEPS + "rerankers.py", STEPS + "champions.py", STEPS + "models.py"
LEARNED = "    learned = graded_night(snapshot.night, profile.horizon)\n"
FITS = "        train = data.interactions(snapshot, algorithm.uses)\n"
EVERY_NIGHT = """\
FOLDERS = ("features", "grades", "recommendations")
CHAIN = "recommendations.newcomer_chain"


def _by_every_night(select):
    from dataclasses import replace

    import pyarrow as pa
    import pyarrow.parquet as pq

    from recsys_assets.assets.step import Made

    def make(snapshot):
        grades = []
        for partition in snapshot.lake.partitions("grades.newcomers"):
            rows = pq.ParquetFile(partition.path).read()
            grades.append(rows.append_column("night", pa.array([partition.night] * len(rows), pa.date32())))
        snapshot.add("made.grades", pa.concat_tables(grades))
        return Made(snapshot.table(select.text.replace("past.grades.newcomers", "made.grades")))

    return replace(sql_step(CHAIN, select), make=make)
"""

LEAKS = (
    Leak(
        "the graded window begins a horizon early",
        (
            Edit(
                RELEVANT,
                "events.event_ts >= night.graded_cutoff and",
                "events.event_ts >= night.graded_cutoff - interval 3 day and",
            ),
        ),
        "check",
        "labels_lie_between_the_cutoffs",
    ),
    Leak(
        "users who were unknown when the lists were made are not graded",
        (
            Edit(
                RELEVANT,
                "where tasks.task <> 'discovery' or had.item_key is null\n",
                "where\n    users.available_from <= night.graded_night\n"
                "    and (tasks.task <> 'discovery' or had.item_key is null)\n",
            ),
        ),
        "check",
        "all_takers_are_graded",
    ),
    Leak(
        "an earlier night, built again with better settings, is graded as it was published",
        (
            Edit("data/profiles/corner_shop.toml", "rrf_k = 2", "rrf_k = 60"),
            Edit(
                SUMMARY,
                """"published" if lists and released == (lists.fingerprint,) else "rebuilt\"""",
                """"published" if lists and released else "rebuilt\"""",
            ),
        ),
        "check",
        "rebuilt_lists_say_so",
        commands=("night 2017-10-25", "night 2017-10-28"),
    ),
    Leak(
        "lists of the warm-up, which nobody was served, are graded as published",
        (
            Edit(
                SUMMARY,
                """"published" if lists and released == (lists.fingerprint,) else "rebuilt\"""",
                """"published" if lists and released in {(), (lists.fingerprint,)} else "rebuilt\"""",
            ),
        ),
        "check",
        "rebuilt_lists_say_so",
        commands=(*LAND, f"night {NIGHT}"),
        empty=True,
    ),
    Leak(
        "discovery lists of what was had before",
        (Edit(CANDIDATES, 'new if task == "discovery" else every', "every"),),
        "check",
        "candidates_for_discovery_were_never_had|discovery_holds_nothing_had",
    ),
    Leak(
        "retired goods are listed",
        (Edit("sql/training/items.sql", "coalesce(items.retired_at <= night.cutoff, false)", "false"),),
        "check",
        r"available_items_\w+",
    ),
    Leak(
        "a trend over five weeks of a log that is shorter",
        (
            Edit(
                "sql/features/item_trend.sql",
                "    case when log.length_days >= 35 then coalesce(counts.weekly_events_28d, 0) end as",
                "    coalesce(counts.weekly_events_28d, 0) as",
            ),
        ),
        "check",
        "windows_of_items_are_full",
    ),
    Leak(
        "each algorithm weighs what the newest grades say of it",
        (
            Edit(
                WEIGHTS,
                "    learned = graded_night(snapshot.night, profile.horizon)\n",
                """\
    learned = graded_night(snapshot.night, profile.horizon)
    import pyarrow.parquet as pq

    newest = pq.ParquetFile(snapshot.lake.partitions("grades.summary")[-1].path).read().to_pylist()
    means = {(r["task"], r["algorithm"]): r["mean"] for r in newest if (r["metric"], r["k"]) == ("ndcg", 10)}
    told = [means[row["task"], row["algorithm"]] for row in rows]
    total = {task: sum(m for row, m in zip(rows, told) if row["task"] == task) for task in profile.tasks}
    rows = [row | {"weight": mean / total[row["task"]]} for row, mean in zip(rows, told)]
""",
            ),
        ),
        "audit",
        "recommendations.fusion_weights",
    ),
    Leak(
        "the chain chosen by the grades of later nights",
        (
            Edit(
                STEPS + "sql_files.py",
                "        sql_step(name, select)\n",
                "        _by_every_night(select) if name == CHAIN else sql_step(name, select)\n",
            ),
            Edit(STEPS + "sql_files.py", 'FOLDERS = ("features", "grades", "recommendations")\n', EVERY_NIGHT),
        ),
        "audit",
        "recommendations.newcomer_chain",
    ),
    Leak(
        "the reranker learns from features of the night whose purchases it learns",
        (
            Edit(RERANKERS, 'night_feature_reads(profile, "graded"))', "night_feature_reads(profile))"),
            Edit(RERANKERS, 'NightFeatures(snapshot, "graded", ', 'NightFeatures(snapshot, "", '),
        ),
        "construction",
        r"reads (clean|candidates|features)\.\w+ of its own night beside the labels",
    ),
    Leak(
        "the champion is chosen by the grades of a later night",
        (
            Edit(
                CHAMPIONS,
                "    challenges = snapshot.table(_CHALLENGES.text, asked)\n",
                """\
    from recsys_assets.storage.lake.lake import Lake

    lake = Lake(profile)
    with lake.as_of(lake.partitions("grades.candidates")[-1].night, _CHALLENGES.reads) as later:
        challenges = later.table(_CHALLENGES.text, asked)
""",
            ),
        ),
        "audit",
        "recommendations.champions",
    ),
    Leak(
        "confidence is fitted on the grades of a later night, those of the night's own lists",
        (
            Edit(
                STEP,
                "        make=lambda snapshot: Made(select),\n",
                "        make=lambda snapshot: Made(_later(snapshot) if name.endswith('.confidence') else select),\n",
            ),
            Edit(
                STEP,
                "def sql_step(",
                """\
def _later(snapshot):
    from recsys_assets.selects.files import SQL_FOLDER, load_select
    from recsys_assets.storage.lake.lake import Lake

    select, lake = load_select(SQL_FOLDER / "recommendations" / "confidence.sql"), Lake(snapshot.lake.profile)
    with lake.as_of(lake.partitions("grades.published_rows")[-1].night, select.reads) as later:
        return later.table(select.text)


def sql_step(""",
            ),
        ),
        "audit",
        r"recommendations\.confidence",
    ),
    Leak(
        "the blend follows the algorithms that lead in a later night",
        (
            Edit(
                WEIGHTS,
                LEARNED,
                f"""\
    from recsys_assets.storage.lake.lake import Lake

    lake = Lake(profile)
    newest = lake.partitions("recommendations.fusion_weights")[-1].night
    with lake.as_of(newest, [TableName("recommendations", "fusion_weights")]) as later:
        told = later.table(f"select task, algorithm, own_ndcg, leads from {{TABLE}}").to_pylist()
    told = {{(row["task"], row["algorithm"]): row for row in told}}
    rows = [row | told[row["task"], row["algorithm"]] for row in rows]
{LEARNED}""",
            ),
            Edit(WEIGHTS, "import SQL_FOLDER, load_select", "import SQL_FOLDER, TableName, load_select"),
        ),
        "audit",
        r"recommendations\.fusion_weights",
    ),
    Leak(
        "an instance's half-life is chosen by how much happened up to the newest night",
        (
            Edit(
                "data/profiles/corner_shop.toml",
                "[algorithms.popularity]",
                '[algorithms.popularity_30d]\nalgorithm = "popularity"\nhalf_life_days = 30.0\n[algorithms.popularity]',
            ),
            Edit(
                MODELS,
                FITS,
                f"""\
{FITS}\
        if algorithm.name == "popularity_30d":
            from dataclasses import replace

            from recsys_assets.storage.lake.lake import Lake

            lake = Lake(profile)
            newest = lake.partitions("recommendations.fusion_weights")[-1].night
            with lake.as_of(newest, training.reads(algorithm.uses)) as later:
                (n_events,) = later.row("select count(*) from clean.interactions")
            train = replace(train, ages=train.ages * 1_000 / n_events)
""",
            ),
        ),
        "audit",
        r"models[./]popularity_30d",
    ),
)
