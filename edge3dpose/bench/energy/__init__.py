"""What a run costs in joules: the counters that a machine offers, each a choice of this room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from edge3dpose import plugins
from edge3dpose.errors import MissingDependency


class Meter(Protocol):
    """A counter of energy. It counts what it covers, whoever used it."""

    name: str  # its file in this room
    covers: str  # "package-0, dram"

    def read_j(self) -> float:
        """Joules since it was opened; never less than before."""
        ...

    def close(self) -> None:
        """Stop counting; a second call does nothing."""
        ...


def open_meters() -> tuple[list[Meter], dict[str, str]]:
    """The counters of this machine, and of each that it lacks why."""
    meters: list[Meter] = []
    lacking: dict[str, str] = {}
    for name in plugins.names("bench.energy"):
        try:
            meters.append(plugins.load("bench.energy", name).open_meter())
        except MissingDependency as error:
            lacking[name] = str(error)
    return meters, lacking


@contextmanager
def spent(meters: Sequence[Meter]) -> Iterator[dict[str, float]]:
    """Joules by meter of the lines inside; the dict is filled when they have ended."""
    joules: dict[str, float] = {}
    before = [meter.read_j() for meter in meters]
    yield joules
    for meter, start_j in zip(meters, before, strict=True):
        joules[meter.name] = meter.read_j() - start_j
