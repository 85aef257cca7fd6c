"""The lab's lists: what each algorithm would have shown one user, side by side."""

from __future__ import annotations

import json
from typing import Any

from recsys_serving.dashboard.formats import count, words
from recsys_serving.dashboard.page import Page, section, view
from recsys_serving.dashboard.parts import checks, column, field, form, html, link, message, submit, table
from recsys_serving.dashboard.views.lab import lab_head, task_of

Row = dict[str, Any]
PUBLISHED = "published"
_MOST = 5


async def listed_user(page: Page) -> tuple[str | None, list[Row]]:
    """The user that is asked for, else one of those of whom the release holds each algorithm's list; and those."""
    some = await page.ask("listed_users")
    given = page.query.get("user", "").strip()
    place = page.release.users.place_of_id(given) if given else None
    known = page.release.users[place].decode() if place is not None else None
    return known or (None if given else some[0]["user_id"] if some else None), some


async def algorithm_lists(page: Page, user_id: str, task: str) -> dict[str, list[str]]:
    """Items of each algorithm's list of a user, best first."""
    rows = await page.ask("algorithm_lists", user_id=user_id, task=task)
    return {row["algorithm"]: row["items"] for row in rows}


async def titles(page: Page, items: set[str]) -> dict[str, Row]:
    """Title, category and price of items, by id."""
    rows = await page.ask("titles", items=json.dumps(sorted(items)))
    return {row["item_id"]: row for row in rows}


def nobody(page: Page, path: str, some: list[Row]) -> None:
    """Say that the release holds no lists of a user, and of whom it does."""
    if not some:
        message("This release holds no lists of single algorithms: its profile leaves them out.")
        return
    message("The release holds the lists of single algorithms for a sample of users, and this one is not among them.")
    with html("p"):
        html("span", "It holds those of ")
        for row in some:
            link(row["user_id"], page.url(path, user=row["user_id"], task=page.query.get("task")))
            html("span", " · ")


@view("/lab/lists", "Lists side by side")
async def lab_lists(page: Page) -> None:
    """Show the lists."""
    task = task_of(page)
    lab_head(page, "Lists side by side", task)
    lists: dict[str, list[str]] = {}
    with section(""):
        user_id, some = await listed_user(page)
        lists = await algorithm_lists(page, user_id, task) if user_id else {}
        if user_id:
            served = await page.ask("user_lists", user_id=user_id, task=task)
            lists = {PUBLISHED: [row["item_id"] for row in served], **lists} if lists else {}
        asked = [name for name in page.query.getlist("a") if name in lists] or list(lists)[:4]
        with form("/lab/lists", {"night": page.night, "task": task}):
            field("User", "user", page.query.get("user", user_id or ""), hint="an id")
            submit("Show")
            checks(f"Lists, up to {_MOST}", "a", [(name, words(name)) for name in lists], asked)
        if not lists or user_id is None:
            nobody(page, "/lab/lists", some)
            return
    if not lists or user_id is None:
        return
    asked = asked[:_MOST]
    await _side_by_side(page, user_id, {name: lists[name] for name in asked})
    _overlap(lists, asked)


async def _side_by_side(page: Page, user_id: str, lists: dict[str, list[str]]) -> None:
    known = await titles(page, {item for items in lists.values() for item in items})
    numbers: dict[str, int] = {}
    for items in lists.values():
        for item in items:
            numbers[item] = numbers.get(item, 0) + 1
    common = sum(n == len(lists) for n in numbers.values())
    said = f"{count(common)} items stand in all {len(lists)} lists. Behind an item: how many others of them have it."
    rows = []
    for rank in range(max(map(len, lists.values()), default=0)):
        row: Row = {"rank": rank + 1}
        for name, items in lists.items():
            if rank < len(items):
                item = items[rank]
                row[name] = (known.get(item) or {}).get("title") or item
                row[f"{name} url"] = page.item_url(item)
                row[f"{name} also"] = f"+{numbers[item] - 1}" if numbers[item] > 1 else None
        rows.append(row)
    columns = [column("rank", "#", "count")]
    columns += [column(name, words(name), href=f"{name} url", beside=f"{name} also") for name in lists]
    with section(f"User {user_id}", said if len(lists) > 1 else "Tick another list to compare."):
        table(f"Lists of {user_id} side by side", columns, rows, empty="These lists are empty.", size=20)


def _overlap(lists: dict[str, list[str]], asked: list[str]) -> None:
    """The share of items that each list has in common with those that are shown (Jaccard)."""
    sets = {name: set(items) for name, items in lists.items()}
    rows = [
        {"label": words(name)} | {other: len(of & sets[other]) / max(len(of | sets[other]), 1) for other in asked}
        for name, of in sets.items()
    ]
    with section("Overlap", "Of all the items that two lists show, the share that both do (Jaccard)."):
        columns = [column("label", "List"), *(column(name, words(name), "bar") for name in asked)]
        table("Overlap of each list with those shown", columns, rows, empty="", size=30, bare=True)
