"""A server with its dashboard, of two releases."""

import pytest

from tests.serving.dashboard.releases import dashboard, publish_two
from tests.serving.small import Client


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    root = tmp_path_factory.mktemp("dashboard") / "shop"
    publish_two(root)
    return root


@pytest.fixture(scope="session")
def ask(shop):
    with dashboard(shop) as port:
        yield Client(port)
