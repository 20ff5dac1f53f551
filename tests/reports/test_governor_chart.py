"""benchmarks/governor.py on a small network: real engines, a real busy process, the picture."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_governor_at_work_becomes_a_report_and_a_picture(small_weights, tmp_path):
    report, picture = tmp_path / "governor.json", tmp_path / "governor.png"
    words = ["--weights", small_weights.onnx, "--engines", tmp_path, "--threads", 1]
    words += ["--phase-s", 1, "--fps", 20, "--load", 1, "--report", report, "--plot", picture]
    script = ROOT / "benchmarks" / "governor.py"
    done = subprocess.run(
        [sys.executable, script, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["schema"] == "edge3dpose.governor/1"
    assert told["slowed"] == [[1.0, 2.0]]
    assert told["cuts"][0] == 1
    assert told["cuts"][-1] == 24
    assert {call["cut"] for call in told["calls"]} <= set(told["cuts"])
    for name in ("calls", "calls_of_one_cut"):
        times = [call["time_s"] for call in told[name]]
        assert times == sorted(times)
        assert 2.0 < times[-1] < 4.0
        phases = told["phases"][name]
        assert [phase["phase"] for phase in phases] == ["quiet", "under load", "quiet again"]
        assert sum(phase["calls"] for phase in phases) == len(times)
        assert all(0 <= phase["in_time"] <= 1 for phase in phases)
    assert len({call["cut"] for call in told["calls_of_one_cut"]}) == 1
    assert picture.read_bytes().startswith(b"\x89PNG")
