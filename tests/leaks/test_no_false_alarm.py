"""What does not leak is let through: ten nights on two profiles, every check and every audit."""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.leaks import shop
from tests.leaks.harness import Deployment, copy_project

N_NIGHTS = 10
INVOICES = """\
source = "online_retail"
first_night = 2010-12-08
last_night = 2010-12-31
horizon = 3
rrf_k = 2

[[deliveries]]
table = "lines"
files = "*.csv*"

[event_weights]
purchase = 1.0

[algorithms.popularity]
[algorithms.buy_again]
[algorithms.item_knn]
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7_200)]


def ten_nights_pass(deployment: Deployment, files: Path, land: tuple[str, ...], first: date) -> None:
    nights = [first + timedelta(days=n) for n in range(N_NIGHTS)]
    audits = [f"audit future --night {night}" for night in nights]
    checks = [f"check --select tag:leakage --night {night}" for night in nights]
    done = deployment.run(*land, *(f"night {night}" for night in nights), *checks, *audits, files=files)
    assert not done.failed, done.message[-3000:]
    assert not re.search(r"^ *[0-9]+ of [0-9]+ (WARN|ERROR) .*$", done.output, re.MULTILINE)
    assert len(re.findall(r"is future-blind", done.output)) == N_NIGHTS
    assert done.published.startswith(str(nights[-1]))


def test_ten_nights_of_a_shop_where_everything_happens(tmp_path: Path):
    deployment = Deployment(tmp_path / "data", copy_project(tmp_path / "project"))
    deployment.data.mkdir()
    shop.write_files(tmp_path / "files")
    ten_nights_pass(deployment, tmp_path / "files", shop.LAND, date(2017, 10, 24))


def test_ten_nights_of_invoices_and_their_cancellations(tmp_path: Path, shared_data: Path):
    deployment = Deployment(tmp_path / "data", copy_project(tmp_path / "project"), "invoices")
    deployment.data.mkdir()
    (deployment.project / "data" / "profiles" / "invoices.toml").write_text(INVOICES)
    (tmp_path / "files").mkdir()
    for file in (shared_data / "online_retail").glob("2010-12-*.csv.gz"):
        shutil.copy(file, tmp_path / "files")
    ten_nights_pass(deployment, tmp_path / "files", ("land --history .",), date(2010, 12, 8))
