"""The temporal lift in a run: people kept apart, gaps, files that are not it."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from standing import JOINTS_MM

from edge3dpose import paths
from edge3dpose.errors import EngineMismatch
from edge3dpose.runtime import lift_network
from edge3dpose.runtime.filters.temporal_lift import TemporalLift
from edge3dpose.runtime.lift_features import ANSWERS
from edge3dpose.skeletons import Skeleton
from edge3dpose.types import Camera, Frame, Pose3D

IMAGE = np.zeros((8, 8, 3), np.uint8)
CAMERA = Camera((900.0, 900.0), (4.0, 4.0), assumed=True)


def person(track, x_mm=0.0, **more):
    root = np.array([x_mm, 0, 3000], np.float32)
    score = np.ones(17, np.float32)
    fields = {"root_mm": root, "track_id": track, **more}
    return Pose3D(JOINTS_MM.astype(np.float32), np.zeros((17, 2), np.float32), score, **fields)


def frame(time_s):
    return Frame(IMAGE, round(time_s * 30), time_s, CAMERA)


class Counting:
    """A network whose state counts the frames of a person and whose answer is that number."""

    def __init__(self):
        self.first, self.steps = [], []

    def __call__(self, features, state):
        self.first.append(features[:, 73].tolist())
        self.steps.append(features[:, 74].tolist())
        after = state + 1
        answer = np.zeros((len(features), ANSWERS), np.float32)
        answer[:, 5] = after[0, :, 0] / 1000  # z of the right hip, mm
        return answer, after


def hips(lift, at, people):
    return [round(float(p.joints_mm[1, 2] - JOINTS_MM[1, 2])) for p in lift(frame(at), people)]


def test_each_person_has_a_state_of_their_own_in_any_order():
    lift = TemporalLift(Counting())
    assert hips(lift, 0.0, [person(1), person(2)]) == [1, 1]
    assert hips(lift, 0.1, [person(2)]) == [2]
    assert hips(lift, 0.2, [person(3), person(2), person(1)]) == [1, 3, 2]


def test_a_person_starts_anew_after_a_gap_and_when_the_time_does_not_go_on():
    network = Counting()
    lift = TemporalLift(network)
    assert [hips(lift, t, [person(1)]) for t in (0.0, 0.5, 1.6, 1.6)] == [[1], [2], [1], [1]]
    assert network.first == [[1], [0], [1], [1]]


def test_nobody_is_remembered_from_one_photo_to_another():
    lift = TemporalLift(Counting())
    photos = [replace(frame(n / 30), name=f"{n}.jpg") for n in range(3)]
    found = [lift(photo, [person(1)])[0].joints_mm[1, 2] - JOINTS_MM[1, 2] for photo in photos]
    assert [round(float(one)) for one in found] == [1, 1, 1]


def test_the_time_since_the_last_frame_is_told():
    network = Counting()
    lift = TemporalLift(network)
    for t in (0.0, 1 / 30, 3 / 30):
        lift(frame(t), [person(1)])
    assert network.steps[1] == [pytest.approx(0, abs=1e-5)]
    assert network.steps[2] == [pytest.approx(np.log(2), abs=1e-5)]


def test_who_has_no_place_in_space_or_other_joints_is_left_as_they_are():
    lift = TemporalLift(Counting())
    names = tuple(f"j{n}" for n in range(17))
    other = Skeleton("other", names, (-1, *range(16)), tuple(range(17)))
    people = [person(1, root_mm=None), person(2), person(3, skeleton=other)]
    found = lift(frame(0.0), people)
    assert found[0] is people[0]
    assert found[2] is people[2]
    assert found[1].std_mm.shape == (17, 3)
    np.testing.assert_array_equal(found[1].pixels, people[1].pixels)


def test_deviations_lie_along_the_axes_of_the_frames_camera():
    def network(features, state):
        answer = np.zeros((len(features), ANSWERS), np.float32)
        answer[:, 52:-1].reshape(-1, 17, 3)[..., 2] = np.log(0.2)  # along the ray to the root
        answer[:, 52:-1].reshape(-1, 17, 3)[..., :2] = np.log(0.01)
        return answer, state

    far_left = person(1, root_mm=np.array([-3000, 0, 3000], np.float32))
    (found,) = TemporalLift(network)(frame(0.0), [far_left])
    np.testing.assert_allclose(found.std_mm[0, [0, 2]], 200 / np.sqrt(2), rtol=0.01)
    assert found.std_mm[0, 1] == pytest.approx(10, rel=0.01)


@pytest.fixture
def copy(tmp_path):
    """The shipped lift, to be damaged."""
    file = paths.weights_file(lift_network.NAME)
    for one in (file, file.with_suffix(".json")):
        shutil.copy(one, tmp_path)
    return tmp_path / file.name


def test_both_runtimes_say_the_same(copy):
    rng = np.random.default_rng(0)
    features = rng.normal(0, 0.5, (3, lift_network.FEATURES)).astype(np.float32)
    state = rng.normal(0, 0.5, (2, 3, lift_network.WIDTH)).astype(np.float32)
    content = lift_network.verified(copy)
    one, two = lift_network._in_onnxruntime(content), lift_network._in_openvino(content)
    for a, b in zip(one(features, state), two(features, state), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-4)


def test_a_person_alone_and_among_others_gets_the_same_answer(copy):
    step = lift_network.open_lift(copy)
    lone, many = TemporalLift(step), TemporalLift(step)
    for n in range(3):
        (alone,) = lone(frame(n / 30), [person(1, 500.0)])
        among = many(frame(n / 30), [person(2), person(1, 500.0)])[1]
        np.testing.assert_allclose(alone.joints_mm, among.joints_mm, atol=0.05)


@pytest.mark.parametrize("wrong", ["file", "card", "missing", "version"])
def test_a_file_that_is_not_the_lift_is_refused(copy, wrong):
    card = copy.with_suffix(".json")
    facts = json.loads(card.read_text())
    if wrong == "file":
        copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    elif wrong == "missing":
        copy.unlink()
    else:
        card.write_text(
            json.dumps(facts | ({"model": "x"} if wrong == "card" else {"features": 7}))
        )
    with pytest.raises(EngineMismatch, match="temporal-lift") as refused:
        lift_network.open_lift(copy)
    assert "\n" not in str(refused.value)


def test_poses_do_not_depend_on_what_ran_in_the_process_before(tmp_path):
    program = """
import sys
import edge3dpose
if sys.argv[1] == "after":
    import openvino
options = {"cut": 1, "precision": "fp32", "backend": "onnxruntime", "threads": 1}
with edge3dpose.PoseEstimator(**options, engines=sys.argv[2]) as pose:
    pose.run("sample", outputs={"jsonl": sys.argv[3]})
"""
    found = []
    for when in ("alone", "after"):
        file = tmp_path / f"{when}.jsonl"
        words = [when, str(tmp_path / "engines"), str(file)]
        subprocess.run([sys.executable, "-c", program, *words], check=True)
        found.append(file.read_bytes())
    assert found[0] == found[1]
