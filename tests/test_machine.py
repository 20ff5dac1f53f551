"""Facts of the machine; clocks are read from a folder laid out as Linux does it."""

import subprocess
import sys

import pytest

from edge3dpose import machine
from edge3dpose.runtime import backends


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def test_clocks_governor_and_heat_are_read_as_far_as_the_system_tells(tmp_path):
    cpu = tmp_path / "devices" / "system" / "cpu"
    for n, khz in enumerate((3_600_000, 800_000)):
        write(cpu / "cpufreq" / f"policy{n}" / "scaling_cur_freq", khz)
        write(cpu / "cpufreq" / f"policy{n}" / "cpuinfo_max_freq", 4_200_000)
        write(cpu / "cpufreq" / f"policy{n}" / "scaling_governor", "powersave")
    write(cpu / "intel_pstate" / "no_turbo", 1)
    write(tmp_path / "firmware" / "acpi" / "platform_profile", "low-power")
    write(tmp_path / "class" / "thermal" / "thermal_zone0" / "type", "x86_pkg_temp")
    write(tmp_path / "class" / "thermal" / "thermal_zone0" / "temp", 61500)
    write(tmp_path / "class" / "thermal" / "thermal_zone1" / "type", "broken")
    told = machine.clocks(tmp_path)
    told.pop("gpu", None)  # of a machine that has one
    assert told == {
        "cpu_mhz": [3600, 800],
        "cpu_max_mhz": [4200, 4200],
        "governor": ["powersave"],
        "boost": False,
        "power_mode": "low-power",
        "celsius": {"x86_pkg_temp": 61.5},
    }


def test_a_system_without_these_files_has_the_frequencies_of_cpuinfo(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\ncpu MHz\t\t: 2599.998\nprocessor : 1\ncpu MHz : 2600.4\n")
    told = machine.clocks(tmp_path, cpuinfo)
    assert told["cpu_mhz"] == [2600, 2600]
    assert "governor" not in told
    assert "cpu_mhz" not in machine.clocks(tmp_path, tmp_path / "gone")


def test_the_header_of_a_report_names_its_schema_the_commit_and_the_machine(tmp_path):
    header = machine.report_header("speed")
    assert header["schema"] == "edge3dpose.speed/1"
    assert header["machine"]["cores"] == machine.usable_cores() >= 1
    assert machine.commit(tmp_path) is None


def test_lower_priority_is_five_steps_of_nice():
    code = (
        "import psutil\nfrom edge3dpose import machine\nbefore = psutil.Process().nice()\n"
        "machine.lower_priority()\nprint(before, psutil.Process().nice())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after == min(19, before + 5)


@pytest.mark.parametrize(
    ("processor", "flags", "exact"),
    [
        ("x86_64", ["avx2"], False),
        ("AMD64", [], False),  # Windows tells no instructions
        ("x86_64", ["avx2", "avx_vnni"], True),
        ("x86_64", ["avx512f", "avx512_vnni"], True),
        ("aarch64", ["asimd"], True),
    ],
)
def test_openvino_gets_weights_of_7_bits_where_products_would_overflow(
    monkeypatch, processor, flags, exact
):
    monkeypatch.setattr(machine.platform, "machine", lambda: processor)
    monkeypatch.setattr(machine, "instruction_sets", lambda: flags)
    assert machine.multiplies_int8_exactly() == exact
    assert backends.find("openvino").int8_weight_bits() == (8 if exact else 7)
    assert backends.find("onnxruntime").int8_weight_bits() == 8
