"""What every test may use: the slow marker, and the data sets that lie beside the project."""

import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores: OpenMP's threads would wait for one another there
    os.environ.setdefault("OMP_NUM_THREADS", "1")

LONG_FILES = ("tests/test_docs.py", "tests/crash/", "tests/jobs/test_backtest.py", "tests/assets/", "tests/checks/")
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--slow``."""
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files first, so that no worker ends with one; skip the tests marked slow, visibly, unless asked for."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FILES))
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow: runs with --slow (make test-slow)"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data sets beside the project; the test is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real data sets in ../shared/data")
    return SHARED_DATA
