"""edge3dpose evaluate through the real command, on networks that always say the same pose."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny_model
from click.testing import CliRunner

from edge3dpose import models, paths
from edge3dpose.cli import cli
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import evaluate as library
from edge3dpose.evaluation import labels
from edge3dpose.runtime.all_heads import open_heads
from edge3dpose.runtime.sources import sample

SPEC = models.find("sspnet-lite")
ASSETS = paths.home() / "data" / "synthetic.npz"


def run(*arguments):
    return CliRunner().invoke(cli, ["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Cut 24 says an upright person, the others all joints in the middle."""
    upright = np.full((24, 17, 4), 0.5)
    upright[23, :, :2] = [
        *((0.5, 0.5), (0.46, 0.5), (0.46, 0.68), (0.46, 0.86), (0.54, 0.5), (0.54, 0.68)),
        *((0.54, 0.86), (0.5, 0.4), (0.5, 0.3), (0.5, 0.25), (0.5, 0.2), (0.58, 0.3)),
        *((0.62, 0.4), (0.64, 0.5), (0.42, 0.3), (0.38, 0.4), (0.36, 0.5)),
    ]
    return tiny_model.write(tmp_path_factory.mktemp("weights"), upright, SPEC).onnx


def run_heads(weights):
    """What the tiny network says whatever it sees, (24, 17, 4)."""
    heads = open_heads(models.open_weights(SPEC, weights))
    return heads(np.zeros((1, 3, SPEC.input_size, SPEC.input_size), np.float32))[:, 0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The first six frames of the sample and labels of them."""
    folder = tmp_path_factory.mktemp("clip")
    capture = cv2.VideoCapture(str(sample.FILE))
    images = [cv2.resize(capture.read()[1], (360, 640)) for _ in range(6)]
    writer = cv2.VideoWriter(
        str(folder / "six.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 5, (360, 640)
    )
    for image in images:
        writer.write(image)
    writer.release()
    shipped = json.loads(sample.FILE.with_name("sample.labels.json").read_text())
    rows = [
        (
            np.array([joint[:2] if joint else [np.nan] * 2 for joint in row]) / 2,
            np.array([joint[2] if joint else 0 for joint in row]),
        )
        for row in shipped["frames"][:6]
    ]
    labels.write(
        folder / "six.json",
        rows,
        clip_sha256=paths.sha256_of(folder / "six.mp4"),
        teacher="the first six",
    )
    return folder / "six.mp4"


def test_a_clip_is_scored_cut_by_cut_into_report_and_card(weights, clip, tmp_path):
    report = tmp_path / "report.json"
    done = run(
        *("--weights", weights, "--dataset", "clip", "--root", clip, "--cut", "1,24"),
        *("--labels", clip.with_suffix(".json"), "--report", report, "--write-card"),
        *("--require-pck", 0.3),
    )
    assert done.exit_code == 0, done.output
    content = json.loads(report.read_text())
    first, last = content["cuts"]
    assert (first["cut"], last["cut"]) == (1, 24)
    # one upright guess in the detector's square lies near half of a standing person's joints
    assert last["pck50"] > 0.3 > first["pck50"]
    assert content["dataset"]["frames"] == content["dataset"]["frames_found"] == 6
    assert content["machine"]["cores"] >= 1
    card = json.loads(weights.with_suffix(".json").read_text())
    assert card["cuts"]["24"]["pck50"] == last["pck50"]
    assert card["evaluated"]["clip"]["clip"] == "six"
    assert models.open_weights(SPEC, weights).card == card


def test_a_licensed_data_set_is_scored_in_its_own_protocol(weights, tmp_path):
    """A person who stands as cut 24 says, before a camera; the network sees a grey picture."""
    upright = run_heads(weights)[23, :, :2]
    across_mm, depth_mm, focal, centre = 2250, 4000.0, 1000.0, 500.0
    flat = (upright - 0.5) * across_mm
    points = np.column_stack([flat, np.full(17, depth_mm)])
    points[:, 2] += np.linspace(-200, 200, 17) * (np.arange(17) > 0)  # a lens needs some depth
    seen = points[:, :2] / points[:, 2:] * focal + centre
    names = [f"S9/S9_Still.1_{n:06d}.jpg" for n in (1, 2, 65)]
    (tmp_path / "S9").mkdir()
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.full((1000, 1000, 3), 128, np.uint8))
    one = np.ones((3, 17, 1))
    part = np.concatenate([np.repeat(seen[None], 3, 0), one], axis=2)
    space = np.concatenate([np.repeat(points[None] / 1000, 3, 0), one], axis=2)
    np.savez(tmp_path / "h36m.npz", imgname=np.array(names), part=part, S=space)
    report = tmp_path / "report.json"
    done = run(
        *("--weights", weights, "--dataset", "h36m", "--root", tmp_path / "h36m.npz"),
        *("--cut", "1,24", "--report", report),
    )
    assert done.exit_code == 0, done.output
    content = json.loads(report.read_text())
    assert content["dataset"]["pictures"] == 2  # every 64th
    first, last = content["cuts"]
    assert last["mpjpe_mm"] < 130 < first["mpjpe_mm"]  # it knows all but the depth
    assert content["best_cut"] == 24
    assert [row["name"] for row in content["one_by_one"]] == [
        Path(n).name for n in names[:1] + names[2:]
    ]
    off_mm = content["one_by_one"][0]["root_depth_error_mm"]
    assert off_mm == pytest.approx(0, abs=5)  # it says that the square fits, as it does
    joints = content["by_joint_mm"]
    assert joints["right_wrist"] > joints["right_hip"]  # which is nearer to the root's depth


def test_what_is_seen_in_a_mirror_too_is_reported_as_such_and_kept_out_of_the_card(
    weights, clip, tmp_path
):
    report = tmp_path / "report.json"
    words = ("--weights", weights, "--dataset", "clip", "--root", clip, "--cut", "24", "--mirror")
    labelled = ("--labels", clip.with_suffix(".json"))
    done = run(*words, *labelled, "--report", report)
    assert done.exit_code == 0, done.output
    content = json.loads(report.read_text())
    assert content["dataset"]["name"] == "clip-mirrored"
    assert content["cuts"][0]["pck50"] > 0.3
    refused = run(*words, *labelled, "--write-card")
    assert refused.exit_code == 1
    assert "leave out --flip-test" in refused.output


def test_a_bar_that_is_missed_is_one_line_and_exit_code_1(weights, clip):
    labelled = ("--root", clip, "--labels", clip.with_suffix(".json"))
    done = run(
        "--weights", weights, "--dataset", "clip", "--cut", "1", *labelled, "--require-pck", 0.9
    )
    assert done.exit_code == 1
    assert "wanted 0.9 or more" in done.output.splitlines()[-1]


def test_a_bar_of_the_other_data_set_is_refused(weights, clip):
    labelled = ("--root", clip, "--labels", clip.with_suffix(".json"))
    done = run(
        *("--weights", weights, "--dataset", "clip", "--cut", "1", *labelled),
        *("--require-mpjpe-mm", 110),
    )
    assert done.exit_code == 1
    assert "--require-mpjpe-mm" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dataset", "clip", "--root", "gone.mp4"], "no clip gone.mp4"),
        (["--dataset", "clip", "--labels", "gone.json"], "--teacher"),
        (["--dataset", "photos"], "folder of pictures"),
        (["--dataset", "people"], "truth/people_boxes.json"),
        (["--dataset", "people", "--root", "gone"], "there is no file"),
        (["--dataset", "people", "--root", "a", "--flip-test"], "--flip-test has no place"),
        (["--dataset", "crowds"], "edge3dpose render-crowds"),
        (["--dataset", "crowds", "--root", "gone"], "gone has no crowd"),
        (["--dataset", "crowds", "--root", "gone", "--plot", "a.png"], "--plot has no place"),
        (["--dataset", "synthetic", "--root", "gone.npz"], "edge3dpose train --prepare"),
        (["--dataset", "clip", "--plot", "where.png"], "--plot"),
        (["--precision", "int8"], "--backend"),
        (["--backend", "openvino", "--write-card"], "--write-card"),
        (["--cut", "25"], "no cut 25"),
        (["--model", "nothing"], "no model called 'nothing'"),
    ],
)
def test_what_is_missing_is_said_in_one_line(weights, arguments, said):
    done = run("--weights", weights, *arguments)
    assert done.exit_code == 1
    assert said in done.output.splitlines()[-1]


def test_engines_are_scored_like_the_model_file(small_weights, clip, tmp_path):
    figures = []
    for n, more in enumerate(([], ["--backend", "onnxruntime", "--engines", tmp_path / "e"])):
        report = tmp_path / f"{n}.json"
        done = run(
            *("--model", small_weights.spec.name, "--weights", small_weights.onnx),
            *("--dataset", "clip", "--root", clip, "--labels", clip.with_suffix(".json")),
            *("--cut", "2", "--report", report, *more),
        )
        assert done.exit_code == 0, done.output
        figures.append(json.loads(report.read_text()))
    assert figures[1]["dataset"]["backend"] == "onnxruntime"
    assert figures[0]["cuts"][0] == pytest.approx(figures[1]["cuts"][0], abs=0.02)


def test_photos_are_searched_one_by_one(weights, clip, tmp_path):
    capture = cv2.VideoCapture(str(clip))
    rows = json.loads(clip.with_suffix(".json").read_text())["frames"][:2]
    folder = tmp_path / "photos"
    folder.mkdir()
    for n in range(2):
        cv2.imwrite(str(folder / f"{n}.png"), capture.read()[1])
    cv2.imwrite(str(folder / "2.png"), np.full((200, 200, 3), 127, np.uint8))
    files = sorted(folder.iterdir())
    sha256 = hashlib.sha256("".join(f.name + paths.sha256_of(f) for f in files).encode())
    (tmp_path / "labels.json").write_text(
        json.dumps(
            {
                "schema": labels.SCHEMA,
                "clip_sha256": sha256.hexdigest(),
                "teacher": "the sample's",
                "frames": [*rows, rows[0]],  # as if somebody stood in the grey one
            }
        )
    )
    done = run(
        *("--weights", weights, "--dataset", "photos", "--root", folder, "--cut", "24"),
        *("--labels", tmp_path / "labels.json", "--report", tmp_path / "report.json"),
    )
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["dataset"]["frames_found"] == 2
    assert 0.2 < report["cuts"][0]["pck50"] < 0.67  # the grey one is a miss, not left out


def test_labels_of_another_clip_are_refused(weights, clip):
    done = run(
        *("--weights", weights, "--dataset", "clip", "--root", "sample"),
        *("--labels", clip.with_suffix(".json")),
    )
    assert done.exit_code == 1
    assert "labels the clip" in done.output


def test_labels_come_back_as_they_were_written(tmp_path):
    pixels = np.array([[1.26, 2.0], *[[np.nan, np.nan]] * 16])
    seen, unseen = np.array([0.9, *[0.0] * 16]), np.array([0.4, *[0.0] * 16])
    rows = [(pixels, seen), None, (pixels, unseen)]
    labels.write(tmp_path / "l.json", rows, clip_sha256="c" * 64, teacher="t")
    sure, nobody, unsure = labels.read(tmp_path / "l.json", "c" * 64)
    assert nobody is None
    assert sure.pixels[0] == pytest.approx([1.3, 2.0])
    assert sure.seen.tolist() == [True] + [False] * 16
    assert not unsure.seen.any()


@pytest.mark.skipif(not ASSETS.is_file(), reason=f"no baked people at {ASSETS}")
def test_held_out_people_are_the_same_each_time(weights, tmp_path):
    figures = []
    for n in range(2):
        report = tmp_path / f"{n}.json"
        done = run("--weights", weights, "--cut", "1,24", "--people", 20, "--report", report)
        assert done.exit_code == 0, done.output
        figures.append(json.loads(report.read_text())["cuts"])
    assert figures[0] == figures[1]
    assert figures[0][1]["mpjpe_mm"] < figures[0][0]["mpjpe_mm"]  # upright beats a point


@pytest.mark.parametrize(
    ("arguments", "passes"), [((), 2), (("--passes", 1), 1), (("--looks", 1), 1)]
)
def test_the_former_name_of_passes_is_understood(monkeypatch, arguments, passes):
    seen = {}

    def asked(**options):
        seen.update(options)
        raise BadInput("enough")

    monkeypatch.setattr(library, "evaluate", asked)
    run(*arguments)
    assert seen["passes"] == passes


@pytest.mark.parametrize("option", ["--overhead", "--eagle"])
def test_people_seen_from_above_leave_the_card_alone(weights, option):
    done = run("--weights", weights, option, "--write-card")
    assert done.exit_code == 1
    assert "leave out --overhead" in done.output
