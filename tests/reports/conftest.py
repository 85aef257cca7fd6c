"""The deployment of three nights that all tests of this folder share."""

from tests.sample import built, pytest_collection_modifyitems

__all__ = ["built", "pytest_collection_modifyitems"]
