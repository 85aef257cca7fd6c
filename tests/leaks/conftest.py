"""The deployment that every leak is tried on a copy of, and the table of what caught which."""

from pathlib import Path

import pytest

from tests.leaks.harness import Deployment, make_base
from tests.leaks.shop import write_files


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the corner shop's files."""
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Deployment:
    """The corner shop, built by the project as it is; leave it as it is."""
    return make_base(tmp_path_factory.mktemp("corner_shop"), files)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print leak x what caught it, as Markdown."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    called = [report for report in reports if getattr(report, "when", "") == "call"]
    rows = [value for report in called for name, value in report.user_properties if name == "leak"]
    if rows:
        terminalreporter.write_sep("-", "leak x what caught it")
        terminalreporter.write_line("\n".join(["| leak | caught by | name |", "| --- | --- | --- |", *rows]))
