"""Leaks in what a night is shown: partitions, models and instants of later nights, and releases that go back."""

from tests.leaks.harness import NEVER_BUILT, Edit, Leak

PLAN, PARTITIONS = "recsys_assets/storage/lake/plan.py", "recsys_assets/storage/lake/partitions.py"
MODELS, NIGHTS = "recsys_assets/storage/models.py", "recsys_assets/nights.py"

LEAKS = (
    Leak(
        "the past is every partition there is",
        (Edit(PLAN, "for p in lake.partitions(table, night)]", "for p in lake.partitions(table)]"),),
        "construction",
        "rests on an event of|of a later night",
    ),
    Leak(
        "the whole catalogue: items that are not yet to be had are candidates",
        (
            Edit(
                PLAN,
                """    if name.schema == "clean" and not name.catalog:\n""",
                """    if name.stored in ("clean.item_keys", "clean.item_versions") and not name.catalog:\n"""
                """        return lake.partitions(name.stored)\n"""
                """    if name.schema == "clean" and not name.catalog:\n""",
            ),
        ),
        "check",
        "available_items_|made_from_the_past",
    ),
    Leak(
        "where a partition is missing, the newest one will do",
        (
            Edit(
                PARTITIONS,
                "            return None\n        sequence,",
                "            newest = self.root / table.replace('.', '/')\n"
                "            folders = sorted(newest.glob('night=*/*.parquet'))\n"
                "            if not folders or table.startswith(('clean.', 'releases.')):\n"
                "                return None\n"
                "            files = folders[-1:]\n        sequence,",
            ),
        ),
        "construction",
        "it was written as",
        commands=(f"night {NEVER_BUILT}",),
    ),
    Leak(
        "the newest model there is",
        (
            Edit(
                MODELS,
                '        folder = self.root / algorithm / f"night={night.isoformat()}"\n'
                '        return sorted(p for p in folder.glob("[0-9]*") if p.is_dir())',
                '        return sorted(p for p in (self.root / algorithm).glob("night=*/[0-9]*") if p.is_dir())',
            ),
        ),
        "check",
        "made_from_the_past_each",
    ),
    Leak(
        "cutoffs in the time zone of the machine",
        (
            Edit(
                NIGHTS,
                "    return datetime.combine(night + ONE_DAY, time.min)\n",
                "    midnight = datetime.combine(night + ONE_DAY, time.min)\n"
                "    return midnight.astimezone(UTC).replace(tzinfo=None)\n",
            ),
        ),
        "check",
        "the_cutoff_is_midnight_utc",
        environment={"TZ": "America/New_York"},
    ),
    Leak(
        "a backfilled night becomes the published one",
        (
            Edit(
                "recsys_assets/storage/release/releases.py",
                "if current is not None and night < parse_name(current)[0]:",
                "if current == name:",
            ),
        ),
        "construction",
        "must not be published: .*, of a later night, is current",
        commands=("night 2017-10-25",),
    ),
)
