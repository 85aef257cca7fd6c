"""The graph of what is taken together, as a force layout that can be walked.

What belongs here: from pairs to ECharts' nodes and links.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = dict[str, Any]
_LONGEST = 26
_SERIES: dict[str, Any] = {
    "type": "graph",
    "layout": "force",
    "roam": True,
    "zoom": 0.75,
    "draggable": True,
    "scaleLimit": {"min": 0.4, "max": 6},
    "force": {"repulsion": 900, "edgeLength": [60, 190], "gravity": 0.16, "layoutAnimation": False},
    "label": {"position": "right", "fontSize": 11.5, "color": "@ink"},
    "labelLayout": {"hideOverlap": True},
    "emphasis": {"focus": "adjacency", "label": {"show": True}},
    "lineStyle": {"color": "@strong-line", "opacity": 0.8},
}


def graph(item_id: str, pairs: Sequence[Row], url: Callable[[str], str]) -> dict[str, Any]:
    """Options of the chart.

    Parameters
    ----------
    item_id
        The item in the middle.
    pairs
        As `co_purchase_graph.sql` gives them.
    url
        Address of an item's page, where a click leads.
    """
    titles: dict[str, str] = {}
    strength: dict[str, int] = {}
    near = set()
    for pair in pairs:
        for end, title in (("item_id", "title"), ("other_item_id", "other_title")):
            titles[pair[end]] = pair[title] or pair[end]
            strength[pair[end]] = strength.get(pair[end], 0) + pair["n_together"]
        if item_id in (pair["item_id"], pair["other_item_id"]):
            near |= {pair["item_id"], pair["other_item_id"]}
    most = max(strength.values(), default=1)
    nodes = [
        {
            "id": item,
            "name": item,
            "tip": [title, f"{item}; together {strength[item]:,} times with items shown here"],
            "url": url(item),
            "symbolSize": 30 if item == item_id else 8 + 16 * math.sqrt(strength[item] / most),
            "itemStyle": {"color": "@accent" if item == item_id else "@third" if item in near else "@strong-line"},
            "label": {"show": item in near or item == item_id, "data-text": _short(title)},
        }
        for item, title in titles.items()
    ]
    heaviest = max((pair["n_together"] for pair in pairs), default=1)
    links = [
        {
            "source": pair["item_id"],
            "target": pair["other_item_id"],
            "tip": [
                f"{titles[pair['item_id']]} and {titles[pair['other_item_id']]}",
                f"together {pair['n_together']:,} times, lift {pair['lift']:.1f}",
            ],
            "lineStyle": {"width": 0.6 + 4 * pair["n_together"] / heaviest},
        }
        for pair in pairs
    ]
    return {"series": [_SERIES | {"data": nodes, "links": links}]}


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST else title[: _LONGEST - 1] + "…"
