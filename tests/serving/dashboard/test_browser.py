"""The dashboard in a browser: every view draws, is text where it shows text, and can be used without a mouse.

RECSYS_SCREENSHOTS=docs/images keeps pictures of some: of the demo's data, where it was built, else of made-up releases.
"""

import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

from recsys_assets.profile import data_folder
from tests.jobs import chromium
from tests.jobs.chromium import Page, browser
from tests.serving import small
from tests.serving.dashboard.releases import TITLES, dashboard, publish

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(chromium.find() is None, reason="needs Chromium: apt install chromium"),
]
VIEWS = (
    "/",
    "/users",
    "/users/u1",
    "/users/u1?with=u2",
    "/users/nobody",
    "/items",
    "/items/i1",
    "/items/nope",
    "/lab",
    "/lab/lists?user=u1",
    "/lab/fusion?user=u1",
    "/lab/policies",
    "/newcomers",
    "/data",
)
WATCH = """
window.wrong = [];
addEventListener("error", (event) => wrong.push(`error: ${event.message}`));
addEventListener("unhandledrejection", (event) => wrong.push(`rejected: ${event.reason}`));
document.addEventListener("securitypolicyviolation", (event) => wrong.push(`policy: ${event.blockedURI}`));
for (const level of ["error", "warn"]) {
  const say = console[level];
  console[level] = (...said) => { wrong.push(`${level}: ${said.map(String).join(" ")}`); say(...said); };
}
"""
ELSEWHERE = "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin))"


@contextmanager
def watching(port, folder):
    """A browser that keeps what went wrong on each page in ``window.wrong``."""
    with browser(f"http://127.0.0.1:{port}", folder) as page:
        page.command("Page.enable")
        page.command("Emulation.setScrollbarsHidden", hidden=True)
        page.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        yield page


@pytest.fixture(scope="module")
def page(ask, tmp_path_factory):
    with watching(ask.port, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The script of axe-core, fetched with npm."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm, which fetches axe-core")
    folder = tmp_path_factory.mktemp("axe")
    fetch = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "axe-core@4"]
    if subprocess.run(fetch, capture_output=True, timeout=300).returncode:
        pytest.skip("needs axe-core, which npm could not fetch")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


