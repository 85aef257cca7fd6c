"""Options of ECharts for the charts that several views draw.

What belongs here: from rows to options. Colours are names of the theme's.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from recsys_serving.dashboard.formats import day, figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]
COLOURS = ("@accent", "@second", "@third", "@bad", "@quiet")
GRID = {"left": 8, "right": 16, "top": 34, "bottom": 4, "containLabel": True}


def over_nights(rows: Sequence[Row]) -> dict[str, Any]:
    """Lines of grades over nights, with their 95% intervals.

    Parameters
    ----------
    rows
        As `grade_lines.sql` gives them.
    """
    nights = sorted({row["graded_night"] for row in rows})
    # Lines of one night stand a little beside one another, so that each interval is seen.
    beside = max((nights[-1] - nights[0]).days, 4) * 86_400_000 / 110
    lines: dict[str, list[Row]] = {}
    for row in rows:
        lines.setdefault(row["line"], []).append(row)
    series: list[dict[str, Any]] = []
    for place, (line, points) in enumerate(lines.items()):
        colour = COLOURS[place % len(COLOURS)]
        data = [
            {
                "value": [_at(row["graded_night"]) + place * beside, row["mean"]],
                "tip": [
                    f"{line}: {figure(row['mean'])}",
                    f"{row['algorithm']}, lists of {day(row['graded_night'])}",
                    f"95% interval {figure(row['low'])} to {figure(row['high'])}; {row['n_users'] or 0:,} users",
                ],
            }
            for row in points
        ]
        style = {"color": colour, "width": 2 if place == 0 else 1.5, "type": "solid" if place < 2 else "dashed"}
        series.append(
            {"type": "line", "name": line, "data": data, "symbol": "circle", "symbolSize": 7 - place}
            | {"lineStyle": style, "itemStyle": {"color": colour}, "z": 5 - place}
        )
        series += [_interval(row, _at(row["graded_night"]) + place * beside, colour) for row in points if _has(row)]
    return {
        "grid": GRID,
        "legend": {"top": 0, "left": 0, "data": list(lines)},
        "xAxis": {"type": "time", "minInterval": 86_400_000, "boundaryGap": ["6%", "6%"]}
        | {"axisLabel": {"formatter": "{d} {MMM} {yyyy}", **_ticks(nights)}},
        "yAxis": {"type": "value", "scale": True, "splitNumber": 4},
        "series": series,
    }


def _ticks(nights: Sequence[date]) -> dict[str, Any]:
    """Where few nights lie, each has its label."""
    return {"customValues": [_at(night) for night in nights]} if len(nights) <= 8 else {}


def _at(night: date) -> float:
    """A night on a time axis: milliseconds since 1970, UTC."""
    return datetime(night.year, night.month, night.day, tzinfo=UTC).timestamp() * 1000


def _has(row: Row) -> bool:
    return row["low"] is not None and row["low"] == row["low"]


def _interval(row: Row, x: float, colour: str) -> dict[str, Any]:
    """The interval of one point, as a thin line of its own."""
    return {
        "type": "line",
        "data": [[x, row["low"]], [x, row["high"]]],
        "symbol": "none",
        "silent": True,
        "lineStyle": {"color": colour, "width": 4, "opacity": 0.35},
        "z": 1,
    }


def bars(rows: Sequence[Row], name: str, value: str, *, digits: int = 0, unit: str = "") -> dict[str, Any]:
    """Horizontal bars, the first row on top."""
    data = [
        {"value": row[value], "tip": [str(row[name]), f"{figure(row[value], digits)} {unit}".strip()]} for row in rows
    ]
    return {
        "grid": {**GRID, "top": 4},
        "xAxis": {"type": "value", "splitNumber": 4},
        "yAxis": {"type": "category", "inverse": True, "data": [str(row[name]) for row in rows]}
        | {"axisLabel": {"width": 170, "overflow": "truncate"}},
        "series": [{"type": "bar", "data": data, "barMaxWidth": 14, "itemStyle": {"color": "@accent"}}],
    }


def over_time(series: Mapping[str, Sequence[tuple[Any, float]]], unit: str, *, stacked: bool = True) -> dict[str, Any]:
    """Bars over days or hours, one colour a name."""
    made = []
    for place, (name, points) in enumerate(series.items()):
        data = [
            {"value": [at.isoformat(), n], "tip": [name, f"{day(at)}{_hour(at)}: {n:,.0f} {unit}"]} for at, n in points
        ]
        made.append(
            {"type": "bar", "name": name, "data": data, "barMaxWidth": 18}
            | {"itemStyle": {"color": COLOURS[place % len(COLOURS)]}, **({"stack": "all"} if stacked else {})}
        )
    return {
        "grid": {**GRID, "top": 34 if len(made) > 1 else 12},
        "legend": {"top": 0, "left": 0, "show": len(made) > 1},
        "xAxis": {"type": "time", "axisLabel": {"formatter": "{d} {MMM}"}},
        "yAxis": {"type": "value", "splitNumber": 4},
        "series": made,
    }


def _hour(at: Any) -> str:
    return f", {at:%H:%M}" if isinstance(at, datetime) else ""


def scatter(points: Sequence[tuple[str, float, float, bool]], x: str, y: str) -> dict[str, Any]:
    """Named points of two figures; those that are set apart have the accent."""
    data = [
        {
            "value": [px, py],
            "name": name,
            "tip": [name, f"{x}: {figure(px)}", f"{y}: {figure(py)}"],
            "itemStyle": {"color": "@accent" if apart else "@third"},
            "symbolSize": 11 if apart else 8,
        }
        for name, px, py, apart in points
    ]
    label = {"show": True, "formatter": "{b}", "position": "right", "fontSize": 11.5, "color": "@quiet"}
    middle = {"type": "value", "scale": True, "nameLocation": "middle"}
    return {
        "grid": {"left": 30, "right": 110, "top": 12, "bottom": 26, "containLabel": True},
        "xAxis": {**middle, "name": x, "nameGap": 28},
        "yAxis": {**middle, "name": y, "nameGap": 44},
        "series": [{"type": "scatter", "data": data, "label": label, "labelLayout": {"hideOverlap": True}}],
    }


def reliability(rows: Sequence[Row]) -> dict[str, Any]:
    """Bins by their confidence and what was taken of them, beside the line on which both are one.

    Parameters
    ----------
    rows
        As `reliability.sql` gives them.
    """
    end = max(max(row["predicted"], row["observed"]) for row in rows) * 1.05 or 1.0
    data = [
        {
            "value": [row["predicted"], row["observed"]],
            "tip": [
                f"confidence {figure(row['predicted'])}",
                f"taken {figure(row['observed'])}",
                f"of {row['n_rows']:,} rows",
            ],
        }
        for row in rows
    ]
    axis = {"type": "value", "min": 0, "max": end, "nameLocation": "middle", "axisLabel": {"showMaxLabel": False}}
    line = {"type": "line", "data": [[0, 0], [end, end]], "symbol": "none", "silent": True}
    return {
        "grid": {"left": 30, "right": 16, "top": 12, "bottom": 26, "containLabel": True},
        "xAxis": {**axis, "name": "confidence", "nameGap": 28},
        "yAxis": {**axis, "name": "share taken", "nameGap": 44},
        "series": [
            {**line, "lineStyle": {"color": "@quiet", "width": 1}},
            {"type": "line", "data": data, "symbolSize": 7, "lineStyle": {"width": 1}, "color": "@accent"},
        ],
    }


def by_category(events: Sequence[Row], most: int = 9) -> dict[str, Any]:
    """Events over days by category, the most frequent on top, and all others together; larger where there are more.

    Parameters
    ----------
    events
        With `event_ts`, `category`, `title` and `item_id`.
    """
    numbers = Counter(row["category"] or "no category" for row in events)
    named = [name for name, _ in numbers.most_common(most)]
    places: dict[tuple[date, str], list[Row]] = {}
    for row in events:
        name = row["category"] or "no category"
        places.setdefault((row["event_ts"].date(), name if name in named else "others"), []).append(row)
    shown = [*named, "others"] if len(numbers) > most else named
    data = [
        {
            "value": [_at(on), shown.index(name)],
            "symbolSize": min(6 + 2.5 * (len(rows) - 1) ** 0.7, 22),
            "tip": [f"{day(on)}, {name}", *(str(row["title"] or row["item_id"]) for row in rows[:8])]
            + ([f"and {len(rows) - 8} more"] if len(rows) > 8 else []),
        }
        for (on, name), rows in places.items()
    ]
    return {
        "grid": {**GRID, "top": 6},
        "xAxis": {"type": "time", "boundaryGap": ["2%", "2%"], "splitNumber": 4}
        | {"axisLabel": {"formatter": "{d} {MMM} {yyyy}"}},
        "yAxis": {"type": "category", "inverse": True, "data": shown, "splitLine": {"show": True}}
        | {"axisLabel": {"width": 150, "overflow": "truncate", "hideOverlap": False, "interval": 0}},
        "series": [{"type": "scatter", "data": data, "itemStyle": {"color": "@accent", "opacity": 0.75}}],
    }


def forest(rows: Sequence[Row]) -> dict[str, Any]:
    """Differences with their intervals, one below another, and a line where there is none.

    Parameters
    ----------
    rows
        With `label`, `difference`, `low`, `high`, and `p_corrected` where differences were tested.
    """
    points = []
    lines: list[dict[str, Any]] = []
    for place, row in enumerate(rows):
        clear = row["low"] > 0 or row["high"] < 0
        colour = "@accent" if row["low"] > 0 else "@bad" if row["high"] < 0 else "@quiet"
        said = f"{figure(row['difference'], 4)}, 95% interval {figure(row['low'], 4)} to {figure(row['high'], 4)}"
        p = f"p {figure(row['p_corrected'], 4)}" if "p_corrected" in row else "by its interval"
        tip = [row["label"], said, f"{p}{'' if clear else ': no clear difference'}"]
        points.append({"value": [row["difference"], place], "tip": tip, "itemStyle": {"color": colour}})
        lines.append(
            {"type": "line", "data": [[row["low"], place], [row["high"], place]], "symbol": "none", "silent": True}
            | {"lineStyle": {"color": colour, "width": 2}}
        )
    return {
        "grid": {**GRID, "top": 6},
        "xAxis": {"type": "value", "splitNumber": 5},
        "yAxis": {"type": "category", "inverse": True, "data": [row["label"] for row in rows]}
        | {"axisLabel": {"interval": 0, "hideOverlap": False}},
        "series": [{"type": "scatter", "data": points, "symbolSize": 8, "z": 5}, *lines],
    }


def hours(rows: Sequence[Row]) -> dict[str, Any]:
    """Bars over the hours of a day, one colour a kind of event.

    Parameters
    ----------
    rows
        With `hour`, `event_type` and `n_events`.
    """
    kinds = sorted({row["event_type"] for row in rows})
    counted = {(row["event_type"], row["hour"]): row["n_events"] for row in rows}
    series = [
        {
            "type": "bar",
            "stack": "all",
            "name": kind,
            "itemStyle": {"color": COLOURS[place % len(COLOURS)]},
            "data": [
                {
                    "value": counted.get((kind, hour), 0),
                    "tip": [kind, f"{hour}:00: {counted.get((kind, hour), 0):,} events"],
                }
                for hour in range(24)
            ],
        }
        for place, kind in enumerate(kinds)
    ]
    return {
        "grid": {**GRID, "top": 34 if len(kinds) > 1 else 12},
        "legend": {"top": 0, "left": 0, "show": len(kinds) > 1},
        "xAxis": {"type": "category", "data": [str(hour) for hour in range(24)]},
        "yAxis": {"type": "value", "splitNumber": 4},
        "series": series,
    }
