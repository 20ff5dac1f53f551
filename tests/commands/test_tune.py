"""edge3dpose tune on real engines, and run choosing from what it stored."""

import contextlib
import json
import socketserver
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import cv2
import pytest
from click.testing import CliRunner
from standing import CUTS, SPEC

from edge3dpose import manifest
from edge3dpose.cli import cli
from edge3dpose.engine_types import EngineRequest
from edge3dpose.runtime.sources import sample
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.select import select_from_profile


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where profiles go; a folder of its own for what a run writes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def command(place, name, *arguments):
    fixed = ["--weights", place / f"{SPEC.name}.onnx", "--engines", place / "engines"]
    words = [name, *fixed, "--threads", 1, *arguments]
    return CliRunner().invoke(cli, [str(word) for word in words])


def tune(place, *arguments):
    wanted = ("--cut", "3,7,16", "--precision", "fp32", "--rounds", 1, "--calls", 3, *arguments)
    done = command(place, "tune", *wanted)
    assert done.exit_code == 0, done.output
    return done.output


def run(place, *arguments):
    return command(place, "run", "--source", "sample", "--max-frames", 2, "--no-show", *arguments)


def edit(home, change):
    """Rewrite the points of the one profile, as if they had been measured so."""
    (file,) = (home / "profiles").iterdir()
    content = json.loads(file.read_text())
    for point in content["points"]:
        change(point)
    file.write_text(json.dumps(content))


def slow(point):
    """The deeper, the slower, and int8 a little quicker."""
    point["p50_ms"] = point["cut"] * 1.0
    point["p90_ms"] = point["cut"] * 1.1


def refused(result):
    assert result.exit_code == 1, result.output
    return result.output.strip().splitlines()[-1]


def test_every_engine_is_measured_and_stored_with_its_distance_from_fp32(place, home):
    said = tune(place, "--backend", "openvino,onnxruntime")
    (file,) = (home / "profiles").iterdir()
    assert f"wrote {file}" in said.replace("\n", "")
    content = json.loads(file.read_text())
    assert content["identity"]["threads"] == 1
    assert 0 < content["around_ms"] < 1000
    points = content["points"]
    assert [(p["backend"], p["cut"]) for p in points] == [
        *(("openvino", 3), ("openvino", 7), ("openvino", 16)),
        *(("onnxruntime", 3), ("onnxruntime", 7), ("onnxruntime", 16)),
    ]
    built = {manifest.read(engine).key for engine in (place / "engines").glob("*.onnx")}
    assert {p["key"] for p in points} <= built
    for point in points:
        assert 0 < point["p50_ms"] <= point["p90_ms"]
        assert point["deviation_mm"] == 0.0
    assert "* " in said
    assert "99.5" in said
    assert "Pareto front: no engine is both faster and better" in said


def test_what_auto_cannot_have_is_left_out_and_what_was_asked_for_is_an_error(place, home):
    said = tune(place, "--precision", "auto", "--backend", "openvino", "--cut", "3")
    assert "left out: INT8 for sspnet-lite needs ranges" in said
    done = command(place, "tune", "--precision", "int8", "--backend", "openvino")
    assert "INT8 for sspnet-lite needs ranges" in refused(done)
    assert "wanted auto or some of" in refused(command(place, "tune", "--precision", "fp8"))


def test_run_takes_the_best_in_time_from_the_profile_and_times_nothing(place, home, tmp_path):
    tune(place, "--backend", "openvino,onnxruntime")
    edit(home, slow)
    out = tmp_path / "out.jsonl"
    for limit, cut in ((8, 7), (4, 3), (1000, 7)):
        done = run(place, "--max-latency-ms", limit, "--jsonl", out)
        assert done.exit_code == 0, done.output
        assert f"the least error within {limit} ms: {CUTS[str(cut)]['mpjpe_mm']} mm" in done.output
        assert "stays under" not in done.output
        assert json.loads(out.read_text().splitlines()[0])["cut"] == cut
        assert f"calls by cut: {cut}: " in done.output
    only = run(place, "--max-latency-ms", 8, "--backend", "onnxruntime", "--jsonl", out)
    assert json.loads(out.read_text().splitlines()[0])["backend"] == "onnxruntime"
    assert "cut 7, fp32, onnxruntime: " in only.output
    assert "the quickest, cut 3" in refused(run(place, "--max-latency-ms", 1))


