"""Bottom-up networks: added by a spec file, everybody in a drawn crowd grouped as drawn."""

from __future__ import annotations

import json
from pathlib import Path

import clips
import crowd_net
import numpy as np
import pytest

import edge3dpose
from edge3dpose import paths
from edge3dpose.compiler import adopt
from edge3dpose.engine_types import EngineRequest
from edge3dpose.errors import BadInput
from edge3dpose.evaluation.crowds import evaluate_crowds
from edge3dpose.evaluation.people_finder import evaluate_people
from edge3dpose.joint_sets import SKELETONS
from edge3dpose.models import _spec_file
from edge3dpose.skeletons import to_h36m17

JOINTS = SKELETONS["coco17"].joints
SIZE = (640, 384)
HEAD = """
name = "crowd"
kind = "bottom-up"
skeleton = "coco17"
onnx = "crowd.onnx"
[input]
size = [640, 384]
range = [0, 255]
[output]
stride = 4
cells = "centres"
"""
LIMBS = (
    *(("nose", "left_eye"), ("nose", "right_eye"), ("left_eye", "left_ear")),
    *(("right_eye", "right_ear"), ("nose", "left_shoulder"), ("nose", "right_shoulder")),
    *(("left_ear", "left_shoulder"), ("right_ear", "right_shoulder")),  # as OpenPose has them
    *(("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist")),
    *(("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist")),
    *(("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"), ("left_hip", "right_hip")),
    *(("left_hip", "left_knee"), ("left_knee", "left_ankle")),
    *(("right_hip", "right_knee"), ("right_knee", "right_ankle")),
)
PAIRS = [(JOINTS.index(a), JOINTS.index(b)) for a, b in LIMBS]
# of somebody 300 px tall, from the middle of the hips
BODY = {
    **{"nose": (0, -150), "left_eye": (20, -172), "right_eye": (-20, -172)},
    **{"left_ear": (44, -160), "right_ear": (-44, -160), "left_shoulder": (52, -112)},
    **{"right_shoulder": (-52, -112), "left_elbow": (82, -62), "right_elbow": (-82, -62)},
    **{"left_wrist": (98, -8), "right_wrist": (-98, -8), "left_hip": (28, 0)},
    **{"right_hip": (-28, 0), "left_knee": (36, 68), "right_knee": (-36, 68)},
    **{"left_ankle": (40, 136), "right_ankle": (-40, 136)},
}
TAGS = (40, 90, 140, 190, 240)


def spec_of(kind):
    text = HEAD + f'decode = "{kind}"\nheat = "heat"\n{kind} = "{kind}"\n'
    if kind == "paf":
        return text + f"limbs = {json.dumps(LIMBS)}\n"
    return text + "tag_distance = 20\n"


@pytest.fixture(params=["tags", "paf"])
def kind(request, tmp_path, monkeypatch):
    """A spec file of the kind with its network beside it."""
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    write(tmp_path, spec_of(request.param))
    return request.param


def write(folder, text):
    file = folder / "crowd.toml"
    file.write_text(text)
    content = crowd_net.Net(_spec_file.read(file)).model()
    (folder / "crowd.onnx").write_bytes(crowd_net.checked(content))
    return file


def person(x, y, seed=0):
    moved = np.random.default_rng(seed).uniform(-4, 4, (17, 2))
    return np.array([BODY[joint] for joint in JOINTS]) + np.array([x, y]) + moved


def drawn(kind, people):
    if kind == "tags":
        return crowd_net.picture(people, SIZE, tags=TAGS)
    return crowd_net.picture(people, SIZE, PAIRS)


def opened(folder, **options):
    options = {"backend": "onnxruntime", "precision": "fp32"} | options
    return edge3dpose.PoseEstimator(str(folder / "crowd.toml"), **options)


def matched(found, people):
    """Each drawn person's pose: the one whose joints are nearest."""
    assert len(found) == len(people)
    picked = []
    for one in people:
        apart = [np.nanmean(np.linalg.norm(pose.pixels - one, axis=1)) for pose in found]
        picked.append(found[int(np.argmin(apart))])
    assert len({id(pose) for pose in picked}) == len(people)
    return picked


def check(found, people, hidden=()):
    """Every joint that can be seen is in its own person."""
    for n, (pose, one) in enumerate(zip(matched(found, people), people, strict=True)):
        for joint in range(17):
            if np.isnan(one[joint]).any():
                assert pose.score[joint] == 0, (n, JOINTS[joint])
            elif (n, joint) not in hidden:
                assert pose.score[joint] > 0, (n, JOINTS[joint])
                assert np.abs(pose.pixels[joint] - one[joint]).max() < 3, (n, JOINTS[joint])


