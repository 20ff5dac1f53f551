"""The doctor on this machine, and on machines with the faults it must name."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from edge3dpose import diagnostics, machine, nvidia, paths
from edge3dpose.cli import cli


def findings_of(command="doctor"):
    done = CliRunner().invoke(cli, [command, "--json"])
    assert done.exit_code == 0, done.output
    return {finding["subject"]: finding for finding in json.loads(done.output)}


def test_every_part_is_judged_and_every_lack_says_what_to_type():
    found = findings_of()
    assert {"Python", "OpenCV", "onnxruntime", "openvino", "NVIDIA driver", "engine cache"} <= set(
        found
    )
    assert found["OpenCV"]["state"] == found["onnxruntime"]["state"] == "ok"
    for finding in found.values():
        assert (finding["state"] == "ok") == (finding["fix"] == ""), finding


def test_the_table_is_text_with_a_line_a_part():
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 0
    assert "onnxruntime" in done.output
    assert "->" in done.output


def test_a_second_opencv_is_found_whatever_its_form(tmp_path):
    for name in ("wheel", "jetson", "none"):
        (tmp_path / name).mkdir()
    (tmp_path / "wheel" / "cv2").mkdir()
    (tmp_path / "jetson" / "cv2.cpython-310-aarch64-linux-gnu.so").touch()
    folders = [str(tmp_path / name) for name in ("wheel", "none", "jetson", "wheel")]
    assert diagnostics.folders_with_opencv(folders) == [tmp_path / "wheel", tmp_path / "jetson"]


def test_a_second_opencv_on_the_path_is_said(tmp_path):
    (tmp_path / "cv2.so").touch()
    code = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "from edge3dpose import diagnostics\n"
        "print([f.detail for f in diagnostics._opencv() if 'second' in f.subject])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert str(tmp_path) in done.stdout


def test_a_cache_that_cannot_be_written_is_a_warning(tmp_path, monkeypatch):
    blocked = tmp_path / "a-file"
    blocked.touch()
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(blocked / "below"))
    cache = findings_of()["engine cache"]
    assert cache["state"] == "warning"
    assert "EDGE3DPOSE_HOME" in cache["fix"]


def test_weights_that_do_not_match_their_card_are_a_warning(tmp_path, monkeypatch):
    (tmp_path / "sspnet.onnx").write_bytes(b"not what the card says")
    (tmp_path / "sspnet.json").write_text(json.dumps({"model": "sspnet", "sha256": "0" * 64}))
    monkeypatch.setattr(paths, "weights_file", lambda model: tmp_path / f"{model}.onnx")
    found = {finding.subject: finding for finding in diagnostics.findings()}
    assert found["weights sspnet"].state == "warning"
    assert "SHA-256" in found["weights sspnet"].detail
    assert "edge3dpose train" in found["weights sspnet-lite"].fix


def test_the_driver_is_asked_without_a_crash():
    driver = nvidia.probe()
    assert bool(driver.problem) != bool(driver.devices)


@pytest.mark.parametrize("gone", ["no_such_module", "no_such.module"])
def test_a_package_that_is_not_there_has_no_version(gone):
    assert machine.module_version(gone) is None


def test_versions_are_those_that_were_imported():
    import numpy
    import onnxruntime

    versions = machine.versions()
    assert versions["numpy"] == numpy.__version__
    assert versions["onnxruntime"] == onnxruntime.__version__


def test_the_machine_is_described_in_plain_json_values():
    facts = machine.describe()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["cores"] >= 1
    assert facts["processor"]


@pytest.mark.parametrize("tk", [True, False])
def test_windows_may_be_tks_where_opencv_has_none(monkeypatch, tk):
    monkeypatch.setattr(diagnostics, "_gui", lambda build: "")
    monkeypatch.setattr(diagnostics.importlib.util, "find_spec", lambda name: tk or None)
    (windows,) = [finding for finding in diagnostics._opencv() if finding.subject == "windows"]
    assert windows.state == ("ok" if tk else "missing")
    assert tk or "python3-tk" in windows.fix
