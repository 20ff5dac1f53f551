"""edge3dpose run from its options to its files, and every bad input as one line and exit code 1."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from standing import SPEC, unit_pose, write_weights

from edge3dpose.cli import cli
from edge3dpose.engine_types import EngineRequest, Weights
from edge3dpose.errors import BadInput
from edge3dpose.runtime.backends import openvino
from edge3dpose.runtime.governor import GovernedEngine
from edge3dpose.runtime.sources import open_source
from edge3dpose.selection import ladder as _latency
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import best_cut, resolve
from edge3dpose.selection.ladder import ladder, open_within_latency


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    """Weights that are never sure."""
    folder = tmp_path_factory.mktemp("blind")
    write_weights(folder, unit_pose(score=0.05))
    return folder


def run(place, *arguments):
    fixed = ["--weights", place / f"{SPEC.name}.onnx", "--engines", place / "engines"]
    words = ["run", *fixed, "--threads", 1, "--overwrite", *arguments]
    return CliRunner().invoke(cli, [str(word) for word in words])


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def refused(result):
    assert result.exit_code == 1, result.output
    last = result.output.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    return last


def test_the_sample_becomes_a_video_and_json_lines(place, tmp_path):
    jsonl, mp4 = tmp_path / "out.jsonl", tmp_path / "out.mp4"
    result = run(place, "--source", "sample", "--jsonl", jsonl, "--save", mp4, "--max-frames", 8)
    assert result.exit_code == 0, result.output
    head, *rest = lines(jsonl)
    assert head["schema"] == "edge3dpose.poses/1"
    assert (head["model"], head["cut"], head["precision"]) == (SPEC.name, 7, "fp32")
    assert (head["source"], head["live"]) == ("sample", False)
    assert head["camera"]["assumed"][0] == "60 degrees across the longer side"
    assert [line["frame"] for line in rest] == list(range(8))
    (person,) = rest[-1]["people"]
    assert np.shape(person["joints_mm"]) == (17, 3)
    assert person["joints_mm"][0] == [0, 0, 0]
    assert 1000 < person["root_mm"][2] < 5000
    capture = cv2.VideoCapture(str(mp4))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 8
    assert "8 frames, " in result.output
    assert " FPS, 0 dropped" in result.output
    assert "cut 7: the smallest error by the model card, 99.5 mm" in result.output
    assert "backend " in result.output


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_every_cpu_backend_and_a_named_cut(place, tmp_path, backend):
    out = tmp_path / "out.jsonl"
    result = run(
        place,
        *("--source", "sample", "--backend", backend, "--cut", 3, "--precision", "fp32"),
        *("--fov", 75, "--max-frames", 2, "--no-show", "--jsonl", out),
    )
    assert result.exit_code == 0, result.output
    head = lines(out)[0]
    assert (head["backend"], head["cut"]) == (backend, 3)
    assert head["camera"]["measured"] == ["75 degrees across the longer side (--fov)"]
    assert "backend " not in result.output  # nothing was chosen for the user


def test_in_a_mirror_too(place, tmp_path):
    out = tmp_path / "out.jsonl"
    words = ("--source", "sample", "--max-frames", 2, "--no-show", "--no-smooth", "--jsonl", out)
    assert run(place, *words).exit_code == 0
    (once, *_), seen = lines(out), lines(out)[1]["people"][0]["pixels"]
    result = run(place, *words, "--flip-test")
    assert result.exit_code == 0, result.output
    (twice, *_), both = lines(out), lines(out)[1]["people"][0]["pixels"]
    assert (once["flip_test"], twice["flip_test"]) == (False, True)
    # these weights say of any picture that one stands, both sides alike: so does the mirror image
    assert np.array(both) == pytest.approx(np.array(seen), abs=0.1)


def test_people_of_a_known_height_stand_where_their_bones_say(place, tmp_path):
    out = tmp_path / "out.jsonl"
    words = ("--source", "sample", "--max-frames", 1, "--no-show", "--jsonl", out)
    far_mm = {}
    for height in (100, 200):
        assert run(place, *words, "--height-cm", height).exit_code == 0
        head, line = lines(out)
        assert head["root_depth"] == f"by the bones of people of {height} cm"
        far_mm[height] = line["people"][0]["root_mm"][2]
    assert far_mm[200] == pytest.approx(2 * far_mm[100], rel=1e-3)
    result = run(place, *words, "--height-cm", 180, "--root-depth", "network")
    assert result.exit_code == 1
    assert "leave out --height-cm" in result.output


def test_with_nothing_asked_for_the_files_are_named_after_the_source(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(place, "--source", "sample", "--max-frames", 2)
    assert result.exit_code == 0, result.output
    found = {path.name for path in tmp_path.iterdir()}
    assert found == {"sample.poses.mp4", "sample.poses.jsonl"}


def test_a_folder_of_pictures_is_not_smoothed_and_names_them(place, tmp_path):
    capture = cv2.VideoCapture(str(sample_file()))
    image = capture.read()[1]
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "a.jpg"), image)
    cv2.imwrite(str(pictures / "b.png"), cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    cv2.imwrite(str(pictures / "c.png"), np.zeros((1, 1, 3), np.uint8))
    out = tmp_path / "out.jsonl"
    result = run(place, "--source", pictures, "--jsonl", out)
    assert result.exit_code == 0, result.output
    head, *rest = lines(out)
    assert head["smoothing"] is None
    assert [line["image"] for line in rest] == ["a.jpg", "b.png", "c.png"]
    assert [len(line["people"]) for line in rest] == [1, 1, 0]


def sample_file():
    from edge3dpose.runtime.sources import sample

    return sample.FILE


def test_nobody_in_the_whole_clip_is_an_error_and_the_files_are_there(blind, tmp_path):
    out = tmp_path / "out.jsonl"
    result = run(blind, "--source", "sample", "--max-frames", 2, "--jsonl", out)
    assert "nobody was found in any of 2 frames of sample" in refused(result)
    assert "head to hips" in refused(result)
    assert [line["people"] for line in lines(out)[1:]] == [[], []]
    zone = ("--roi", "0,0,20,20", "--min-height-px", 50)
    said = refused(run(blind, "--source", "sample", "--max-frames", 1, "--jsonl", out, *zone))
    assert "in the frame of sample; roi and min_height_px may leave everybody out" in said
    far = run(blind, "--source", "sample", "--jsonl", out, "--roi", "5000,0,6000,900")
    assert "lies outside of the frame" in refused(far)


def test_a_truncated_video_is_an_error_and_what_it_held_is_kept(place, tmp_path):
    whole, file, out = tmp_path / "whole.avi", tmp_path / "early.avi", tmp_path / "out.jsonl"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), 10, (128, 224))
    for frame in open_source(str(sample_file())):
        writer.write(cv2.resize(frame.image, (128, 224)))
    writer.release()
    file.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    result = run(place, "--source", file, "--jsonl", out, "--detector", "full-frame")
    assert "ends early: it is truncated" in refused(result)
    assert len(lines(out)) > 5


def test_bad_input_is_one_line(place, tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    lens = tmp_path / "lens.json"
    lens.write_text('{"focal_px": [500, 500], "centre_px": [320, 240], "size": [640, 480]}')
    out = tmp_path / "out.jsonl"
    for arguments, words in (
        (["--source", empty], "is empty"),
        (["--source", tmp_path / "gone.mp4"], "no file or folder"),
        (["--camera", 97], "cannot open camera 97"),
        (["--source", "sample", "--cut", 25], "no cut 25"),
        (["--source", "sample", "--cut", "3,4"], "wanted one cut"),
        (["--source", "sample", "--fov", 60, "--intrinsics", lens], "give one of them"),
        (["--source", "sample", "--intrinsics", lens, "--jsonl", out], "another shape"),
        (
            ["--source", "sample", "--intrinsics", lens, "--shape", lens, "--overwrite"],
            "lens.json is the file of --intrinsics itself",
        ),
        (["--source", "sample", "--save", tmp_path / "out.avi"], "ends in .mp4"),
        (["--source", "sample", "--jsonl", tmp_path / "no" / "out.jsonl"], "cannot write"),
        (["--source", "sample", "--max-latency-ms", 5, "--cut", 3], "has chosen it already"),
        (["--source", "sample", "--max-latency-ms", 5, "--mirror"], "calls the engine twice"),
        (["--source", "sample", "--model", "nothing"], "no model called"),
    ):
        assert words in refused(run(place, *arguments)), arguments
    assert not out.exists()


def test_a_source_is_asked_for_by_a_usage_error(place):
    for arguments in ([], ["--camera", 0, "--source", "sample"]):
        result = run(place, *arguments)
        assert result.exit_code == 2
        assert "give one of --camera N and --source" in result.output


def test_weights_that_were_changed_are_refused(tmp_path):
    file = write_weights(tmp_path, unit_pose())
    content = bytearray(file.read_bytes())
    content[-30] ^= 4
    file.write_bytes(content)
    assert "damaged or was swapped" in refused(run(tmp_path, "--source", "sample"))


@pytest.mark.skipif(not openvino.computes_bf16(), reason="this CPU does not compute in BF16")
def test_the_shipped_weights_run_in_bf16_where_the_cpu_does():
    wanted = {"cut": "auto", "precision": "auto", "backend": "openvino"}
    settled = resolve(EngineRequest(model=SPEC.name, weights=None, **wanted))
    assert settled.precision == "bf16"
    assert any("this CPU computes in it" in reason for reason in settled.why)


def test_a_cut_that_is_nearly_as_good_and_quicker_is_taken():
    def card(**errors):
        cuts = {cut.removeprefix("cut"): {"mpjpe_mm": mm} for cut, mm in errors.items()}
        return Weights(SPEC, Path("weights.onnx"), "0" * 64, {"cuts": cuts})

    assert best_cut(card(cut3=120.0, cut7=101.9, cut11=100.0, cut24=100.5))[0] == 7
    assert best_cut(card(cut3=120.0, cut7=102.1, cut11=100.0, cut24=99.9))[0] == 11
    assert best_cut(card()) == (24, "the last one, for the model card holds no error of any cut")


def test_a_latency_limit_chooses_a_cut_and_says_so(place, tmp_path):
    out = tmp_path / "out.jsonl"
    words = ("--source", "sample", "--max-frames", 1, "--jsonl", out)
    result = run(place, *words, "--max-latency-ms", 10_000)
    assert result.exit_code == 0, result.output
    assert "cut 7: the best that stays under 10000 ms here" in result.output
    assert "calls by cut: 7: " in result.output
    assert json.loads(out.read_text().splitlines()[1])["cut"] == 7  # every frame says it
    fixed = run(place, *words, "--max-latency-ms", 10_000, "--no-govern")
    assert "calls by cut" not in fixed.output
    assert "stays under 1e-06 ms" in refused(run(place, *words, "--max-latency-ms", 1e-6))


def test_cuts_are_tried_from_the_best_down(place):
    file = place / f"{SPEC.name}.onnx"
    settled = resolve(
        EngineRequest(
            model=SPEC.name, weights=file, cut="auto", precision="auto", backend="onnxruntime"
        )
    )
    assert settled.cut == 7
    assert ladder(settled) == [7, 3]


def test_under_a_limit_deeper_cuts_stay_open_to_climb_to(small_weights, tmp_path, monkeypatch):
    """One pass over the ladder: what is too slow now may be in time when the load has gone."""
    settled = resolve(
        EngineRequest(
            model=small_weights.spec.name,
            weights=small_weights.onnx,
            cut="auto",
            precision="fp32",
            backend="onnxruntime",
            threads=1,
        )
    )
    with pytest.raises(BadInput, match=r"cut 24 [\d.]+ ms, cut 1 [\d.]+ ms"):
        open_within_latency(settled, [24, 1], Budget(latency_ms=1e-6), tmp_path)
    took = {24: 4.0, 1: 1.0}
    monkeypatch.setattr(_latency, "_time", lambda opened, images: (took, took))
    budget = Budget(latency_ms=2.0)
    config, engine = open_within_latency(settled, [24, 1], budget, tmp_path)
    assert (config.cut, engine.last_cut, engine.cuts) == (1, 1, (1, 24))
    engine.close()
    budget = Budget(latency_ms=2.0, govern=False)
    config, engine = open_within_latency(settled, [24, 1], budget, tmp_path)
    assert config.cut == 1
    assert not isinstance(engine, GovernedEngine)
    assert engine(np.zeros((1, 3, 256, 256), np.float32)).shape == (1, 17, 4)
    engine.close()


def test_without_measured_errors_the_last_cut_is_taken(blind):
    settled = resolve(
        EngineRequest(
            model=SPEC.name,
            weights=blind / f"{SPEC.name}.onnx",
            cut="auto",
            precision="fp32",
            backend="onnxruntime",
        )
    )
    assert settled.cut == SPEC.cuts
    assert best_cut(settled.weights)[1].startswith("the last one")
    with pytest.raises(BadInput, match="--threads"):
        resolve(
            EngineRequest(
                model=SPEC.name,
                weights=blind / f"{SPEC.name}.onnx",
                cut="1",
                precision="fp16",
                backend="tensorrt-rtx",
                threads=2,
            )
        )


FOUND = """
import sys
from pathlib import Path
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.engine_types import EngineRequest
request = EngineRequest("sspnet-lite", Path(sys.argv[1]), "3", "fp32", "openvino")
open_engine(resolve(request), Path(sys.argv[2])).close()
print("onnx" in sys.modules)
"""


def test_an_engine_that_is_there_is_opened_without_the_compiler(tmp_path):
    words = [sys.executable, "-c", FOUND, write_weights(tmp_path, unit_pose()), tmp_path / "built"]
    said = [
        subprocess.run(words, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    assert said == ["True\n", "False\n"]


def test_a_broken_video_leaves_one_line_on_stderr(tmp_path):
    """In a process of its own: what FFmpeg and OpenCV write goes past Python."""
    file = tmp_path / "broken.mp4"
    file.write_bytes(sample_file().read_bytes()[:2000])
    weights = write_weights(tmp_path, unit_pose())
    code = "from edge3dpose.cli import main; main()"
    words = ["run", "--source", file, "--weights", weights]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "400"},
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    assert "is no video that FFmpeg can read" in line
