"""A small shop's server."""

import pytest

from tests.serving.small import publish, serving


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    root = tmp_path_factory.mktemp("serving") / "shop"
    publish(root)
    return root


@pytest.fixture(scope="module")
def ask(shop):
    with serving(shop) as client:
        yield client
