"""Times: how a column writes its instants, decided over all of its values, and the SQL that reads them.

What belongs here: the formats that are known, telling them apart, and the local times that need a zone.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted, text
from recsys_jobs.init.look import InitError

if TYPE_CHECKING:
    import duckdb

    from recsys_jobs.init.look import Column

_TAILS = [f"{gap}{clock}" for gap in (" ", "T", ", ") for clock in ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S,%f")]
_TAILS = ["", *_TAILS, " %I:%M %p", " %I:%M:%S %p", " %H.%M", " %H.%M.%S", " %Hh%M", " à %H:%M"]
_OTHERS = [
    date + tail
    for date in ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d. %B %Y")
    for tail in _TAILS[:3] + _TAILS[-6:-4]
]
_OTHERS += [f"%Y-%m-%d{tail}" for tail in (" %I:%M %p", " %I:%M:%S %p")]
# Year first: with points, and as Japan, China and Korea write it.
_OTHERS += [f"%Y.%m.%d{tail}" for tail in _TAILS[:3]]
_OTHERS += [f"%Y年%m月%d日{tail}" for tail in _TAILS[:3]]
_OTHERS += [f"%Y年%m月%d日{gap}%H{hour}%M分{second}" for gap in ("", " ") for hour in "時时" for second in ("", "%S秒")]
_OTHERS += [f"%Y년 %m월 %d일{tail}" for tail in (*_TAILS[:3], " %H시 %M분", " %H시 %M분 %S초")]
_DIGITS = ["%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S"]
# The power of ten above seconds tells how many digits an instant of the years 1990 to 2100 has.
_UNIX = {
    "seconds": (0, "instant_of_seconds({t})"),
    "milliseconds": (3, "instant_of_milliseconds({t})"),
    "microseconds": (6, "make_timestamp(try_cast({t} as bigint))"),
    "nanoseconds": (9, "make_timestamp(try_cast({t} as bigint) // 1000)"),
}
_DAY_MONTH = "^([0-9]{1,2})([/.-])([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})([ T,]|$)"


@dataclass(frozen=True)
class TimeFormat:
    """How a column writes instants."""

    sql: str
    """Expression with ``{t}`` for the column: a TIMESTAMP, null when unreadable."""
    what: str
    """The format in words."""
    is_local: bool
    """Whether values say no offset, so that a zone decides which instant they are."""
    has_clock: bool = True
    """Whether values say more than the day."""
    keeps_offset: bool = False
    """Whether some values may still say one: they are read by it, whatever the zone."""

    def instant(self, column: str, zone: str | None) -> str:
        """SQL of the UTC instant; without a zone local times are taken as UTC."""
        local = self.sql.replace("{t}", column)
        if self.is_local and zone:
            local = f"timezone({text(zone)}, {local})::timestamp"
        if not self.keeps_offset:
            return local
        both = [f"instant_with_offset({column})", local]
        one_line = f"coalesce({', '.join(both)})"
        return one_line if len(one_line) < 90 else "coalesce(\n        " + ",\n        ".join(both) + "\n    )"


_EXCEL = TimeFormat("time_of_excel_days({t})", "days as Excel counts them", is_local=True)
_EXCEL_DAYS = (32_874, 73_051)
"""Those of 1990 and of 2100."""


def time_format(con: duckdb.DuckDBPyConnection, table: str, column: Column, given: str | None) -> TimeFormat | None:
    """How a column of ``table`` writes its times, or None when fewer than half of its values are some.

    Parameters
    ----------
    given
        A strptime format, which then is the answer; ``excel``: the days that Excel counts.

    Raises
    ------
    InitError
        When day and month could be either way round, or ``given`` does not fit.
    """
    if column.type.startswith("TIMESTAMP WITH"):
        return TimeFormat("timezone('UTC', {t})", "instants", is_local=False)
    if column.type == "DATE" or column.type.startswith("TIMESTAMP"):
        has_clock = column.type != "DATE"
        return TimeFormat("{t}::timestamp", "timestamps" if has_clock else "days", is_local=True, has_clock=has_clock)
    counts = _Counts(con, table, column)
    if given:
        return _given(counts, given)
    kinds = counts.by(_kind())
    n_values, n_read = sum(kinds.values()), sum(n for kind, n in kinds.items() if kind)
    if 2 * n_read < n_values or not n_values:
        return None
    kind = max((kind for kind in kinds if kind), key=lambda kind: (kinds[kind], kind))
    if kind in {"iso", "offset"}:
        what = {"iso": "ISO 8601", "offset": "ISO 8601 with offset"}[kind]
        has_clock = counts.where("v like '%:%'")[0] > 0
        return TimeFormat("time_without_offset({t})", what, "iso" in kinds, has_clock, keeps_offset=True)
    if kind in _UNIX:
        return TimeFormat(_UNIX[kind][1], f"Unix {kind}", is_local=False)
    if kind == "excel":
        return _EXCEL if kinds[kind] >= 0.99 * n_values else None  # Counts and numbers of five digits are not rare.
    if kind == "day_month":
        return _strptime(counts, _day_month_formats(counts))
    return _strptime(counts, _DIGITS if kind == "digits" else _OTHERS)


def check_zone(con: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Refuse the name of a time zone that nobody knows.

    Raises
    ------
    InitError
        Naming close ones.
    """
    known = [name for (name,) in con.execute("select name from pg_timezone_names() order by name").fetchall()]
    if zone not in known:
        close = ", ".join(difflib.get_close_matches(zone, known)) or "Europe/Berlin, America/New_York, UTC"
        raise InitError(f"--time-zone {zone}: no such time zone. Names look like: {close}.")


