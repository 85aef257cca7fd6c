"""Leaks of settings: studies that are shared between nights, and one that an earlier night is given."""

from tests.leaks.harness import NIGHT, Edit, Leak

LATER = "2017-11-03"
STEP, TUNING = "recsys_assets/assets/steps/algorithm_settings.py", "recsys_jobs/tuning/tuning.py"
STUDY = "tune --algorithm item_knn --trials 4 --night {}"
ROWS = "    rows = worked_out(profile, snapshot.table(_STUDIES.text).to_pylist())\n"

LEAKS = (
    Leak(
        "settings that the study of a later night learned",
        (
            Edit(
                STEP,
                ROWS,
                """\
    import pyarrow.parquet as pq

    files = sorted((snapshot.lake.root / "models" / "tuned_settings").glob("night=*/*.parquet"))
    studies = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    rows = worked_out(profile, [row | {"learned_night": snapshot.night} for row in studies])
""",
            ),
        ),
        "audit",
        r"recommendations[./]algorithm_settings",
        commands=(STUDY.format(LATER), f"night {NIGHT}"),
    ),
    Leak(
        "a study that is shared between nights, so that an earlier one goes on with the trials of a later one",
        (
            Edit(
                TUNING,
                'studies_folder(profile, night) / f"{each.name}-{digest}.jsonl"',
                'profile.folder / "tuning" / f"{each.name}.jsonl"',
            ),
        ),
        "construction",
        f"holds the study of night {LATER}, so it is none of night {NIGHT}",
        commands=(STUDY.format(LATER), STUDY.format(NIGHT)),
    ),
)
