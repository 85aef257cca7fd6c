"""What the sample's nights are held against, for all tests of this folder."""

import pytest

from tests.assets.purchases import Purchases, read_purchases
from tests.helpers import sample


@pytest.fixture(scope="session")
def purchases(built: sample.Deployment) -> Purchases:
    return read_purchases(built)


@pytest.fixture(scope="session")
def keys(built: sample.Deployment) -> tuple[dict[int, str], dict[int, str]]:
    """Ids as delivered by surrogate key, as of the last night: users, items."""
    return ids(built, "user"), ids(built, "item")


def ids(built: sample.Deployment, kind: str) -> dict[int, str]:
    partitions = built.lake.partitions(f"clean.{kind}_keys", sample.NIGHTS[-1])
    rows = [row for p in partitions for row in built.rows(p.table, p.night, f"{kind}_key, {kind}_id")]
    return dict(rows)
