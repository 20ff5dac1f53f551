"""Bone lengths over time, and the body that fits them."""

import json

import moving
import numpy as np
import pytest

import edge3dpose
from edge3dpose.errors import BadInput
from edge3dpose.shape import body, body_shape, bones, fit
from edge3dpose.shape.skeleton import BONES
from edge3dpose.skeletons import H36M17
from edge3dpose.tracks import read_track

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def walk():
    """Joints (90, 17, 3) of a stick adult in motion, camera axes, mm."""
    return moving.joints_mm(RNG(1), moving.stick_rig())


@pytest.fixture(scope="module")
def anny_people():
    """(height in mm, rig) of bodies that are not among those the components come from."""
    pytest.importorskip("anny", reason="anny is not installed (extra train)")
    pytest.importorskip("torch", reason="torch is not installed (extra train)")
    from edge3dpose.training.synthesis import bodies, body_shapes
    from edge3dpose.training.synthesis.skinning import BodyRig

    model = bodies.open_anny()
    mesh = bodies.base_mesh(model)
    people = []
    for number in range(8):
        person = bodies.draw_body(model, number)
        skin = person.vertices_m[: bodies.BODY_VERTICES]
        top = skin[skin[:, 1].argmax()]
        parents = tuple(map(int, mesh.bone_parents))
        rig = BodyRig(mesh.bone_names, parents, person.heads_m, top)
        people.append((1000 * body_shapes.height_m(person), rig))
    return people


def heights_off(people, noise_mm=0.0, **options):
    """(error of the height, said deviation) of each person, mm."""
    found = []
    for number, (height, rig) in enumerate(people):
        rng = RNG(number)
        joints = moving.joints_mm(rng, rig)
        joints = joints + rng.normal(0, noise_mm, joints.shape)
        shape = edge3dpose.fit_shape(moving.poses_of(joints), **options)
        found.append((shape.height_mm - height, shape.height_std_mm))
    return np.array(found)


def test_the_height_of_true_joints_is_within_3_cm(anny_people):
    off, said = heights_off(anny_people, scale_std=0).T
    assert np.median(np.abs(off)) < 30
    assert np.median(np.abs(off)) < 15  # it is some mm
    assert (np.abs(off) < 5 * said).all()


def test_with_a_guessed_size_the_height_is_little_more_than_an_adults(anny_people):
    off, said = heights_off(anny_people).T
    assert (said > 45).all()
    assert (np.abs(off) < 3 * said).all()


def test_noise_makes_everything_less_sure(walk):
    before = None
    for noise_mm in (0, 30, 90):
        joints = walk + RNG(0).normal(0, noise_mm, walk.shape)
        shape = edge3dpose.fit_shape(moving.poses_of(joints), scale_std=0)
        stds = np.array([shape.height_std_mm, *(limb.std_mm for limb in shape.limbs)])
        assert before is None or (stds > before).all()
        before = stds


def test_seconds_make_it_surer_and_frames_of_one_second_do_not(walk):
    joints = walk + RNG(0).normal(0, 30, walk.shape)
    score = np.ones((90, 17))
    short = bones.bone_lengths(np.arange(90) / 90, joints, score)
    long = bones.bone_lengths(np.arange(90) / 10, joints, score)
    assert (short.seconds, long.seconds) == (1, 9)
    assert (long.std_mm < short.std_mm).all()
    assert np.array_equal(long.length_mm, short.length_mm)


def test_bone_lengths_are_those_of_the_rig(walk):
    found = bones.bone_lengths(np.arange(90) / 30, walk, np.ones((90, 17)))
    at = dict(zip(bones.NAMES, found.length_mm, strict=True))
    assert at["thigh"] == pytest.approx(1000 * np.hypot(0.02, 0.4), abs=1)
    assert at["forearm"] == pytest.approx(1000 * np.hypot(0.17, 0.2), abs=1)


def test_joints_that_are_not_seen_hardly_count(walk):
    joints, score = walk.copy(), np.ones((90, 17))
    wrist = H36M17.index("left_wrist")
    joints[:60, wrist] += 200  # the score says so
    score[:60, wrist] = 0.05
    true = bones.bone_lengths(np.arange(90) / 30, walk, np.ones((90, 17)))
    found = bones.bone_lengths(np.arange(90) / 30, joints, score)
    assert found.length_mm == pytest.approx(true.length_mm, abs=1)


