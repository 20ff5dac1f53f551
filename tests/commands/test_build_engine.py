"""build-engine, calibrate and models as a user types them."""

import json
import re

import pytest
from click.testing import CliRunner

from edge3dpose import manifest
from edge3dpose.cli import cli


@pytest.fixture
def say(small_weights, tmp_path, monkeypatch):
    """Run a command with the small network and a home of its own: exit code, text."""
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words: str) -> tuple[int, str]:
        options = ["--model", "sspnet-lite", "--weights", str(small_weights.onnx)]
        done = CliRunner().invoke(cli, [words[0], *options, *words[1:]])
        return done.exit_code, done.output

    return run


def test_engines_are_built_once_reported_and_explained(say, tmp_path):
    what = ["build-engine", "--cut", "1,3", "--precision", "fp32", "--backend", "onnxruntime"]
    code, text = say(*what, "--explain")
    assert code == 0
    assert text.count("would be built") == 2
    assert not (tmp_path / "engines").exists()
    code, text = say(*what, "--report", str(tmp_path / "r.json"))
    assert code == 0, text
    assert text.count("built") >= 2
    assert "because no engine of this model" in text
    content = json.loads((tmp_path / "r.json").read_text())
    assert [row["cut"] for row in content["engines"]] == [1, 3]
    assert all(row["size_bytes"] > 1000 and row["seconds"] > 0 for row in content["engines"])
    assert content["machine"]
    assert content["schema"] == "edge3dpose.build/1"
    code, text = say(*what)
    assert text.count("cached") == 2
    assert "built nothing: it has every key field" in text
    code, text = say(*what, "--explain")
    assert text.count("would be used") == 2
    code, text = say(*what, "--force")
    assert "cached" not in text
    assert "because --force" in text


def test_int8_wants_calibrate_and_takes_its_ranges(say, tmp_path):
    what = ["build-engine", "--cut", "1", "--precision", "int8", "--backend", "onnxruntime"]
    code, text = say(*what)
    assert code == 1
    command = re.search(r"run: edge3dpose (calibrate --model \S+ --source) FOLDER", text)
    assert command, text
    code, text = say("calibrate", "--source", "sample", "--frames", "8")
    assert code == 0, text
    assert (tmp_path / "calibration" / "sspnet-lite.ranges.json").is_file()
    code, text = say(*what)
    assert code == 0, text
    (engine,) = (tmp_path / "engines").glob("*.onnx")
    assert manifest.verify(engine).calibration["source"] == "sample"


def test_rtx_engines_are_built_without_a_gpu(say, tmp_path):
    pytest.importorskip("tensorrt_rtx", reason="the rtx extra is not installed")
    what = ["build-engine", "--cut", "2", "--backend", "tensorrt-rtx"]
    code, text = say(*what)
    assert code == 0, text
    (engine,) = (tmp_path / "engines").glob("*-fp16-rtx-*.engine")
    made = manifest.verify(engine)
    assert made.fields["device"]["compute_capability"] == "rtx"
    assert made.parity["mm_p99"] < 10
    if "not_run" in made.parity:
        assert "not run here: the plan itself" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cut", "25"], "sspnet-lite has no cut 25; there are 1 to 24"),
        (["--cut", "two"], "wanted a number, numbers with commas between, or all"),
        (["--cut", "1", "--ranges", "no.json", "--precision", "int8"], "no ranges at no.json"),
        (["--cut", "1", "--engines", "/dev/null/x"], "cannot write engines to /dev/null/x"),
    ],
)
def test_what_cannot_be_built_is_one_line(say, words, said):
    code, text = say("build-engine", "--backend", "onnxruntime", *words)
    assert code == 1
    assert said in text
    assert "Traceback" not in text
    assert len([line for line in text.splitlines() if line.startswith("Error:")]) == 1


def test_a_damaged_weights_file_is_one_line(say, small_weights, tmp_path):
    copy = tmp_path / "sspnet-lite.onnx"
    copy.write_bytes(small_weights.onnx.read_bytes()[:-100])
    copy.with_suffix(".json").write_text(small_weights.onnx.with_suffix(".json").read_text())
    done = CliRunner().invoke(cli, ["build-engine", "--cut", "1", "--weights", str(copy)])
    assert done.exit_code == 1
    assert "the file is damaged or was swapped" in done.output


def table_rows(text: str) -> list[list[str]]:
    """The cells of each line of a printed table, headings left out."""
    lines = [line for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_models_is_a_line_a_model_in_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(cli, ["models"])
    assert done.exit_code == 0, done.output
    assert "…" not in done.output
    assert all(len(line) <= 80 for line in done.output.splitlines())
    rows = {row[0]: row[1:] for row in table_rows(done.output)}
    assert list(rows) == ["hemlets", "hemlets-edge", "sspnet", "sspnet-lite", "sspnet-mid"]
    best, *figures, state = rows["sspnet-lite"]
    assert (best, state) == ("11 of 24", "trained")
    assert all(float(figure) > 0 for figure in figures)
    assert rows["sspnet"] == ["- of 24", "", "", "", "", "", "none"]


def test_models_shows_the_cuts_of_one_in_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(cli, ["models", "--model", "sspnet-lite"])
    assert done.exit_code == 0, done.output
    assert "…" not in done.output
    assert all(len(line) <= 80 for line in done.output.splitlines())
    rows = table_rows(done.output)
    assert [row[0] for row in rows] == [str(cut) for cut in range(1, 25)]
    assert all(float(cell) > 0 for row in rows for cell in row)


def test_models_lists_what_each_cut_costs_and_how_wrong_it_is(say, small_weights, tmp_path):
    code, text = say("models")
    assert code == 0, text
    assert "24 cuts, input 256x256" in text
    assert "untrained" in text
    assert len(table_rows(text)) == 24
    card = small_weights.onnx.with_suffix(".json")
    before = card.read_text()
    figures = {"cuts": {"2": {"mpjpe_mm": 87.654}}, "state": "trained"}
    card.write_text(json.dumps({**json.loads(before), **figures}))
    try:
        code, text = say("models")
    finally:
        card.write_text(before)
    assert "MPJPE" in text
    assert "87.7" in text


def test_models_without_weights_says_how_to_train_them(tmp_path):
    done = CliRunner().invoke(cli, ["models", "--model", "sspnet"])
    assert done.exit_code == 0
    assert "sspnet: 24 cuts, input 256x256" in done.output


def test_calibrate_refuses_what_shows_nobody(say, tmp_path):
    import cv2
    import numpy as np

    for n in range(3):
        cv2.imwrite(str(tmp_path / f"{n}.png"), np.full((64, 64, 3), 90, np.uint8))
    code, text = say("calibrate", "--source", str(tmp_path))
    assert code == 1
    assert "shows 0 people that can be used" in text
