"""The README's picture: what `recsys` prints of a release, in a terminal drawn by a browser.

RECSYS_SCREENSHOTS=docs/images keeps it: of the demo's data, where it was built, else of the sample.
"""

import html
import os
import shlex
from pathlib import Path

import pytest

from recsys_assets.profile import data_folder
from tests.helpers.sample import PROJECT, Deployment
from tests.jobs import chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(chromium.find() is None, reason="needs Chromium: apt install chromium"),
]
COMMANDS = {
    "What household 109 may take next, and why": (
        'recsys query "select rank, title, reason_text from serving.recommend(109, k := 4)"'
    ),
    "What it never had": (
        "recsys query \"select rank, title, reason_text from serving.recommend(109, k := 4, task := 'discovery')\""
    ),
    "How good the lists of the week before turned out to be: NDCG@10 and its 95% interval": """recsys query "
  select task, algorithm, round(mean, 3) as ndcg_10, round(low, 3) as low, round(high, 3) as high
  from meta.grades where users = 'known' and metric = 'ndcg' and k = 10 and night = (select max(night) from meta.grades)
    and algorithm in ('published', 'repeat_purchase', 'user_knn', 'popularity')
  order by task desc, mean desc\"""",
}
TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #16181d; overflow: hidden; }
pre { margin: 0; padding: 18px 22px; display: inline-block; color: #d6d9df; }
pre { font: 14px/1.25 "DejaVu Sans Mono", monospace; }
b { color: #ffffff; }
i { color: #7fd18b; font-style: normal; }
</style><pre>%s</pre>"""
SIZE = "(box => [box.width, box.height])(document.querySelector('pre').getBoundingClientRect())"


@pytest.fixture
def deployment(request: pytest.FixtureRequest) -> Deployment:
    demo = Deployment(data_folder(), PROJECT / "data" / "profiles" / "complete_journey.toml")
    is_asked_for = "RECSYS_SCREENSHOTS" in os.environ and (demo.folder / "recsys.duckdb").exists()
    return demo if is_asked_for else request.getfixturevalue("built")


def test_the_picture_of_what_comes_out(deployment: Deployment, tmp_path: Path) -> None:
    parts = []
    for comment, command in COMMANDS.items():
        done = deployment.recsys(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
        parts.append(f"<i># {comment}\n$</i> <b>{html.escape(command)}</b>\n{html.escape(done.stdout)}")
    page_file = tmp_path / "terminal.html"
    page_file.write_text(TERMINAL % "\n".join(parts))
    with chromium.browser("file://", tmp_path / "browser") as page:
        text = page.open(str(page_file), "serving.recommend(109", "published", "popularity")
        width, height = page.run(SIZE)
        size = {"width": round(width), "height": round(height)}
        page.command("Emulation.setDeviceMetricsOverride", **size, deviceScaleFactor=1.5, mobile=False)
        page.picture("what_comes_out")
    assert text.count("┏") == len(COMMANDS)