def test_limbs_that_differ_from_the_usual_are_told_as_they_are(walk):
    shape = edge3dpose.fit_shape(moving.poses_of(walk), scale_std=0)
    assert shape.limb("thigh").length_mm == pytest.approx(400.5, abs=4)
    assert shape.limb("shin").length_mm == pytest.approx(400.5, abs=4)
    rest = bones.pair_lengths(shape.body.joints_mm)
    assert rest[bones.PAIR_SEGMENT == 1] == pytest.approx(shape.limb("thigh").length_mm, abs=0.1)
    with pytest.raises(KeyError, match="there is: hip, thigh"):
        shape.limb("tail")


@pytest.mark.parametrize("height_mm", [1200.0, 1780.0, 2100.0])
def test_a_given_height_is_exact_and_the_rest_follows_it(walk, height_mm):
    shape = edge3dpose.fit_shape(moving.poses_of(walk), height_mm=height_mm)
    usual = edge3dpose.fit_shape(moving.poses_of(walk), height_mm=1700)
    assert (shape.height_mm, shape.height_std_mm) == (height_mm, 0)
    assert shape.given == ("height",)
    share = shape.limb("thigh").length_mm / usual.limb("thigh").length_mm
    assert share == pytest.approx(height_mm / 1700, rel=0.1)  # short people have short legs
    skin = shape.body.vertices_mm[:, 1]
    assert skin.max() - skin.min() == pytest.approx(height_mm, rel=0.01)
    assert "as given" in shape.text


def test_the_result_says_what_was_known(walk, tmp_path):
    people = [[pose] for pose in moving.poses_of(walk)]
    assumed = {"measured": [], "assumed": ["60 degrees"]}
    path = moving.write_poses(tmp_path / "a.jsonl", people, camera=assumed)
    shape = edge3dpose.fit_shape(path)
    assert shape.given == ()
    assert shape.girth == "not measured"
    assert "a guess" in shape.text
    measured = {"measured": ["focal_px"], "assumed": []}
    path = moving.write_poses(tmp_path / "b.jsonl", people, camera=measured, height_mm=1700)
    shape = edge3dpose.fit_shape(path)
    assert shape.given == ("height", "camera")
    assert shape.height_mm == 1700
    assert edge3dpose.fit_shape(path, height_mm=1600).height_mm == 1600
    assert json.loads(json.dumps(shape.to_dict()))["limbs"]["forearm"]["length_mm"] > 200


def test_the_person_is_the_one_asked_for_else_who_is_seen_most(walk):
    small = walk * 0.8
    frames = [pose for pose in moving.poses_of(walk)] + moving.poses_of(small[:40], track_id=7)
    assert edge3dpose.fit_shape(frames).track_id == 3
    other = edge3dpose.fit_shape(frames, track_id=7, scale_std=0)
    assert other.frames == 40
    assert other.limb("thigh").length_mm == pytest.approx(0.8 * 400.5, abs=8)
    with pytest.raises(BadInput, match="no person 5; there is: 3, 7"):
        edge3dpose.fit_shape(frames, track_id=5)


def test_what_cannot_be_is_one_line(walk, tmp_path):
    whole = moving.write_poses(tmp_path / "a.jsonl", [[p] for p in moving.poses_of(walk[:9])])
    cut = tmp_path / "cut.jsonl"
    cut.write_text(whole.read_text()[:-300] + "\n")
    nobody = moving.write_poses(tmp_path / "nobody.jsonl", [[], [], []])
    point = moving.poses_of(np.zeros((3, 17, 3)))
    nan = moving.poses_of(np.full((3, 17, 3), np.nan))
    for poses, words in (
        (cut, "line 10 is no frame"),
        (nobody, r"nobody is in .*nobody.jsonl \(3 frames\)"),
        (tmp_path / "none.jsonl", "no poses file"),
        ([], "nobody is in the poses"),
        (point, "of no body: hip is 0 mm"),
        (nan, "no finite numbers"),
        ([1], "poses holds a int"),
        (3, "poses is a int"),
    ):
        with pytest.raises(BadInput, match=words) as caught:
            edge3dpose.fit_shape(poses)
        assert "\n" not in str(caught.value)
    for wrong in ({"height_mm": 20}, {"height_mm": "tall"}, {"scale_std": -1}, {"track_id": "a"}):
        with pytest.raises(BadInput):
            edge3dpose.fit_shape(whole, **wrong)


