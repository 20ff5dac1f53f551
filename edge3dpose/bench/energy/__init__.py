"""Energy counters: the joules that a run costs. Each file declares ``PLUGIN``, an ``EnergyPlugin``.

``open_meters()`` opens the counters that this machine has and says why it lacks the others.
Importing a plugin loads no library of a vendor; opening it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from edge3dpose import plugins
from edge3dpose.errors import MissingDependency

FOLDER = "bench.energy"


class Meter:
    """A running counter of energy: base class. It counts all that its hardware uses."""

    name: str = ""  # of its plugin
    covers: str = ""  # the hardware: "package-0, dram"

    def read_j(self) -> float:
        """Joules since it was opened; never less than before."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop counting; a second call does nothing."""


class EnergyPlugin:
    """A kind of energy counter: base class."""

    name: str = ""

    def open(self) -> Meter:
        """The counter of this machine; MissingDependency says why there is none."""
        raise NotImplementedError


def open_meters() -> tuple[list[Meter], dict[str, str]]:
    """The counters of this machine, and for each one that it lacks the reason."""
    meters: list[Meter] = []
    lacking: dict[str, str] = {}
    known: list[EnergyPlugin] = plugins.find_all(FOLDER, EnergyPlugin)
    for plugin in known:
        try:
            meters.append(plugin.open())
        except MissingDependency as error:
            lacking[plugin.name] = str(error)
    return meters, lacking


@contextmanager
def spent(meters: Sequence[Meter]) -> Iterator[dict[str, float]]:
    """Yields a dict that holds, after the block, the joules it took by the meters' names."""
    joules: dict[str, float] = {}
    before = [meter.read_j() for meter in meters]
    yield joules
    for meter, start_j in zip(meters, before, strict=True):
        joules[meter.name] = meter.read_j() - start_j
