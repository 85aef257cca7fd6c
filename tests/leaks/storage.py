"""Leaks in what lies on the disk: files out of their place, models changed since, and times that SQL rewrites."""

from tests.leaks.harness import NIGHT, Edit, Leak
from tests.leaks.landing import EXPORT, from_landing_on

LATER, GRADED, NEVER_OPENED = "2017-11-03", "2017-10-28", "2017-10-26"
"""A night after the one that is tried, the one it grades, and one without lists of its own."""
CANDIDATES, ITEMS = "recsys_assets/assets/steps/candidates.py", "sql/sources/corner_shop/items.sql"
USE, LOAD = "        snapshot.use_model(model)\n", "        return Made(_stream("
NEWEST = """\
        import shutil

        newest = max(model.path.parents[1].glob("night=*/0*")).resolve()
"""
RESCALED = """\
        import numpy as np

        score_files = [file for file in model.path.glob("*.npy") if file.name in ("scores.npy", "history.data.npy")]
        scores = np.load(score_files[0])
        score_files[0].unlink()
        np.save(score_files[0], scores * 2)
"""
SUPERSEDED = "sql/landing/superseded.sql"
KNOWN_AT = "raw_rows.landed_known_at as known_at"
KNOWN_TODAY = "least(raw_rows.landed_known_at, getvariable('night') + interval 1 day) as known_at"


def out_of_place(name: str, table: str, night: str, of: str, of_table: str = "") -> Leak:
    """A leak of a file that is copied to another night or table, as its newest."""
    source, target = (each.replace(".", "/") for each in (of_table or table, table))
    return Leak(
        name,
        (),
        "construction",
        f"it was written as {of_table or table} of night {of}, and lies in the place of {table} of night {night}",
        copies={f"lake/{source}/night={of}/*.parquet": f"lake/{target}/night={night}/000099*"},
    )


LEAKS = (
    out_of_place("the log of a later day, in the place of an earlier one", "clean.events", NEVER_OPENED, "2017-11-02"),
    out_of_place("retractions of a later night, as if of the graded one", "clean.retractions", GRADED, LATER),
    out_of_place("features of a later night, for the reranker to learn from", "features.user_item", GRADED, LATER),
    out_of_place("lists made later, to be graded as those of then", "recommendations.lists", GRADED, LATER),
    out_of_place(
        "lists of another algorithm, to be graded as its own",
        "candidates.popularity",
        GRADED,
        GRADED,
        "candidates.buy_again",
    ),
    Leak(
        "the release of a later night, under the name of an earlier one",
        (),
        "construction",
        f"it was made for night {LATER}, and lies under the name of night {NIGHT}",
        commands=(f"rollback --to {NIGHT}-better",),
        copies={f"releases/{LATER}-*": f"releases/{NIGHT}-better"},
    ),
    Leak(
        "the model of a later night, copied into tonight's folder",
        (
            Edit(
                CANDIDATES,
                USE,
                NEWEST + '        shutil.copytree(newest, model.path.with_name("000099" + newest.name[6:]))\n'
                "        model = Models(profile).get(algorithm.name, snapshot.night)\n" + USE,
            ),
        ),
        "construction",
        rf"it was fitted as models\.\w+ of night {LATER}, and lies in the place of models\.\w+ of night {NIGHT}",
    ),
    Leak(
        "settings of a later model, put beside tonight's",
        (
            Edit(
                CANDIDATES,
                USE,
                NEWEST + '        shutil.copy(newest / "provenance.json", model.path / "later.json")\n' + USE,
            ),
        ),
        "construction",
        "is damaged: its files are not those that were written",
    ),
    Leak(
        "weights of a model changed in its folder before they are used",
        (Edit(CANDIDATES, USE, RESCALED + USE),),
        "construction",
        "is damaged: its files are not those that were written",
    ),
    Leak(
        "weights of a model changed between the look at its files and their use",
        (Edit(CANDIDATES, USE, USE + RESCALED),),
        "construction",
        "is damaged: its files are not those that were written",
    ),
    Leak(
        "a price list that says itself since when it was known",
        (
            Edit(
                ITEMS,
                "prices.valid_from as known_from,",
                "prices.valid_from as known_from,\n    prices.valid_from - interval 30 day as known_at,",
            ),
        ),
        "construction",
        r"items\.sql: gives known_at, which is not its to tell",
    ),
    from_landing_on(
        "goods brought back, dated by the source to the day they were bought",
        "construction",
        r"retractions\.sql: makes event_ts days earlier than it was delivered",
        Edit(
            "sql/sources/corner_shop/retractions.sql",
            "lines.sold_at as event_ts",
            "lines.sold_at - interval 2 day as event_ts",
        ),
    ),
    from_landing_on(
        "lines that came late, in the log of their day as if known by then",
        "check",
        "no_earlier_than_landed_events_event_id",
        Edit(
            EXPORT,
            """    tonight = "landed_night = getvariable('night')"\n""",
            """    tonight = "landed_night = getvariable('night')"\n"""
            """    if table.name == "events":\n"""
            """        late = "sold_at::date = getvariable('night') and landed_night > sold_at::date"\n"""
            """        tonight = f"({tonight} or {late})"\n""",
        ),
        Edit(EXPORT, KNOWN_AT, KNOWN_TODAY),
    ),
    from_landing_on(
        "goods brought back later are taken back today, and said to be known by then",
        "check",
        "no_earlier_than_landed_cancellations_cancellation_id",
        Edit(
            EXPORT,
            """        rows = f"{tonight} or ({current})" if again else tonight""",
            """        rows = "true" if table.name == "retractions" else tonight""",
        ),
        Edit(EXPORT, KNOWN_AT, KNOWN_TODAY),
        Edit(
            "sql/clean/cancellations.sql",
            "        event_ts,\n        known_at,\n        quantity,\n        basket_id\n    from landed.retractions\n",
            "        least(event_ts, night.cutoff - interval 1 second) as event_ts,\n        known_at,\n"
            "        quantity,\n        basket_id\n    from landed.retractions\n    cross join this.night as night\n",
        ),
    ),
    from_landing_on(
        "lines that a later file corrects are gone from the day they are of, and said to be known by then",
        "check",
        "corrections_count_from_their_arrival",
        Edit(
            SUPERSEDED,
            "coalesce(files.superseded_at, events.landed_known_at)",
            "events.landed_known_at",
        ),
        Edit(
            SUPERSEDED,
            "where greatest(files.superseded_night, case when files.superseded_night is not null "
            "then events.landed_night end) = getvariable('night')",
            "where files.superseded_night is not null and events.landed_night = getvariable('night')",
        ),
    ),
    from_landing_on(
        "tomorrow's price, said to be known today",
        "check",
        "no_earlier_than_landed_item_versions_landed_id",
        Edit(
            EXPORT,
            "    if has_versions:\n        rows = current\n",
            '    if has_versions:\n        rows = "landed_file in (select file_id from current_files)"\n',
        ),
        Edit(EXPORT, KNOWN_AT, KNOWN_TODAY),
        *(
            Edit(
                f"sql/clean/{kind}_versions.sql",
                "    coalesce(newest.known_from, newest.known_at) as known_from\n",
                "    newest.known_at as known_from\n",
            )
            for kind in ("item", "user")
        ),
    ),
)