def test_three_people_are_grouped(kind, tmp_path):
    people = [person(110, 200), person(325, 210, 1), person(530, 190, 2)]
    with opened(tmp_path) as pose:
        found = pose(drawn(kind, people))
    check(found, people)
    assert all(not one.is_3d and one.joints_mm is None for one in found)
    assert "joints_mm" not in found[0].to_dict()


def test_a_joint_that_is_missing_is_of_nobody(kind, tmp_path):
    people = [person(110, 200), person(325, 210, 1), person(530, 190, 2)]
    people[1][JOINTS.index("left_wrist")] = np.nan
    people[2][JOINTS.index("nose")] = np.nan  # the first joint of the list
    with opened(tmp_path) as pose:
        check(pose(drawn(kind, people)), people)


def test_people_who_overlap_are_told_apart(kind, tmp_path):
    people = [person(110, 200), person(300, 185, 1), person(345, 222, 2), person(540, 200, 3)]
    image = drawn(kind, people)
    hidden = covered(people, 1, 2)
    with opened(tmp_path) as pose:
        found = pose(image)
    check(found, people, hidden)
    assert len(hidden) < 9


def covered(people, back, front):
    """Joints of somebody that another's dots or limbs lie over."""
    found = set()
    for joint, at in enumerate(people[back]):
        ends = [people[front][[a, b]] for a, b in PAIRS]
        near = min(_to_line(at, *one) for one in ends)
        found |= {(back, joint)} if near < 14 else set()
    return found


def _to_line(at, a, b):
    share = np.clip(np.dot(at - a, b - a) / np.dot(b - a, b - a), 0, 1)
    return np.linalg.norm(a + share * (b - a) - at)


def test_people_keep_their_ids_and_files_are_those_of_2d(kind, tmp_path):
    frames = [
        drawn(kind, [person(110 + 3 * n, 200), person(530 - 3 * n, 190, 2)]) for n in range(12)
    ]
    out = tmp_path / "poses.jsonl"
    with opened(tmp_path) as pose:
        pose.run(frames, outputs={"jsonl": out})
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines[0]["dimensions"] == 2
    seen = [line["people"] for line in lines[1:]]
    assert all("joints_mm" not in one for people in seen for one in people)
    ids = [{one["id"]: one["pixels"][0][0] for one in people} for people in seen]
    assert all(set(one) == {0, 1} for one in ids)
    assert abs(ids[-1][0] - ids[0][0]) < 60


def test_who_is_wanted(kind, tmp_path):
    people = [person(110, 200), person(325, 210, 1), person(530, 190, 2)]
    people[2] = (people[2] - (530, 190)) * 0.8 + (530, 190)
    image = drawn(kind, people)
    for options, wanted in (
        ({"roi": (0.0, 0.0, 200.0, 384.0)}, [0]),
        ({"max_people": 2}, [0, 1]),
        ({"min_height_px": 280.0}, [0, 1]),
    ):
        with opened(tmp_path, **options) as pose:
            check(pose(image), [people[n] for n in wanted])


def test_a_roi_outside_of_the_frame_is_refused(kind, tmp_path):
    image, outside = drawn(kind, [person(110, 200)]), (9000.0, 0.0, 9100.0, 50.0)
    refused = pytest.raises(BadInput, match="lies outside of the frame")
    with opened(tmp_path, roi=outside) as pose, refused:
        pose.run(iter([image]))


