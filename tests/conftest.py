"""What every test may use: the slow marker, the sample's three nights, and the data sets beside the project."""

import os
from pathlib import Path

import pytest

from tests.helpers import sample
from tests.helpers.examples import SLOW

if "PYTEST_XDIST_WORKER" in os.environ:  # Workers share the cores, so threads of OpenMP would wait for one another.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Who comes first builds the sample, and who asks for it meanwhile waits: the other worker gets files that do not ask.
FIRST_FILES = (
    "tests/assets/test_rebuilding.py",
    "tests/storage/",
    "tests/test_docs.py",
    "tests/jobs/",
    "tests/checks/",
    "tests/assets/",
)
BUILDING_SECONDS = 600
"""For the test that happens to come first and so builds the nights, on a slow machine."""
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
SHARED_CASES = SHARED_DATA.with_name("cases")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--slow``."""
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_configure(config: pytest.Config) -> None:
    """Tell test files, before they are read, whether the slow tests run."""
    if config.getoption("--slow"):
        os.environ[SLOW] = "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first, so that no worker ends with one, and skip visibly what is slow unless asked for."""
    items.sort(key=place)
    for item in items:
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="slow: runs with --slow (make test-slow)"))
        if "built" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(BUILDING_SECONDS))


def place(item: pytest.Item) -> int:
    """Rank of a test's file among those that are begun first."""
    ranks = (rank for rank, start in enumerate(FIRST_FILES) if item.nodeid.startswith(start))
    return next(ranks, len(FIRST_FILES))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data sets beside the project; the test is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real data sets in ../shared/data")
    return SHARED_DATA


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Folder of small inputs that went wrong once, beside the project; the test is skipped where there is none."""
    if not SHARED_CASES.is_dir():
        pytest.skip("no small inputs in ../shared/cases")
    return SHARED_CASES


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> sample.Deployment:
    """The sample's three nights, built once for all workers of a session; leave them as they are, or `copy` them."""
    folder = tmp_path_factory.getbasetemp()
    return sample.build_once((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "sample")
