"""The pages in a browser: the graph, assets with their rows, columns, origins and plots, a run, the partition dialogue.

RECSYS_SCREENSHOTS=docs/images keeps pictures of what is seen there: of the demo's data, where it was built, else of the
sample.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from recsys_assets.profile import data_folder
from recsys_assets.storage.landing.database import Landed, Landing
from recsys_jobs.run import report_landing
from tests.helpers.sample import PROJECT, Deployment
from tests.jobs import chromium
from tests.jobs.chromium import Page, browser
from tests.jobs.pages import dagster_dev, one_night, runs, several_nights, wait

SHOW = """
[...document.querySelectorAll('tr')].find(row => row.innerText.trim().startsWith('%s'))
  .querySelectorAll('*').values().find(part => part.innerText === '[Show Markdown]' && !part.children.length).click()
"""

HOLD_BACK = """
(() => {
  const send = window.fetch;
  window.heldBack = [];
  window.fetch = (address, request) => {
    if (!request || !String(request.body).includes('mutation')) return send(address, request);
    window.heldBack.push(String(request.body));
    return new Promise(() => {});
  };
})()
"""
WIDEN_STEPS = """
(() => {
  const buttons = [...document.querySelectorAll('button')];
  buttons[buttons.findIndex(button => button.innerText.startsWith('Re-execute all')) - 1].click();
})()
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore:Using variable_values:DeprecationWarning"),
    pytest.mark.skipif(chromium.find() is None, reason="needs Chromium: apt install chromium"),
]


@pytest.fixture(scope="module")
def deployment(built: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    demo = Deployment(data_folder(), PROJECT / "data" / "profiles" / "complete_journey.toml")
    if "RECSYS_SCREENSHOTS" in os.environ and (demo.folder / "recsys.duckdb").exists():
        return demo
    copied = built.copy(tmp_path_factory.mktemp("ui") / "data")
    with copied.active():
        files = Landing(copied.profile).files().to_pylist()
        report_landing([Landed(file["name"], file["raw_table"], "landed") for file in files])
    return copied


@pytest.fixture(scope="module")
def port(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with dagster_dev(deployment, tmp_path_factory.mktemp("log") / "dagster.log", daemon=False) as served_port:
        yield served_port


@pytest.fixture(scope="module")
def page(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("browser")) as opened_page:
        yield opened_page


def n_rows(deployment: Deployment, table: str) -> str:
    """Rows of the newest partition of a table, as the pages write them."""
    partition = deployment.lake.partitions(table)[-1]
    with duckdb.connect() as con:
        return f"{con.execute('select count(*) from read_parquet($1)', [str(partition.path)]).fetchall()[0][0]:,}"


def test_the_graph_has_a_group_for_each_stage(page):
    page.open("/asset-groups", "raw", "clean", "features", "models", "candidates", "grades", "fusion", "rerankers")
    page.click("rerankers", -1)  # This clicks its box in the graph.
    page.see("examples", "champions")  # Dagster draws what the window holds: others of the group lie beside it.
    page.picture("graph")


def test_a_table_shows_rows_columns_and_where_they_come_from(page, deployment):
    page.open(
        "/assets/features/user_item",
        str(deployment.profile.demo_nights[-1]),
        n_rows(deployment, "features.user_item"),
        'days since the last time over the usual gap, so 1 means "about now"',
        "from clean.events: event_ts, item_key, user_key",
    )
    links = page.run("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert "/assets/clean/events" in links
    assert "/assets/clean/item_keys" in links
    page.scroll_to("Columns")
    page.picture("columns")


def test_a_table_shows_a_few_of_its_rows(page, deployment):
    page.open("/assets/features/user_category", "Row count", "Sample")
    cells = page.run("[...document.querySelectorAll('td td')].map(cell => cell.textContent)")
    (night,) = deployment.profile.demo_nights[-1:]
    first = deployment.rows("features.user_category", night)[0]
    assert [str(value) for value in first[:4]] == cells[:4]


def test_grades_are_drawn_over_nights(page):
    page.open("/assets/grades/summary", "NDCG@10 over nights")
    page.scroll_to("Metadata")
    page.run(SHOW % "NDCG@10 over nights")  # The table of grades has such a button, too, where it is long.
    page.see("Close")
    drawn = (
        "[...document.querySelectorAll('img')].filter(i => i.src.startsWith('data:image/png')).map(i => i.naturalWidth)"
    )
    assert max(page.run(drawn)) > 500
    page.picture("plot")


def test_a_raw_table_shows_what_was_rejected(page):
    page.open("/assets/raw/transactions", "rows_rejected", "household_id", "quantity is not above zero")


def test_a_model_shows_its_settings(page):
    assert "factors" in page.open("/assets/models/als", "settings", "regularization")


def test_a_run_shows_how_it_went(page, port, deployment):
    night = str(deployment.profile.demo_nights[-1])
    run = next(run for run in runs(port, pipelineName="nightly") if run["tags"]["dagster/partition"] == night)
    page.open(f"/runs/{run['id']}", "Success", f"partition: {night}", "RUN_SUCCESS", " assets ", " checks ")
    page.run(WIDEN_STEPS)
    page.see("Succeeded (")
    page.picture("run")


@pytest.mark.parametrize("n_nights", [1, 3])
def test_the_dialogue_sends_what_the_tests_send(page, port, deployment, n_nights):
    """What test_dagster_dev.py launches is what a person's click launches: here it is held back and looked at."""
    nights = deployment.profile.demo_nights[-n_nights:]
    page.open("/locations/recsys/jobs/nightly/partitions", "Missing partitions")
    page.run(HOLD_BACK)
    page.click("Materialize…")
    page.see("Partition selection")
    page.type("input[placeholder^='ex: ']", ", ".join(map(str, nights)))
    text = page.see(f"{n_nights} partition")
    if n_nights == 1:
        page.picture("dialogue")
    page.click([line for line in text.splitlines() if line.startswith("Launch ")][-1], -1)
    wait(lambda: page.run("window.heldBack.length"), 60, "nothing was sent")
    (sent,) = json.loads(page.run("window.heldBack[0]"))["variables"].values()
    given = one_night(port, "nightly", nights[0]) if n_nights == 1 else several_nights(port, "nightly", nights)
    assert in_order(sent) == in_order(given)


def in_order(value: Any) -> Any:
    """The same with all lists sorted: the order of assets, checks and tags says nothing."""
    if isinstance(value, dict):
        return {key: in_order(part) for key, part in value.items()}
    if isinstance(value, list):
        return sorted((in_order(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
    return value