@pytest.mark.parametrize("name", ["openpose", "higherhrnet"])
def test_published_forms_group_people(name, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    file = _spec_file.read(_spec_file.in_zoo()[name])
    (tmp_path / "net.onnx").write_bytes(crowd_net.checked(crowd_net.Net(file).model()))
    adopt.add(Path(name), tmp_path / "net.onnx")
    people = [one[: len(JOINTS)] for one in (person(110, 200), person(325, 210, 1))]
    joints = file.spec.skeleton.joints
    named = [dict(zip(JOINTS, one, strict=True)) for one in people]
    for one in named:
        one["neck"] = (one["left_shoulder"] + one["right_shoulder"]) / 2
    width, height = file.input.size
    people = [np.array([one[joint] for joint in joints]) * (width / 640) for one in named]
    limbs = file.spec.maps.limbs
    tags = None if limbs else (1, 5)
    image = crowd_net.picture(people, (width, height), limbs, tags)
    with edge3dpose.PoseEstimator(name, backend="onnxruntime", precision="fp32") as pose:
        found = matched(pose(image), people)
    for one, drawn_px in zip(found, people, strict=True):
        assert (one.score > 0).all()
        assert np.abs(one.pixels - drawn_px).max() < 8


def test_evaluate_counts_its_people(tmp_path, monkeypatch):
    cv2 = pytest.importorskip("cv2")
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    file = write(tmp_path, spec_of("tags"))
    adopt.add(file)
    people = [person(110, 200), person(325, 210, 1), person(530, 190, 2)]
    cv2.imwrite(str(tmp_path / "a.png"), drawn("tags", people))
    boxes = [[float(v) for v in (*one.min(0), *one.max(0))] for one in people]
    (tmp_path / "truth").mkdir()
    labels = {"a.png": {"size": SIZE, "boxes": boxes, "all_marked": True}}
    (tmp_path / "truth" / "people_boxes.json").write_text(json.dumps(labels))
    report = evaluate_people(tmp_path, EngineRequest("crowd", None, 1, "fp32", "onnxruntime"))
    after = [row.by_pose for row in report.rows if row.by_pose is not None]
    assert after
    assert all((one.found, one.false_alarms) == (3, 0) for one in after)


def test_evaluate_ranks_it_on_crowds(tmp_path, monkeypatch):
    pytest.importorskip("motmetrics")
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    adopt.add(write(tmp_path, spec_of("tags")))
    crowd = [[person(110 + n, 200), person(325, 210, 1), person(530 - n, 190, 2)] for n in range(6)]
    video = tmp_path / "crowd-000.mp4"
    images = [drawn("tags", people) for people in crowd]
    clips.write(video, images, codec="libx264rgb", pix_fmt="rgb24", options={"qp": "0"})
    coco = SKELETONS["coco17"]
    pixels = np.array([[to_h36m17(one, coco) for one in people] for people in crowd], np.float32)
    space = np.concatenate([(pixels - 320) * 5, np.full((6, 3, 17, 1), 4000)], -1)
    np.savez(
        video.with_suffix(".npz"),
        schema="edge3dpose.crowd/1",
        video_sha256=paths.sha256_of(video),
        fps=10.0,
        focal_px=600.0,
        centre_px=(320.0, 192.0),
        joints_mm=space.astype(np.float32),
        pixels=pixels,
        visible=np.ones((6, 3, 17), bool),
        hidden=np.zeros((6, 3), np.float32),
        boxes=np.concatenate([pixels.min(2), pixels.max(2)], -1),
    )
    options = {"model": "crowd", "backend": "onnxruntime", "precision": "fp32"}
    figures = evaluate_crowds(tmp_path, options).overall.figures
    assert figures["missed"] == 0
    assert figures["mpjpe_mm"] is None


def test_a_frame_of_another_shape_and_an_empty_one(kind, tmp_path):
    people = [person(200, 200), person(420, 210, 1)]
    image = drawn(kind, people)
    tall = np.zeros((500, 640, 3), np.uint8)
    with opened(tmp_path) as pose:
        assert pose(np.zeros((384, 640, 3), np.uint8)) == []
        assert pose(tall) == []
    wide = np.zeros((384 * 2, 640 * 2, 3), np.uint8)
    wide[:] = image.repeat(2, axis=0).repeat(2, axis=1)
    with opened(tmp_path) as pose:
        found = matched(pose(wide), [2 * one for one in people])
    assert all(np.abs(f.pixels - 2 * p).max() < 6 for f, p in zip(found, people, strict=True))


def test_openvino_gives_the_same(kind, tmp_path):
    people = [person(110, 200), person(325, 210, 1), person(530, 190, 2)]
    with opened(tmp_path, backend="openvino") as pose:
        check(pose(drawn(kind, people)), people)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "bottom-up"', 'kind = "top-down"', "goes with the decodes paf and tags"),
        ("stride = 4", "stride = 8", "by the input and its stride"),
        ("stride = 4", "stride = 7", "does not divide"),
        ('heat = "heat"', 'heat = "hat"', "is no output"),
        ('heat = "heat"', 'heat = "heat"\nheat_from = 3', "wanted 3 to 20"),
    ],
)
def test_what_does_not_fit_is_told_in_a_line(tmp_path, monkeypatch, old, new, said):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    file = write(tmp_path, spec_of("tags"))
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(BadInput, match=said):
        adopt.add(file)


def test_a_limb_of_a_joint_that_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    file = tmp_path / "crowd.toml"
    file.write_text(spec_of("paf").replace('"left_ankle"', '"left_toe"'))
    with pytest.raises(BadInput, match="'left_toe', which is no joint"):
        adopt.add(file)


def test_what_needs_top_down_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    write(tmp_path, spec_of("tags"))
    with pytest.raises(BadInput, match="takes top-down models"):
        opened(tmp_path, flip_test=True)
