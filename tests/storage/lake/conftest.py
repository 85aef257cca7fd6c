"""The lake that is written and read."""

from pathlib import Path

import pytest

from recsys_assets.storage.lake.lake import Lake
from tests.storage.lakes import make_profile


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """An empty lake."""
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path / "data"))
    return Lake(make_profile())