def test_run_takes_the_quickest_within_an_error(place, home, tmp_path):
    out = tmp_path / "out.jsonl"
    for limit, cut in ((100, 7), (110, 7), (130, 3)):  # by the card: shallower is quicker
        done = run(place, "--max-error-mm", limit, "--jsonl", out)
        assert done.exit_code == 0, done.output
        assert f"cut {cut}: the shallowest whose error is at most {limit} mm" in done.output
        assert "edge3dpose tune would know" in done.output
    assert "the best by the model card is cut 7, 99.5 mm" in refused(
        run(place, "--max-error-mm", 9)
    )
    tune(place, "--backend", "openvino")
    edit(home, lambda point: point.update(p90_ms=30.0 - point["cut"]))  # the deepest the quickest
    done = run(place, "--max-error-mm", 110, "--jsonl", out)
    assert "cut 16, fp32, openvino: the quickest within 110 mm: 101.0 mm" in done.output
    assert "the best, cut 7, fp32, openvino, has 99.5 mm" in refused(
        run(place, "--max-error-mm", 9)
    )
    assert "has chosen it already" in refused(run(place, "--max-error-mm", 9, "--cut", 3))


def test_both_limits_hold_or_the_nearest_are_named(place, home):
    timed = run(place, "--max-latency-ms", 1e4, "--max-error-mm", 110)
    assert "cut 7: the best that stays under 10000 ms here (cut 7 " in timed.output
    assert "cut 3 " not in timed.output  # 120 mm: not even looked at
    tune(place, "--backend", "openvino")
    edit(home, slow)
    both = run(place, "--max-latency-ms", 8, "--max-error-mm", 110)
    assert "the least error within 8 ms and 110 mm: 99.5 mm" in both.output
    last = refused(run(place, "--max-latency-ms", 4, "--max-error-mm", 110))
    assert "within both 4 ms and 110 mm: in time the best is cut 3" in last
    assert "cut 7, fp32, openvino needs 7.7 ms for 99.5 mm" in last


def test_what_was_measured_otherwise_is_left_out_and_timed_now(place, home):
    tune(place, "--backend", "openvino")
    edit(home, lambda point: point.update(backend_version="0.1"))
    done = run(place, "--max-latency-ms", 1e4)
    assert done.exit_code == 0, done.output
    assert "fp32 on openvino is left out: it was measured with version 0.1, here is " in done.output
    assert "cut 7: the best that stays under 10000 ms here" in done.output
    tune(place, "--backend", "openvino")
    edit(home, lambda point: point.update(key="0" * 64))
    assert "would be built otherwise now" in run(place, "--max-latency-ms", 1e4).output
    other = run(place, "--max-latency-ms", 1e4, "--threads", 2)
    assert "no profile fits: the profile of " in other.output
    assert "differs in threads: 1 there, 2 here; measure again: edge3dpose tune" in other.output
    missing = run(place, "--max-latency-ms", 1e4, "--backend", "onnxruntime")
    assert "the profile has no such engine" in missing.output


def test_under_load_no_cut_stands_in_that_is_farther_off_than_allowed(place, home):
    tune(place, "--backend", "openvino")
    edit(home, slow)
    weights = place / f"{SPEC.name}.onnx"
    request = EngineRequest(SPEC.name, weights, threads=1)
    config = resolve(request)
    asked = Budget(latency_ms=8.0)
    picked, _ = select_from_profile(request, config, asked)
    assert (picked.limit_ms, picked.quiet_ms) == (8.0, {7: 7.0, 3: 3.0})
    picked, _ = select_from_profile(request, config, replace(asked, error_mm=110.0))
    assert picked.quiet_ms == {7: 7.0}


class Camera(BaseHTTPRequestHandler):
    """A network camera that shows the sample's first frame, 25 times a second."""

    jpeg = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self.jpeg)}\r\n\r\n"
        with contextlib.suppress(OSError):
            for _ in range(400):
                self.wfile.write(head.encode() + self.jpeg + b"\r\n")
                time.sleep(0.04)

    def log_message(self, *args):
        pass


@pytest.fixture
def camera():
    image = cv2.VideoCapture(str(sample.FILE)).read()[1]
    Camera.jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/camera.mjpg"
        server.shutdown()


def test_a_live_sources_frame_period_chooses_the_cut(place, home, camera, tmp_path):
    live = ("--source", camera, "--max-frames", 2, "--jsonl", tmp_path / "out.jsonl")
    assert "cut 7: the smallest error by the model card" in command(place, "run", *live).output
    tune(place, "--backend", "openvino")
    (file,) = (home / "profiles").iterdir()
    file.write_text(json.dumps(json.loads(file.read_text()) | {"around_ms": 4.0}))
    edit(home, lambda point: point.update(p90_ms={3: 5.0, 7: 60.0, 16: 20.0}[point["cut"]]))
    done = command(place, "run", *live)
    assert done.exit_code == 0, done.output
    assert "cut 16, fp32, openvino: the least error that keeps up with 25 frames" in done.output
    assert "40.0 ms less 4.0 ms for the stages around the engine: 101.0 mm" in done.output
    edit(home, lambda point: point.update(p90_ms=60.0))
    done = command(place, "run", *live)
    assert "stays under 36 ms: the quickest, cut 7, fp32, openvino, takes 60.0" in done.output
    assert "frames will be dropped" in done.output
    assert "cut 7: the smallest error by the model card" in done.output
