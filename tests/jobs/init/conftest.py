"""Looking at files that a test writes."""

import gzip
from pathlib import Path

import duckdb
import pytest

from tests.jobs.init.proposal import Proposal


@pytest.fixture
def propose(tmp_path):
    """Write a file and look at it; text, or rows of a Parquet file as a query."""
    (tmp_path / "sql").mkdir()

    def proposed(content, name="purchases.csv", **options):
        path = tmp_path / name
        if name.endswith(".parquet"):
            with duckdb.connect() as con:
                con.execute(f"set timezone = 'UTC'; copy ({content}) to '{path}' (format parquet)")
        elif name.endswith(".gz"):
            path.write_bytes(gzip.compress(content.encode()))
        else:
            path.write_text(content)
        return Proposal(path, tmp_path / "sql", **options)

    return proposed


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Folder of small inputs that once went wrong, beside the project; the test is skipped where there is none."""
    folder = Path(__file__).parents[4] / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip("no inputs in ../shared/cases")
    return folder
