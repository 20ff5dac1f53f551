"""Documents are written from reports, whole, and the committed ones are what they say."""

import json
import re
from pathlib import Path

import pytest
from speed_reports import accuracy, machine, report, row

from edge3dpose.commands.benchmark import shipped_models
from edge3dpose.errors import BadInput
from edge3dpose.reports import documents, model_card

ROOT = Path(__file__).parents[2]
SHA = "a" * 64
CARD = {
    "model": "a-model", "sha256": SHA, "state": "trained", "licence": "Apache-2.0",
    "data": {"real": [f"clip.mp4 {SHA} 12"]},
    "training": {"samples": 5, "steps": 2, "hours": 0.1, "machines": ["x"], "recipe": {"a": 1}},
}  # fmt: skip
FIGURES = {"mpjpe_mm": 50.0, "pa_mpjpe_mm": 40.0, "pck150": 0.9}


def accuracy_report(**more):
    parts = [{"from": 0.0, "to": n / 5, "people": 9, "mpjpe_mm": 9.0 + n} for n in range(5)]
    scores = [{**part, "error_mm": 3.0, "joints": 9, "inside": 1.0} for part in parts]
    peer = {"name": "rival", "sha256": "f" * 64, "seen": 1, "people": 200, **FIGURES}
    picture = {"name": "p.jpg", "mpjpe_mm": 50.0, "pa_mpjpe_mm": 40.0}
    return accuracy(
        [{"cut": 1, **FIGURES}, {"cut": 2, **FIGURES, "auc": 0.5}],
        best_cut=2,
        by_fact={"height_px": parts},
        by_score=scores,
        by_depth_std=[],
        by_joint_mm={"wrist": 77.0},
        peers_protocol="as it is",
        peers=[{**peer, "ours_on_the_same": FIGURES, "one_by_one": [None]}],
        one_by_one=[{**picture, "root_depth_mm": 4e3, "root_depth_error_mm": -21.0}],
    ) | {
        "dataset": {"name": "synthetic", "protocol": "people", "seeds": [0, 7], "looks": 2},
        **more,
    }


@pytest.fixture
def checkout(tmp_path):
    """A checkout with a report of each kind and documents with nothing between their markers."""
    rows = [
        row(cut, cut, ms=ms, whole_ms=ms + 8, mpjpe_mm=error, precision=precision)
        for cut, ms, error, precision in (
            (1, 2.0, 90.0, "fp32"), (1, 1.0, 90.0, "int8"), (7, 4.0, 61.0, "fp32"),
            (7, 3.0, 61.0, "bf16"), (11, 6.0, 60.0, "fp32"), (24, 9.0, 66.0, "fp32"),
        )
    ]  # fmt: skip
    ablation = {
        "schema": "edge3dpose.ablation/1", "time": "2026", "machine": machine(), "model": "a-model",
        "protocol": "9 samples",
        "trials": [{"name": "without", "samples": 9, "figures": {"mpjpe_mm": 61.0}}],
    }  # fmt: skip
    reports = {
        "machine": report(rows),
        "small": report(rows[:1]),
        "accuracy": accuracy_report(),
        "others": accuracy_report(weights_sha256="b" * 64, best_cut=99),
        "ablation": ablation,
        "unknown": {"schema": "edge3dpose.other/1"},
    }
    (tmp_path / "benchmarks").mkdir()
    for name, content in reports.items():
        (tmp_path / "benchmarks" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "benchmarks" / "machine.png").write_bytes(b"")
    (tmp_path / "docs").mkdir()
    for file, name in (("README", "speed"), ("docs/speed", "tables"), ("docs/accuracy", "tables")):
        marked = f"# Title\n\n<!-- {name}:begin -->\nold\n<!-- {name}:end -->\n\nAfter.\n"
        (tmp_path / f"{file}.md").write_text(marked, encoding="utf-8")
    return tmp_path


def render(checkout):
    models = [documents.ShippedModel(CARD, 7)]
    return documents.render_all(checkout / "benchmarks", checkout, models)


def test_documents_are_written_between_their_markers_and_only_there(checkout):
    names = ("README.md", "docs/speed.md", "docs/accuracy.md", "benchmarks/REPORT.md")
    files = [checkout / name for name in (*names, "docs/a-model.md")]
    assert set(render(checkout)) == set(files)
    for file in files[:3]:
        text = file.read_text(encoding="utf-8")
        assert text.startswith("# Title\n\n<!-- ")
        assert text.endswith(" -->\n\nAfter.\n")
        assert "old" not in text
    page = (checkout / "benchmarks" / "REPORT.md").read_text(encoding="utf-8")
    assert "](machine.png)" in page
    assert "](small.png)" not in page
    assert "cut 7, openvino bf16" in page
    before = [file.read_bytes() for file in files]
    render(checkout)
    assert [file.read_bytes() for file in files] == before  # a second rendering changes nothing


