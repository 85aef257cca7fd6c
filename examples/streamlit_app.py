"""A page of one's own on the API of `recsys serve`, in Streamlit: the lists of a user, and what goes with an item.

Start the API (`recsys serve`), then this: `pip install streamlit`, `streamlit run examples/streamlit_app.py`. The API
is asked at RECSYS_API (http://127.0.0.1:8000 without), with the key RECSYS_API_KEY where it wants one.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import streamlit as st

API = os.environ.get("RECSYS_API", "http://127.0.0.1:8000")


def ask(path: str, body: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
    """An answer of the API; what went wrong is said on the page, which ends there."""
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get("RECSYS_API_KEY"):
        headers["Authorization"] = f"Bearer {key}"
    request = Request(  # noqa: S310  # The address is whoever's who runs the page.
        f"{API}{path}?{urlencode(query)}", json.dumps(body).encode() if body else None, headers
    )
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found
    except HTTPError as error:
        st.error(json.load(error)["detail"])
    except URLError as error:
        st.error(f"{API} does not answer ({error.reason}). Start it: recsys serve")
    st.stop()


def show(items: list[dict[str, Any]], *columns: str) -> None:
    """A table of items; titles are data, never markup."""
    if not items:
        st.info("Nothing here.")
        return
    rows = [{name: item.get(name) for name in ("title", "item_id", *columns)} for item in items]
    score = st.column_config.ProgressColumn("score", min_value=0.0, max_value=1.0, format="%.3f")
    st.dataframe(rows, hide_index=True, column_config={"score": score} if "reason_text" in columns else None)


def user_page() -> None:
    """The lists of one user, with reasons."""
    user = st.text_input("User", placeholder="an id, as delivered")
    if not user:
        st.info("Type a user's id. One that nobody knows gets what is trending.")
        return
    tasks = st.segmented_control("Task", ["next", "discovery"], default="next")
    k = st.slider("How many", 1, 50, 10)
    found = ask("/v1/recommendations", {"user": user, "task": tasks or "next", "k": k})
    who = "is known" if found["known"] else "is not known, and gets what is trending"
    st.caption(f"Night {found['night']}. This user {who}.")
    show(found["items"], "category", "price", "score", "reason_text")


def item_page() -> None:
    """Search for an item, then see what goes with it."""
    text = st.text_input("Item", placeholder="part of a title, or an id")
    if not text:
        st.caption("What is trending:")
        show(ask("/v1/trending", k=10)["items"], "category", "price")
        return
    items = {item["item_id"]: item for item in ask("/v1/search", q=text, k=20)["items"]}
    if not items:
        st.info("No title or id holds that.")
        return
    chosen = st.selectbox("Which one", list(items), format_func=lambda i: f"{items[i]['title'] or 'no title'} ({i})")
    show(ask(f"/v1/items/{quote(chosen, safe='')}/similar", k=10)["items"], "category", "price", "score")


st.set_page_config("Recommendations", layout="wide")
st.title("Recommendations")
users, things = st.tabs(["Users", "Items"])
with users:
    user_page()
with things:
    item_page()
