"""RAPL: the energy of the processor's packages and their memory, which Linux tells by files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge3dpose.errors import MissingDependency

FOLDER = Path("/sys/class/powercap")


@dataclass(frozen=True, slots=True)
class Zone:
    """One counter, in microjoules, that starts anew at its range."""

    name: str
    file: Path
    range_uj: int

    def read_uj(self) -> int:
        """What it stands at."""
        return int(self.file.read_text(encoding="utf-8"))


def open_meter(folder: Path = FOLDER) -> Rapl:
    """Packages and DRAM under a powercap folder; MissingDependency says why there is nothing."""
    # intel-rapl-mmio counts the same packages again, core and uncore are parts of them
    zones = [_zone(place) for place in sorted(folder.glob("intel-rapl:*")) if _counts(_text(place))]
    if not zones:
        raise MissingDependency(
            f"no RAPL package in {folder}: not Linux on x86, or a virtual machine without it"
        )
    try:
        return Rapl(zones)
    except PermissionError as error:
        raise MissingDependency(
            f"{error.filename} is not readable; sudo chmod -R a+r {folder}/intel-rapl*/"
        ) from None
    except (OSError, ValueError) as error:
        raise MissingDependency(f"RAPL in {folder} does not answer: {error}") from None


class Rapl:
    """The sum of some zones; to be read more often than the fastest of them starts anew."""

    name = "rapl"

    def __init__(self, zones: Sequence[Zone]) -> None:
        self.covers = ", ".join(zone.name for zone in zones)
        self._zones = zones
        self._last_uj = [zone.read_uj() for zone in zones]
        self._sum_uj = 0

    def read_j(self) -> float:
        """Joules since it was opened."""
        now_uj = [zone.read_uj() for zone in self._zones]
        for zone, last, now in zip(self._zones, self._last_uj, now_uj, strict=True):
            self._sum_uj += now - last if now >= last else now - last + zone.range_uj
        self._last_uj = now_uj
        return self._sum_uj / 1e6

    def close(self) -> None:
        """Nothing is held open."""


def _counts(name: str) -> bool:
    return name.startswith("package") or name == "dram"


def _zone(place: Path) -> Zone:
    name = _text(place)
    if name == "dram":  # a package's part, intel-rapl:0:2 of intel-rapl:0
        owner = place.with_name(place.name.rpartition(":")[0])
        name = f"{_text(owner)} dram"
    try:
        range_uj = int((place / "max_energy_range_uj").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        range_uj = 2**32
    return Zone(name, place / "energy_uj", range_uj)


def _text(place: Path) -> str:
    try:
        return (place / "name").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
