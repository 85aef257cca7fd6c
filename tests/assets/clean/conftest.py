"""The shop whose nights are written."""

from pathlib import Path

import pytest

from tests.helpers.shop import Shop, stocked


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose product table has landed, with two soups."""
    return stocked(tmp_path, monkeypatch)
