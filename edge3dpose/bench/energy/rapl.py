"""RAPL: the energy of the processor's packages and their memory, from the files of Linux."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge3dpose.bench.energy import EnergyPlugin, Meter
from edge3dpose.errors import MissingDependency

FOLDER = Path("/sys/class/powercap")


@dataclass(frozen=True, slots=True)
class Zone:
    """One counter in microjoules; it wraps to 0 at its range."""

    name: str
    file: Path
    range_uj: int

    def read_uj(self) -> int:
        """Its present value."""
        return int(self.file.read_text(encoding="utf-8"))


class ZoneSum(Meter):
    """The sum of zones; to be read more often than the fastest of them wraps."""

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


@dataclass(frozen=True, slots=True)
class Rapl(EnergyPlugin):
    """Needs Linux on x86 and the right to read its counters."""

    folder: Path = FOLDER
    name = "rapl"

    def open(self) -> ZoneSum:
        """Packages and DRAM of the powercap folder; MissingDependency says why there is nothing."""
        # intel-rapl-mmio counts the same packages again, core and uncore are parts of them
        places = sorted(self.folder.glob("intel-rapl:*"))
        zones = [_zone(place) for place in places if _counts(_text(place))]
        if not zones:
            raise MissingDependency(
                f"no RAPL package in {self.folder}: not Linux on x86, or a virtual machine "
                "without it"
            )
        try:
            return ZoneSum(zones)
        except PermissionError as error:
            raise MissingDependency(
                f"{error.filename} is not readable; sudo chmod -R a+r {self.folder}/intel-rapl*/"
            ) from None
        except (OSError, ValueError) as error:
            raise MissingDependency(f"RAPL in {self.folder} does not answer: {error}") from None


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


PLUGIN = Rapl()
