"""Fixtures of all tests: a small network. And the order of the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge3dpose.engine_types import Weights

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch loads: two processes share the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    # hundreds of tests start the program: it would compile its files each time
    folder = Path(__file__).parent.parent / ".pytest_cache" / "bytecode"
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


@pytest.fixture(scope="session")
def small_weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """A network like SSP-Net with few channels, as a weights file with its card."""
    import small_net

    return small_net.write(tmp_path_factory.mktemp("small"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the attacks of tests/attack go on, and whether tests that take minutes are run."""
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")
    parser.addoption("--soak", type=int, default=300, help="frames of the long runs")
    parser.addoption("--attack", type=int, default=400, help="damaged files before the loaders")
    parser.addoption("--attack-seed", type=int, default=1, help="another one damages otherwise")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of long tests come first, so that both processes of pytest-xdist end together."""
    first = ("tests/training/", "tests/compiler/", "tests/commands/")
    items.sort(key=lambda item: not item.nodeid.startswith(first))
    config = items[0].config if items else None
    if config is None or config.getoption("--slow") or "slow" in config.getoption("-m"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with --slow"))