class _Counts:
    """Counts over the values ``v`` (text, trimmed, not empty) of a column."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, column: Column) -> None:
        self.con, self.column = con, column
        self.trimmed = "trim({t})" if column.type == "VARCHAR" else "trim({t}::varchar)"
        name = quoted(column.name)
        self.values = f"(select trim({name}::varchar) as v from {table} where trim({name}::varchar) <> '')"

    def by(self, expression: str) -> dict[str | None, int]:
        """Number of values by what an expression says of them."""
        return dict(
            self.con.execute(f"select {expression} as kind, count(*) from {self.values} group by kind").fetchall()
        )

    def where(self, *conditions: str) -> list[int]:
        """Number of values that meet each condition."""
        counted = ", ".join(f"count(*) filter ({condition})" for condition in conditions)
        return list(self.con.execute(f"select {counted} from {self.values}").fetchall()[0])


def _kind() -> str:
    """SQL that names the kind of a value, null for none. Long numbers are Unix times of the years 1990 to 2100."""
    cases = [
        ("regexp_matches(v, '^[0-9]{4}-[0-9]{2}-[0-9]{2}') and instant_with_offset(v) is not null", "offset"),
        ("regexp_matches(v, '^[0-9]{4}') and time_without_offset(v) is not null", "iso"),
        (f"regexp_matches(v, '^(19|20)[0-9]+$') and {_parses(_DIGITS)}", "digits"),
    ]
    for unit, (power, _) in _UNIX.items():
        low, high = 631_152_000 * 10**power, 4_102_444_800 * 10**power
        is_number = "regexp_matches(v, '^[0-9]{9,19}([.][0-9]+)?$')"
        cases.append((f"{is_number} and try_cast(v as double) between {low} and {high}", unit))
    is_day = "regexp_matches(v, '^[0-9]{5}([.,][0-9]+)?$')"
    number = "try_cast(replace(v, ',', '.') as double)"
    cases.append((f"{is_day} and {number} between {_EXCEL_DAYS[0]} and {_EXCEL_DAYS[1]}", "excel"))
    cases += [(f"regexp_matches(v, '{_DAY_MONTH}')", "day_month"), (_parses(_OTHERS), "other")]
    return f"case {' '.join(f'when {condition} then {text(kind)}' for condition, kind in cases)} end"


def _parses(formats: list[str]) -> str:
    return f"try_strptime(v, [{', '.join(map(text, formats))}]) is not null"


def _strptime(counts: _Counts, formats: list[str]) -> TimeFormat | None:
    """Those of the formats that some value has, the most frequent first; None where no value has any."""
    # %Y reads 16 as the year 16, so a year of two digits is left to %y.
    n_parsed = counts.where(*(f"try_strptime(v, {text(name)}) >= timestamp '1000-01-01'" for name in formats))
    used = [name for n, name in sorted(zip(n_parsed, formats, strict=True), key=lambda pair: -pair[0]) if n]
    if not used:
        return None
    listed = text(used[0]) if len(used) == 1 else f"[{', '.join(map(text, used))}]"
    has_clock = re.search("%[HI]", listed) is not None
    return TimeFormat(f"try_strptime({counts.trimmed}, {listed})", " or ".join(used), True, has_clock)


def _given(counts: _Counts, given: str) -> TimeFormat:
    is_excel = given.lower() == "excel"
    reads = "time_of_excel_days(v) is not null" if is_excel else _parses([given])
    n_values, n_read = counts.where("true", reads)
    if 2 * n_read < n_values:
        raise InitError(
            f"--time-format {given!r} fits {n_read:,} of {n_values:,} values of {counts.column.name}, which look like "
            f"{', '.join(counts.column.examples)}."
        )
    if is_excel:
        return _EXCEL
    cast = "::timestamp" if "%z" in given else ""
    return TimeFormat(f"try_strptime({counts.trimmed}, {text(given)}){cast}", given, is_local="%z" not in given)


def _day_month_formats(counts: _Counts) -> list[str]:
    """Formats of the column's usual separator and length of year, with day and month the way round they are.

    Raises
    ------
    InitError
        When no value says which is which, or some say one and some the other.
    """
    separators = counts.by(f"nullif(regexp_extract(v, '{_DAY_MONTH}', 2), '')")
    separator = max((s for s in separators if s), key=lambda s: separators[s])
    first, second, n_short = counts.where(
        *(f"try_cast(regexp_extract(v, '{_DAY_MONTH}', {group}) as integer) > 12" for group in (1, 3)),
        f"length(regexp_extract(v, '{_DAY_MONTH}', 4)) = 2",
    )
    year = "%y" if 2 * n_short > sum(separators.values()) else "%Y"
    day_first, month_first = (separator.join(parts) for parts in (("%d", "%m", year), ("%m", "%d", year)))
    if (not first and not second and separator == ".") or first > 99 * second:
        return [day_first + tail for tail in _TAILS]
    if second > 99 * first:
        return [month_first + tail for tail in _TAILS]
    tails = counts.where(*(_parses([day_first + tail, month_first + tail]) for tail in _TAILS))
    tail = _TAILS[tails.index(max(tails))]
    example = counts.column.examples[0]
    why = (
        f"{first:,} values of it can only have the day first, {second:,} only the month"
        if first
        else f"no value of it ({example}, ...) tells day and month apart"
    )
    raise InitError(
        f"The times in {re.sub(r'[^ -~]', '?', counts.column.name)} could be either: {why}. "
        f"Say which with --time-format '{day_first}{tail}' or --time-format '{month_first}{tail}'."
    )
