"""The folder that releases are published in."""

from pathlib import Path

import pytest

from recsys_assets.storage.release.releases import Releases


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "shop")