def show(page: Page, path, width=1440, theme="light", *, height=900):
    """Open a page as wide, and in a theme, and wait until it is drawn."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    page.command("Emulation.setDeviceMetricsOverride", **size)
    page.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
    page.command("Page.navigate", url=page.base + path)
    until(page, "document.querySelector('.content h1') && document.readyState === 'complete'")
    charts = "[...document.querySelectorAll('.chart')].every(chart => chart.querySelector('canvas'))"
    until(page, charts)
    time.sleep(0.3)


def until(page: Page, script, seconds=60):
    deadline = time.monotonic() + seconds
    while not page.run(f"!!({script})"):
        assert time.monotonic() < deadline, f"{script} is not true of {page.run('location.href')}:\n{page.text}"
        time.sleep(0.1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_view_draws(page, width, theme):
    for path in VIEWS:
        show(page, path, width, theme)
        assert page.run("wrong") == [], path
        assert page.run("document.documentElement.scrollWidth") <= width, path
        assert page.run("document.documentElement.dataset.theme") == theme
        assert page.run(ELSEWHERE) == [], f"{path} asks another server"


def test_a_history_stands_beside_both_lists_and_above_them_where_there_is_no_room(page):
    boxes = """Object.fromEntries([...document.querySelectorAll('.content h2')].map(title => {
        const box = title.parentElement.getBoundingClientRect();
        return [title.innerText, {left: box.left, right: box.right, top: box.top, bottom: box.bottom}];
    }))"""
    show(page, "/users/u1")
    found = page.run(boxes)
    history, events = found["History"], found["Events, newest first"]
    lists = [found["Recommended: next"], found["Recommended: discovery"]]
    assert [each["left"] >= history["right"] for each in lists] == [True, True]
    assert lists[0]["top"] == history["top"]
    assert events["top"] >= history["bottom"]
    assert events["top"] < lists[0]["bottom"]
    show(page, "/users/u1", 390)
    found = page.run(boxes)
    order = ["History", "Recommended: next", "Recommended: discovery", "Events, newest first"]
    assert sorted(order, key=lambda title: found[title]["top"]) == order
    assert {found[title]["left"] for title in order} == {16}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, axe, theme):
    for path in VIEWS:
        show(page, path, theme=theme)
        if path == "/users/u1":
            page.run("document.querySelector('.rt-open button').click()")
        page.run(f"{axe}; 0")
        found = page.run("axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations))")
        serious = [each for each in json.loads(found) if each["impact"] in ("serious", "critical")]
        assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == [], path


def test_nothing_delivered_is_taken_for_markup(page):
    for path in ("/", "/users/u1", "/items", "/items/i1", "/items/i3", "/lab/lists?user=u1", "/newcomers", "/data"):
        show(page, path)
        assert page.run("document.title") != "taken"
        assert page.run("document.querySelectorAll('.content img, .content b, .content i:not([style]), u').length") == 0
    for item, title in enumerate(TITLES, 1):
        show(page, f"/items/i{item}")
        assert page.run("document.querySelector('h1').textContent") == title
        assert page.run("document.title") == f"{title} · recsys".replace("  ", " ")
    show(page, "/users/u1")
    assert "goes with <b>" in page.text


def test_a_tooltip_is_text(page):
    show(page, "/items/i1")
    box = page.run(
        "(b => [b.x + b.width / 2, b.y + b.height / 2])(document.querySelector('.chart').getBoundingClientRect())"
    )
    for dx in range(-200, 201, 10):
        for dy in range(-150, 151, 30):
            page.command("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + dx, y=box[1] + dy)
        if "together" in page.run("document.querySelector('.chart').textContent"):
            break
    assert "together" in page.run("document.querySelector('.chart').textContent")
    assert page.run("document.querySelectorAll('.chart img').length") == 0
    assert page.run("document.title") != "taken"


def test_a_table_is_searched_sorted_turned_and_opened(page):
    rows = "[...document.querySelectorAll('.grid .rt')[0].querySelectorAll('tbody tr')].map(r => r.innerText)"
    show(page, "/users/u1")
    assert len(page.run(rows)) == 20
    page.type(".grid .rt-search input", "item 1")
    until(page, f"({rows}).length < 20 && ({rows}).every(row => row.includes('Item 1'))")
    assert "of 20 rows" in page.run("document.querySelector('.grid .rt-said').innerText")
    page.type(".grid .rt-search input", "")
    page.run("document.querySelectorAll('.grid th button')[2].click()")
    until(page, "document.querySelectorAll('.grid th')[2].ariaSort === 'descending'")
    prices = (
        "[...document.querySelectorAll('.grid .rt')[0].querySelectorAll('tbody tr')].map(r => r.cells[2].innerText)"
    )
    sorted_prices = [float(price) for price in page.run(prices) if price != "–"]
    assert sorted_prices == sorted(sorted_prices, reverse=True)
    page.run("document.querySelector('.rt-open button').click()")
    page.see("Proposed by, at rank", "The user's events")
    show(page, "/data")
    pages = "document.querySelector('.rt-pages').innerText"
    assert "1 of 3" in page.run(pages)
    page.click("Next", 0)
    until(page, f"({pages}).includes('2 of 3')")


def test_weights_of_the_fusion_change_list_and_grades_at_once(page):
    show(page, "/lab/fusion?user=u1")
    first = "document.querySelector('tbody tr').innerText"
    graded = "[...document.querySelectorAll('p')].find(p => p.innerText.startsWith('NDCG@10')).innerText"
    before = page.run(first), page.run(graded)
    until(page, "window.socket?.connected")
    move = "(box => { box.value = %s; box.dispatchEvent(new Event('change', {bubbles: true})) })(%s)"
    page.run(move % ("0", "document.querySelectorAll('.sliders input')[0]"))
    until(page, f"({graded}) !== {json.dumps(before[1])} && ({first}) !== {json.dumps(before[0])}")
    after = page.run(graded)
    assert "w_ease=0&" in page.run("location.search") + "&"
    show(page, page.run("location.pathname + location.search"))
    assert page.run(graded) == after
    assert page.run("wrong") == []


def test_theme_and_night_are_chosen(page):
    show(page, "/items/i1", theme="dark")
    theme = "document.documentElement.dataset.theme"
    page.run("document.querySelector('#theme').click()")
    assert page.run(theme) == "light"
    show(page, "/data", theme="dark")
    assert page.run(theme) == "light"
    page.run("document.querySelector('#theme').click(); document.querySelector('#theme').click()")
    assert page.run(theme) == "dark"
    choose = "(box => { box.selectedIndex = 1; box.dispatchEvent(new Event('change', {bubbles: true})) })"
    page.run(f"{choose}(document.querySelector('#night'))")
    until(page, "location.search === '?night=2017-10-24' && document.querySelector('h1')")
    assert page.run("document.querySelector('#night').value") == "2017-10-24"
    assert page.run("document.querySelector('.top nav a').getAttribute('href')") == "/?night=2017-10-24"


def test_it_can_be_used_with_keys_alone(page):
    show(page, "/users/u1")
    press(page, "Tab")
    assert page.run("document.activeElement.innerText") == "Skip to the content"
    press(page, "Enter")
    until(page, "document.activeElement.id === 'content'")
    seen = []
    for _ in range(40):
        press(page, "Tab")
        seen.append(page.run("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"))
        if str(seen[-1]).startswith("Why"):
            break
    assert str(seen[-1]).startswith("Why: Item"), seen
    outline = page.run("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    press(page, "Enter")
    page.see("Proposed by, at rank")
    assert page.run("document.activeElement.getAttribute('aria-expanded')") == "true"


def press(page: Page, key):
    code = {"Tab": 9, "Enter": 13}[key]
    text = {"text": "\r"} if key == "Enter" else {}
    for event in ("keyDown", "keyUp"):
        page.command("Input.dispatchKeyEvent", type=event, key=key, code=key, windowsVirtualKeyCode=code, **text)


@pytest.mark.parametrize("kind", ["one user and one item", "no grades", "of an earlier version"])
def test_every_view_draws_whatever_the_release_holds(tmp_path, kind):
    root = tmp_path / "shop"
    if kind == "one user and one item":
        publish(root, n_users=1, n_items=1)
    elif kind == "no grades":
        publish(root, graded=False)
    else:
        small.publish(root)
    with dashboard(root) as port, watching(port, tmp_path / "browser") as page:
        for path in VIEWS:
            show(page, path)
            assert page.run("wrong") == [], path


def test_with_many_users_every_view_is_there_soon(tmp_path):
    root = tmp_path / "shop"
    publish(root, n_users=100_000, n_items=20_000, depth=10)
    with dashboard(root) as port, watching(port, tmp_path / "browser") as page:
        for path in VIEWS:
            began = time.monotonic()
            show(page, path)
            assert time.monotonic() - began < 15, path  # A busy machine gets some time; docs/dashboard.md has figures.
            assert page.run("wrong") == [], path
            assert "took too long" not in page.text, path


def test_the_first_paint_comes_soon(shop, tmp_path):
    """Prints it for each view (pytest -s), the first of a new server in a new browser: of the demo, if there is one."""
    demo = data_folder() / "complete_journey"
    is_demo = (demo / "recsys.duckdb").exists()
    user, item = ("900", "1082185") if is_demo else ("u1", "i1")
    views = ("/", "/users", f"/users/{user}", "/items", f"/items/{item}", "/lab", "/newcomers", "/data", "/")
    painted = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    with dashboard(demo if is_demo else shop) as port, watching(port, tmp_path / "browser") as page:
        for path in views:
            page.command("Page.navigate", url=page.base + path)
            until(page, f"document.querySelector('.content h1') && {painted}")
            milliseconds = page.run(painted)
            print(f"{path}: first paint after {milliseconds:.0f} ms")
            assert milliseconds < 10_000  # A machine may be busy; docs/dashboard.md has figures.


def test_pictures(page, tmp_path):
    """Keeps them where RECSYS_SCREENSHOTS says; the views of these have been looked at above."""
    demo = data_folder() / "complete_journey"
    if "RECSYS_SCREENSHOTS" not in os.environ or not (demo / "recsys.duckdb").exists():
        pytest.skip("RECSYS_SCREENSHOTS names no folder, or the demo has not been built")
    shown = {
        "dashboard_overview": ("/", "light", 1060),
        "dashboard_user": ("/users/900?against=2017-10-31", "light", 1000),
        "dashboard_item": ("/items/1082185", "dark", 980),
        "dashboard_lab": ("/lab", "light", 1050),
    }
    with dashboard(demo) as port, watching(port, tmp_path / "browser") as page:
        for name, (path, theme, height) in shown.items():
            show(page, path, 1280, theme, height=height)
            if path.startswith("/users"):
                page.run("document.querySelectorAll('.rt-open button')[0].click()")
            if path == "/lab":
                page.scroll_to("Over nights: NDCG@10")
            page.picture(name)
