"""edge3dpose benchmark through the real command on a small network, and its documents."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge3dpose import models
from edge3dpose.bench import card_page, render
from edge3dpose.cli import cli

ROOT = Path(__file__).parents[2]


def run(*arguments):
    return CliRunner().invoke(cli, ["benchmark", *map(str, arguments)])


@pytest.fixture(scope="module")
def measured(small_weights, tmp_path_factory):
    """A report of two cuts on two backends, the first cut's error on the card."""
    folder = tmp_path_factory.mktemp("measured")
    card = models.read_card(small_weights.onnx)
    models.write_card(small_weights.onnx, card | {"cuts": {"1": {"mpjpe_mm": 123.4}}})
    done = run(
        *("--model", small_weights.spec.name, "--weights", small_weights.onnx),
        *("--cut", "1,2", "--backend", "onnxruntime,openvino", "--precision", "fp32"),
        *("--max-frames", 3, "--calls", 3, "--rounds", 2, "--engines", folder / "engines"),
        *("--report", folder / "machine.json"),
    )
    models.write_card(small_weights.onnx, card)
    assert done.exit_code == 0, done.output
    return folder, done.output


def test_every_cut_and_backend_is_a_row_with_its_error_beside_its_speed(measured):
    folder, output = measured
    report = json.loads((folder / "machine.json").read_text())
    assert report["schema"] == "edge3dpose.speed/1"
    assert [(row["cut"], row["backend"]) for row in report["rows"]] == [
        *((1, "onnxruntime"), (2, "onnxruntime"), (1, "openvino"), (2, "openvino"))
    ]
    assert report["rows"][0]["error"] == {"mpjpe_mm": 123.4}
    for row in report["rows"]:
        assert row["engine"]["n"] == 6
        assert row["engine"]["p50_ms"] <= row["engine"]["p90_ms"] <= row["engine"]["p99_ms"]
        assert row["end_to_end"]["frames_processed"] == 6
        assert len(row["engine_sha256"]) == 64
    assert report["machine"]["load_average"]
    assert report["frame_size"] == "720x1280"
    assert "123.4" in output
    assert "?" in output  # the error that nobody has measured


def test_the_plot_lies_beside_the_report(measured):
    folder, _ = measured
    assert (folder / "machine.png").read_bytes().startswith(b"\x89PNG")


def test_documents_are_written_from_the_reports_and_only_there(measured, tmp_path):
    folder, _ = measured
    readme = tmp_path / "README.md"
    readme.write_text(f"# Title\n\n{render.BEGIN}\nold\n{render.END}\n\nAfter.\n")
    render.render(folder, readme)
    text = readme.read_text()
    assert text.startswith("# Title\n")
    assert text.endswith("\n\nAfter.\n")
    assert "old" not in text
    assert "| 1 | 123 |" in text
    page = (folder / "REPORT.md").read_text()
    assert "machine.png" in page
    assert "openvino fp32" in page
    render.render(folder, readme)
    assert readme.read_text() == text  # a second rendering changes nothing


def test_a_models_card_becomes_a_page_of_its_own_reports():
    sha = "a" * 64
    card = {
        "model": "m", "sha256": sha, "state": "trained", "licence": "Apache-2.0",
        "data": {"real": [f"clip.mp4 {sha} 12"]},
        "training": {"samples": 5, "steps": 2, "hours": 0.1, "machines": ["x"], "recipe": {"a": 1}},
    }  # fmt: skip
    figures = {"mpjpe_mm": 50.0, "pa_mpjpe_mm": 40.0, "pck150": 0.9}
    parts = [{"from": 0.0, "to": n / 5, "people": 9, "mpjpe_mm": 9.0 + n} for n in range(5)]
    scores = [{**part, "error_mm": 3.0} for part in parts]
    peer = {"name": "rival", "seen": 1, "people": 2, **figures, "ours_on_the_same": figures}
    alone = {"name": "p.jpg", **figures, "root_depth_mm": 4e3, "root_depth_error_mm": -21.0}
    report = {
        "schema": "edge3dpose.accuracy/1", "model": "m", "weights_sha256": sha, "best_cut": 2,
        "dataset": {"name": "synthetic", "protocol": "people", "seeds": [0, 7], "looks": 2},
        "cuts": [{"cut": 1, **figures}, {"cut": 2, **figures, "auc": 0.5}],
        "by_fact": {"height_px": parts}, "by_score": scores, "by_joint_mm": {"wrist": 77.0},
        "peers_protocol": "as it is", "peers": [{**peer, "one_by_one": [None]}],
        "one_by_one": [alone],
    }  # fmt: skip
    trial = {"name": "without", "samples": 9, "figures": {"mpjpe_mm": 61.0}}
    trials = {
        "schema": "edge3dpose.ablation/1", "model": "m", "protocol": "9 samples", "trials": [trial],
    }  # fmt: skip
    others = {**report, "weights_sha256": "b" * 64, "best_cut": 99}
    page = card_page.page(card, {"a.json": report, "b.json": others, "c.json": trials})
    assert "| 2 | 50.0 | 40.0 | 0.900 |" in page
    assert "clip.mp4 12" in page
    assert "7 people; who leans is looked at again" in page
    assert "| rival | 1 of 2 | 50.0 |" in page
    assert "| p.jpg | 50 / 40 | not seen | 4000 | -21 |" in page
    assert "cut 99" not in page
    assert "| without | 9 | 61 |" in page
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1


def test_every_table_has_as_many_cells_in_each_row(measured):
    folder, _ = measured
    page = render.report_page(render.read(folder), folder)
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--backend", "onnxruntime,nothing"], "--backend 'nothing'"),
        (["--precision", "fp8"], "--precision 'fp8'"),
        (["--cut", "99"], "no cut 99"),
        (["--source", "gone.mp4"], "no file or folder gone.mp4"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_1(small_weights, arguments, said):
    done = run("--model", small_weights.spec.name, "--weights", small_weights.onnx, *arguments)
    assert done.exit_code == 1
    assert said in done.output.splitlines()[-1]


def test_a_source_without_people_is_refused(small_weights, tmp_path):
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / "grey.png"), np.full((240, 320, 3), 127, np.uint8))
    done = run(
        *("--model", small_weights.spec.name, "--weights", small_weights.onnx),
        *("--source", tmp_path / "grey.png"),
    )
    assert done.exit_code == 1
    assert "nobody is found" in done.output


def test_a_readme_without_a_place_for_the_table_is_refused(measured, tmp_path):
    folder, _ = measured
    (tmp_path / "README.md").write_text("no markers")
    with pytest.raises(render.BadInput, match="speed:begin"):
        render.render(folder, tmp_path / "README.md")


def test_the_readme_shows_what_the_committed_reports_say():
    reports = render.read(ROOT / "benchmarks")
    readme = ROOT / "README.md"
    if not reports or not readme.is_file():
        pytest.skip("no report or no README yet")
    text = readme.read_text()
    assert render.with_table(text, render.readme_table(reports)) == text
    page = render.report_page(reports, ROOT / "benchmarks")
    assert (ROOT / "benchmarks" / "REPORT.md").read_text().strip() == page.strip()
