"""Fixtures of all tests: a small network. And the order of the files."""

from __future__ import annotations

import pytest

from edge3dpose.engine_types import Weights


@pytest.fixture(scope="session")
def small_weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """A network like SSP-Net with few channels, as a weights file with its card."""
    import small_net

    return small_net.write(tmp_path_factory.mktemp("small"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of long tests come first, so that both processes of pytest-xdist end together."""
    first = ("tests/training/", "tests/compiler/", "tests/commands/")
    items.sort(key=lambda item: not item.nodeid.startswith(first))
