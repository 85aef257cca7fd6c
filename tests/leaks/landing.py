"""Leaks in landing and in the clean log: rows that count too early, twice, or that are taken back in the past.

The deployment starts empty: the edited project itself lands the files and builds the night.
"""

from tests.leaks.harness import NIGHT, CatchBy, Edit, Leak
from tests.leaks.shop import FOUND, LAND

JUDGING, EXPORT = "recsys_assets/storage/landing/judging.py", "recsys_assets/storage/landing/export.py"
CONTRACT, DELIVERIES = "recsys_assets/selects/canonical.py", "sql/landing/deliveries.sql"
REDELIVERED = "2017-10-30"


def from_landing_on(name: str, by: CatchBy, says: str, *edits: Edit) -> Leak:
    """A leak that the edited project makes from the first file on."""
    return Leak(name, edits, by, says, commands=(*LAND, f"night {NIGHT}"), empty=True)


LEAKS = (
    from_landing_on(
        "the shop's day ends at six in the morning, and the night with it",
        "construction",
        "clean.events, night .*: rests on an event of .* at or after its cutoff",
        Edit(JUDGING, "greatest(row_time::date, ", "greatest((row_time - interval 6 hour)::date, "),
    ),
    from_landing_on(
        "a till whose clock stood at zero is let through",
        "check",
        "events_end_before_the_cutoff",
        Edit(CONTRACT, """    ("event_ts", "event_ts < timestamp '1990-01-01'", "before 1990"),\n""", ""),
    ),
    from_landing_on(
        "events dated after their own arrival are let through",
        "check",
        "nothing_is_known_before_it_happened",
        Edit(CONTRACT, """    ("event_ts", "event_ts > arrived_at", "after its own arrival"),\n""", ""),
    ),
    from_landing_on(
        "late lines belong to the day they are of",
        "check",
        "visible_in_time",
        Edit(
            JUDGING,
            """known_at = "row_time" if self.file.kind == "history" else "getvariable('arrived_at')\"""",
            """known_at = "row_time\"""",
        ),
    ),
    from_landing_on(
        "products bought fewer than three times, of all that landed, are left out of the log (k-core)",
        "audit",
        r"clean\.\w+( [-\d]+)?: it changes when what came after the night is altered",
        Edit(
            EXPORT,
            """    tonight = "landed_night = getvariable('night')"\n""",
            """    tonight = "landed_night = getvariable('night')"\n"""
            """    often = "select product_id from landing.raw.lines group by product_id having count(*) >= 3"\n"""
            """    tonight += f" and product_id in ({often})"\n""",
        ),
    ),
    from_landing_on(
        "tomorrow's price: the catalogue is exported as it is today",
        "check",
        "visible_after_known_(user|item)_versions_known_(at|from)",
        Edit(
            EXPORT,
            "    if has_versions:\n        rows = current\n",
            '    if has_versions:\n        rows = "landed_file in (select file_id from current_files)"\n',
        ),
    ),
    from_landing_on(
        "goods brought back later are taken back today",
        "check",
        "before_cutoff_cancellations_event_ts|visible_after_known_cancellations_known_at",
        Edit(
            EXPORT,
            """        rows = f"{tonight} or ({current})" if again else tonight""",
            """        rows = "true" if table.name == "retractions" else tonight""",
        ),
    ),
    from_landing_on(
        "lines that a later file corrects are gone from the day they are of",
        "check",
        "visible_after_known_retractions_known_at",
        Edit(
            "sql/landing/superseded.sql",
            "where greatest(files.superseded_night, case when files.superseded_night is not null "
            "then events.landed_night end) = getvariable('night')",
            "where files.superseded_night is not null and events.landed_night = getvariable('night')",
        ),
    ),
    Leak(
        "a line delivered again counts again",
        (
            Edit(
                "sql/clean/events.sql",
                "and numbered.number_in_file > numbered.n_visible",
                "and numbered.number_in_file > 0",
            ),
        ),
        "check",
        "no_event_is_counted_twice",
        commands=(f"night {REDELIVERED}",),
    ),
    from_landing_on(
        "the ledger counts all rows of a file with the first night that sees one",
        "audit",
        r"clean\.deliveries( [-\d]+)?: it changes when what came after the night is altered",
        Edit(
            DELIVERIES,
            "where landed_night = getvariable('night')",
            "where landed_file in (select landed_file from landed_rows where landed_night = getvariable('night'))",
        ),
    ),
    from_landing_on(
        "the ledger names files two days before they come",
        "check",
        "visible_after_known_deliveries_arrived_at",
        Edit(DELIVERIES, "to_seconds($grace))::date", "to_seconds($grace))::date - 2"),
    ),
    Leak(
        "the ledger says of a file that another will take its place",
        (Edit(DELIVERIES, "files.superseded_night <= getvariable('night')", "files.superseded_night is not null"),),
        "full audit",
        "clean.deliveries",
        commands=(f"audit future --night {NIGHT}",),
    ),
    Leak(
        "late lines go to the night they are of, though it is sealed",
        (
            Edit(
                JUDGING,
                """        if self.file.kind == "arrival" and self.sealed is not None:\n"""
                """            first_open = max(first_open, self.sealed + ONE_DAY)\n""",
                "",
            ),
        ),
        "full audit",
        "clean.events",
        commands=(f"land --arrived-at 2017-10-31T12:00:00 {FOUND}", f"audit future --night {NIGHT}"),
    ),
)
