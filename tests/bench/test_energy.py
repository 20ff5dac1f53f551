"""Counters of energy on folders as Linux lays them out, and on powers that are known."""

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge3dpose.bench import energy
from edge3dpose.bench.energy import jtop, nvml, rapl
from edge3dpose.errors import MissingDependency


def zone(folder, place, name, energy_uj, range_uj=1000_000_000):
    made = folder / place
    made.mkdir(parents=True)
    (made / "name").write_text(f"{name}\n")
    (made / "energy_uj").write_text(f"{energy_uj}\n")
    (made / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return made / "energy_uj"


@pytest.fixture
def powercap(tmp_path):
    """Two sockets with memory; a part of one and a second view of it, which must not count."""
    counters = {
        "one": zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000),
        "memory": zone(tmp_path, "intel-rapl:0:1", "dram", 100),
        "two": zone(tmp_path, "intel-rapl:1", "package-1", 7),
    }
    for place, name in (
        *(("intel-rapl:0:0", "core"), ("intel-rapl-mmio:0", "package-0")),
        *(("intel-rapl:2", "psys"), ("dtpm", "")),
    ):
        zone(tmp_path, place, name, 1)
    return tmp_path, counters


def test_rapl_adds_packages_and_memory_and_counts_nothing_twice(powercap):
    folder, counters = powercap
    meter = rapl.Rapl(folder).open()
    assert meter.covers == "package-0, package-0 dram, package-1"
    assert meter.read_j() == 0
    counters["one"].write_text("8000000")
    counters["memory"].write_text("500100")
    for part in ("intel-rapl:0:0", "intel-rapl-mmio:0", "intel-rapl:2"):
        (folder / part / "energy_uj").write_text("999999")
    assert meter.read_j() == pytest.approx(3.5)
    counters["two"].write_text("250007")
    assert meter.read_j() == pytest.approx(3.75)


def test_a_counter_that_starts_anew_goes_on(tmp_path):
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 900, range_uj=1000)
    meter = rapl.Rapl(tmp_path).open()
    counter.write_text("100")
    assert meter.read_j() == pytest.approx(200e-6)
    counter.write_text("50")
    assert meter.read_j() == pytest.approx(1150e-6)


def test_why_there_is_no_rapl_is_said(tmp_path):
    with pytest.raises(MissingDependency, match="no RAPL package"):
        rapl.Rapl(tmp_path / "none").open()
    zone(tmp_path, "intel-rapl:0", "package-0", "not a number")
    with pytest.raises(MissingDependency, match="does not answer"):
        rapl.Rapl(tmp_path).open()


@pytest.mark.skipif(os.name != "posix", reason="users are POSIX")
def test_a_counter_for_root_alone_says_how_to_open_it():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        zone(folder, "intel-rapl:0", "package-0", 1).chmod(0o400 if os.geteuid() == 0 else 0)
        with as_a_user(), pytest.raises(MissingDependency, match=r"readable; sudo chmod -R a\+r"):
            rapl.Rapl(folder).open()


@contextlib.contextmanager
def as_a_user():
    """Root may read everything: be somebody else."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_energy_spent_is_told_by_meter(powercap):
    folder, counters = powercap
    meter = rapl.Rapl(folder).open()
    counters["one"].write_text("6000000")  # before the lines that are measured
    with energy.spent([meter]) as joules:
        counters["one"].write_text("6250000")
    assert joules == {"rapl": pytest.approx(0.25)}
    with energy.spent([]) as joules:
        pass
    assert joules == {}


def test_a_power_is_added_up_over_time_also_while_nobody_asks():
    power, closed = [10.0], []
    meter = jtop.PowerIntegral(lambda: power[0], lambda: closed.append(1))
    start = time.perf_counter()
    time.sleep(0.3)
    power[0] = 0.0
    time.sleep(0.3)
    joules, seconds = meter.read_j(), time.perf_counter() - start
    meter.close()
    meter.close()
    assert closed == [1]
    # 10 W for half of the time; the reading at the change is a tenth of a second coarse
    assert joules == pytest.approx(10 * seconds / 2, abs=1.6)


def test_every_counter_that_is_not_there_says_why():
    meters, lacking = energy.open_meters()
    assert {meter.name for meter in meters} | set(lacking) == {"jtop", "nvml", "rapl"}
    assert all(reason for reason in lacking.values())
    for meter in meters:
        meter.close()


class NVMLError(Exception):
    """As pynvml's."""


def fake_nvml(energies_mj, *, init_error=None):
    """pynvml for a machine with one GPU, whose counter gives these values and then fails."""
    values = iter(energies_mj)

    def init():
        if init_error:
            raise NVMLError(init_error)

    def energy_mj(handle):
        try:
            return next(values)
        except StopIteration:
            raise NVMLError("GPU is lost") from None

    closed = []
    return SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=init,
        nvmlShutdown=lambda: closed.append(1),
        nvmlDeviceGetHandleByIndex=lambda index: f"gpu {index}",
        nvmlDeviceGetName=lambda handle: "H100",
        nvmlDeviceGetTotalEnergyConsumption=energy_mj,
        closed=closed,
    )


def test_nvml_gives_joules_since_it_was_opened_and_keeps_the_last_of_a_lost_gpu(monkeypatch):
    library = fake_nvml([5_000_000, 5_001_500, 5_004_000])
    monkeypatch.setitem(sys.modules, "pynvml", library)
    meter = nvml.PLUGIN.open()
    assert meter.covers == "H100, the whole card"
    assert [meter.read_j() for _ in range(3)] == [1.5, 4.0, 4.0]
    meter.close()
    meter.close()
    assert library.closed == [1]


def test_why_there_is_no_nvml_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MissingDependency, match=r"pip install 'edge3dpose\[energy\]'"):
        nvml.PLUGIN.open()
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml([], init_error="Library Not Found"))
    with pytest.raises(MissingDependency, match="no NVIDIA driver answers: Library Not Found"):
        nvml.PLUGIN.open()
    old = fake_nvml([])
    monkeypatch.setitem(sys.modules, "pynvml", old)
    with pytest.raises(MissingDependency, match="has no energy counter"):
        nvml.PLUGIN.open()
    assert old.closed == [1]
