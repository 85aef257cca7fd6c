"""A small shop's server."""

import socket

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


@pytest.fixture
def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