def test_the_readme_has_the_default_the_most_accurate_and_the_fastest_engine(checkout):
    render(checkout)
    lines = (checkout / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ")[1:4] for line in lines if line.startswith("| a-model")]
    assert rows == [
        ["cut 1, openvino int8", "fastest", "90.0"],
        ["cut 7, openvino bf16", "default", "61.0"],
        ["cut 11, openvino fp32", "most accurate", "60.0"],
    ]


def test_every_table_has_as_many_cells_in_each_row(checkout):
    found = 0
    for file in render(checkout):
        for table in re.findall(r"(?:^\|.*\n)+", file.read_text(encoding="utf-8"), re.MULTILINE):
            assert len({line.count("|") for line in table.splitlines()}) == 1, table
            found += 1
    assert found >= 12


def test_a_models_card_becomes_a_page_of_its_own_reports(checkout):
    render(checkout)
    page = (checkout / "docs" / "a-model.md").read_text(encoding="utf-8")
    assert "| 2 | 50.0 | 40.0 |" in page
    assert "| 2 | 0.900 | 0.500 |" in page
    assert "clip.mp4 12" in page
    assert "7 people; people who lean are inferred again" in page
    assert "| rival | 1 of 200 | 50.0 |" in page
    assert "| p.jpg | 50 / 40 | not seen | 4000 | -21 |" in page
    assert "cut 99" not in page
    assert "| without | 9 | 61 |" in page


def test_crowds_and_clips_have_a_page_where_there_are_any(checkout):
    nothing = {"mpjpe_mm": None, "pa_mpjpe_mm": None}
    row = {
        "name": "crowd-000", "people": 2, "frames": 9, "idf1": 0.75, "entries": 1.0,
        "by_hidden": [{**nothing, "from": 0.0, "to": 0.25, "people": 18, "found": 0.5}],
    }  # fmt: skip
    about = {"time": "2026", "machine": machine(), "model": "a-model", "weights_sha256": SHA}
    crowds = {
        **about, "schema": "edge3dpose.crowds/1", "protocol": "rendered people",
        "truth_sha256": {}, "pipeline": {}, "seconds": 1.0, "rows": [row],
        "overall": {**row, "name": "all"},
    }  # fmt: skip
    clip = {"name": "squat", "frames": 5, "fps": 30.0, "people": 1, "identities": 2.0}
    clips = {
        **about, "schema": "edge3dpose.clips/1", "protocol": "by eye", "pipeline": {},
        "rows": [clip],
    }  # fmt: skip
    for name, content in (("crowds-before", crowds), ("clips-before", clips)):
        (checkout / "benchmarks" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    page = checkout / "docs" / "crowds.md"
    page.write_text("# Crowds\n\n<!-- tables:begin -->\n<!-- tables:end -->\n", encoding="utf-8")
    assert page in render(checkout)
    text = page.read_text(encoding="utf-8")
    assert "| before | 2 | 0.750 |" in text
    assert "| before | 1 | never |" in text
    assert "| before | 0% to 25% | 18 | 50.0% |" in text
    assert "| squat | 5 | 1 | 2 |" in text


def test_real_people_have_a_table_a_recording_and_their_mean(checkout):
    clips = [
        {"name": name, "offset_s": 0.04, "pa_mpjpe_mm": pa, "missed": 0.0, "bone_wobble": 0.125}
        for name, pa in (("squat", 56.0), ("walk", 69.0))
    ]
    own = [{"name": name, "offset_s": None, "bone_wobble": 0.005} for name in ("squat", "walk")]
    systems = [
        {"name": "cut 7", "kind": "ours", "cut": 7, "recordings": clips},
        {"name": "wham", "kind": "answer", "recordings": clips[:1]},
        {"name": "truth", "kind": "truth", "recordings": own},
    ]
    report = accuracy([{"cut": 7, "pa_mpjpe_mm": 62.5}])
    report = {key: report[key] for key in report if key not in ("best_cut", *FIGURES)} | {
        "dataset": {"name": "mocap", "protocol": "real clips", "peers_protocol": None},
        "recordings": systems,
    }
    (checkout / "benchmarks" / "accuracy-mocap.json").write_text(json.dumps(report))
    render(checkout)
    page = (checkout / "docs" / "accuracy.md").read_text(encoding="utf-8")
    assert "| mocap | a-model | 7 |" in page
    squat, walk, mean = page.partition("### Real people")[2].split(":\n\n|")[1:]
    assert "| wham (its own answer) | 56.0 | 12.5% | 0.0% | +0.040 |" in squat
    assert "wham" not in walk
    assert "| cut 7 | 62.5 | 12.5% | 0.0% |" in mean
    assert "wham" not in mean  # it has no answer for one of them
    assert "| the true motion |  | 0.5% |  |" in mean


def test_a_document_without_a_place_for_the_table_is_refused(checkout):
    (checkout / "README.md").write_text("no markers")
    before = (checkout / "docs" / "speed.md").read_bytes()
    with pytest.raises(BadInput, match="speed:begin"):
        render(checkout)
    assert (checkout / "docs" / "speed.md").read_bytes() == before  # nothing half done


def test_a_folder_without_reports_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no report in "):
        documents.render_all(tmp_path, tmp_path, [])


def test_the_committed_documents_are_what_the_committed_reports_say():
    folder = ROOT / "benchmarks"
    texts = documents.documents(documents.read(folder), folder, ROOT, shipped_models())
    assert len(texts) >= 6
    for file, text in texts.items():
        assert file.read_text(encoding="utf-8") == text, file


def test_a_card_says_whose_training_it_tells():
    for made_of, said in (("another", True), ("a-model", False)):
        training = {**CARD["training"], "recipe": {"model": made_of}}
        facts = model_card._facts({**CARD, "training": training})
        assert any("made of another without more training" in fact for fact in facts) is said