def test_a_header_cannot_give_an_impossible_height(walk, tmp_path):
    people = [[pose] for pose in moving.poses_of(walk)]
    for height in (True, "1700", 9e9, None):
        path = moving.write_poses(tmp_path / "a.jsonl", people, height_mm=height)
        assert "height" not in edge3dpose.fit_shape(path).given


def test_small_bodies_are_adults_made_smaller_as_a_whole(walk):
    adult = edge3dpose.fit_shape(moving.poses_of(walk), scale_std=0)
    child = edge3dpose.fit_shape(moving.poses_of(walk * 0.5), scale_std=0)
    assert child.height_mm == pytest.approx(0.5 * adult.height_mm, rel=0.02)
    assert np.ptp(child.body.vertices_mm[:, 1]) == pytest.approx(child.height_mm, rel=0.01)


def test_any_lengths_give_a_body_or_one_line():
    rng = RNG(0)
    fitted, refused = 0, []
    for _ in range(60):
        lengths = np.exp(rng.uniform(np.log(20), np.log(1400), 10))
        measured = bones.BoneLengths(lengths, lengths * rng.uniform(0.003, 0.5), 30, 1)
        for height_mm in (None, 1700.0):
            try:
                found = fit.fit(measured, rng.choice([0.0, 0.13]), height_mm)
            except BadInput as error:
                refused.append(str(error))
                continue
            fitted += 1
            assert np.isfinite(found.length_mm).all()
            assert (found.length_mm > 0).all()
            assert found.height_std_mm >= 0
    assert fitted > 10
    assert all("of no body" in line for line in refused)


def test_the_body_file_is_small_and_whole():
    model = body.load_model()
    assert body.FILE.stat().st_size < 1.5e6
    assert model.skin_weights.sum(1) == pytest.approx(1)
    assert model.skin_bones.max() == len(BONES) - 1
    assert model.triangles.max() < model.vertices_mm.shape[1]
    mean = body.rest_body(np.zeros(model.components), np.ones(len(bones.NAMES)))
    high = mean.vertices_mm[:, 1]
    assert high.max() - high.min() == pytest.approx(model.height_mm[0], abs=3)
    left, right = mean.joints_mm[H36M17.index("left_wrist")], mean.joints_mm[-1]
    assert left * [-1, 1, 1] == pytest.approx(right, abs=2)
    assert left[0] > 0


def test_a_stretched_bone_takes_its_skin_along():
    factors = np.ones(len(bones.NAMES))
    usual = body.rest_body(np.zeros(10), factors)
    factors[bones.NAMES.index("shin")] = 1.2
    longer = body.rest_body(np.zeros(10), factors)
    shin = bones.pair_lengths(usual.joints_mm)[bones.NAMES.index("shin") == bones.PAIR_SEGMENT]
    lower = usual.vertices_mm[:, 1].min() - longer.vertices_mm[:, 1].min()
    assert lower == pytest.approx(0.2 * shin[0], rel=0.05)
    assert longer.vertices_mm[:, 1].max() == usual.vertices_mm[:, 1].max()


def test_a_shape_file_keeps_what_the_shapes_rest_on(walk):
    shape = edge3dpose.fit_shape(moving.poses_of(walk))
    content = body_shape.file_of([shape], {"source": "clip.mp4", "camera": {}, "joints": []})
    assert content["schema"] == "edge3dpose.shape/1"
    assert content["source"] == "clip.mp4"
    assert "joints" not in content
    assert content["people"][0]["id"] == 3


def test_a_track_is_in_the_order_of_time(walk):
    poses = moving.poses_of(walk[:5])
    track, header = read_track(poses)
    assert header == {}
    assert track.time_s == pytest.approx(np.arange(5) / 30)
    assert track.joints_mm.shape == (5, 17, 3)
    assert track.root_mm.shape == (5, 3)
