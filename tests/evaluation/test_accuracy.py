"""Errors of networks that are wrong by a known amount."""

import numpy as np
import pytest
import tiny_model

from edge3dpose.camera import project
from edge3dpose.errors import EngineMismatch
from edge3dpose.evaluation.accuracy import LIMBS, Label, agreement_by_cut, errors_by_cut, torso_px
from edge3dpose.evaluation.predictions import Person, predict
from edge3dpose.runtime.all_heads import open_heads
from edge3dpose.types import Camera

SPEC = tiny_model.SPEC


def people(count, seed=0, scale=1.0):
    """People in crops whose side spans 2.25 m times scale at the root."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        depth = rng.uniform(2500, 5000)
        focal = SPEC.input_size * depth / (SPEC.crop_side_mm * scale)
        camera = Camera((focal, focal), (rng.uniform(20, 44), rng.uniform(20, 44)))
        joints = rng.uniform(-500, 500, (17, 3))
        at_root = (np.array([32, 32]) - camera.centre_px) / focal * depth
        joints[0] = 0
        joints += [*at_root, depth]
        image = np.zeros((SPEC.input_size, SPEC.input_size, 3), np.uint8)
        yield Person(image, camera, depth, joints.astype(np.float32), np.ones(17, bool))


def truth(person):
    """What a perfect network says: u, v, z, score."""
    uv = project(person.joints_mm, person.camera) / SPEC.input_size
    span = SPEC.input_size * person.root_depth_mm / person.camera.focal_px[0]
    z_range = SPEC.z_range_mm * span / SPEC.crop_side_mm
    z = 0.5 + (person.joints_mm[:, 2] - person.root_depth_mm) / z_range
    z[0] = 0.5 + np.log(span / SPEC.crop_side_mm)
    return np.concatenate([uv, z[:, None], np.ones((17, 1))], axis=1)


def oracle(crowd, change):
    answers = np.stack([truth(person) for person in crowd])
    place = iter(range(0, len(crowd), 4))

    def network(images):
        at = next(place)
        batch = answers[at : at + len(images)]
        return np.stack([batch, change(batch.copy())]).astype(np.float32)

    return network


def errors_of(network, crowd, cuts):
    return errors_by_cut(predict(network, crowd, SPEC, batch=4, passes=1), cuts, root=0)


@pytest.mark.parametrize("scale", [1.0, 0.75, 1.3])
def test_a_perfect_network_has_no_error_at_any_crop_scale(scale):
    crowd = list(people(10, scale=scale))
    error, _ = errors_of(oracle(crowd, lambda b: b), crowd, [1, 2])
    assert error.mpjpe_mm == pytest.approx(0, abs=0.01)
    assert error.pa_mpjpe_mm == pytest.approx(0, abs=0.01)
    assert error.pck150 == 1.0
    assert error.mpjpe_own_depth_mm == pytest.approx(0, abs=0.01)
    assert error.root_depth_error_mm == pytest.approx(0, abs=0.01)
    assert error.auc > 0.96  # 30 of 31 thresholds: rounding misses the one at 0 mm


def test_a_joint_too_deep_by_a_known_share_of_the_range_costs_its_millimetres():
    crowd = list(people(10))

    def deeper(batch):
        batch[:, 13, 2] += 0.1  # 200 mm of the 2 m range, and a little sideways along the ray
        return batch

    right, wrong = errors_of(oracle(crowd, deeper), crowd, [3, 7])
    assert (right.cut, wrong.cut) == (3, 7)
    assert 200 / 17 <= wrong.mpjpe_mm < 230 / 17
    assert wrong.mpjpe16_mm == pytest.approx(wrong.mpjpe_mm * 17 / 16)
    assert wrong.pck150 == pytest.approx(15 / 16)


def test_a_wrong_distance_costs_only_the_figures_that_are_of_it():
    crowd = list(people(12, scale=1.2))

    def nearer(batch):
        batch[:, 0, 2] += np.log(0.9)
        return batch

    right, wrong = errors_of(oracle(crowd, nearer), crowd, [1, 2])
    assert wrong.mpjpe_mm == pytest.approx(right.mpjpe_mm, abs=0.01)
    assert wrong.root_depth_error == pytest.approx(0.1, abs=1e-3)
    assert 250 < wrong.root_depth_error_mm < 500
    assert wrong.mpjpe_own_depth_mm > 20


def test_who_leans_is_looked_at_again_in_a_turned_crop():
    """The network points at a bright pixel, and says of all else that it lies to the right."""
    image = np.zeros((64, 64, 3), np.uint8)
    image[31:33, 60:62] = 255  # right of the middle; in a crop turned by 90 degrees above it
    lens, joints = Camera((100.0, 100.0), (32.0, 32.0)), np.ones((17, 3), np.float32) * 3000

    def network(images):
        said = np.full((1, len(images), 17, 4), 0.5, np.float32)
        for n, picture in enumerate(images):
            row, column = np.unravel_index(picture[0].argmax(), (64, 64))
            said[0, n, 8, :2] = (column + 0.5) / 64, (row + 0.5) / 64
            said[0, n, 1, :2] = said[0, n, 8, :2]
            said[0, n, 2, 0] = 0.25  # by what it sees, whichever way that is turned
        return said

    person = Person(image, lens, 3000.0, joints, np.ones(17, bool))
    for passes, left in ((1, [-0.25, 0]), (2, [0, -0.25])):
        found = predict(network, [person], SPEC, passes=passes).found_mm[0, 0]
        seen = project(found, lens) / 64 - 0.5
        assert seen[1] == pytest.approx([0.453, 0], abs=0.03)
        assert seen[2] == pytest.approx(left, abs=0.03)


def test_a_joint_outside_the_crop_counts_only_in_the_figure_that_says_so():
    crowd = list(people(4))
    for person in crowd:
        person.inside[13] = False

    def lost(batch):
        batch[:, 13, :2] = 0
        return batch

    _, error = errors_of(oracle(crowd, lost), crowd, [1, 2])
    assert error.mpjpe_mm == pytest.approx(0, abs=0.01)
    assert error.mpjpe_all_joints_mm > 10


def test_every_head_of_a_model_file_answers_in_its_own_row(tmp_path):
    poses = np.random.default_rng(0).uniform(0.2, 0.8, (3, 17, 4))
    heads = open_heads(tiny_model.write(tmp_path, poses))
    outputs = heads(np.ones((3, 3, 64, 64), np.float32))
    assert outputs.shape == (3, 3, 17, 4)
    np.testing.assert_allclose(outputs[:, 2], poses + 1e-3, atol=1e-5)


def test_a_model_file_that_lacks_a_head_is_refused(tmp_path):
    weights = tiny_model.write(tmp_path, np.zeros((2, 17, 4)))
    with pytest.raises(EngineMismatch, match="cut03"):
        open_heads(weights)


def standing():
    pixels = np.random.default_rng(1).uniform(0, 400, (17, 2)).astype(np.float32)
    pixels[[11, 14]] = [[90, 100], [110, 100]]
    pixels[[1, 4]] = [[95, 200], [105, 200]]
    return pixels


def test_agreement_is_in_torso_lengths_and_a_miss_counts():
    label = Label(standing(), np.ones(17, bool))
    assert torso_px(label.pixels[None]) == pytest.approx([100])
    near = label.pixels + np.array([30, 0])
    pixels = np.stack([[near, near, near], [label.pixels, label.pixels, np.full((17, 2), np.nan)]])
    thirty, lost = agreement_by_cut(pixels, [label, label, label], cuts=[1, 24])
    assert (thirty.pck50, thirty.pck20) == (1.0, 0.0)
    assert thirty.median_torsos == pytest.approx(0.3)
    assert lost.pck50 == lost.pck20 == pytest.approx(2 / 3)


def test_frames_and_joints_that_the_teacher_does_not_see_are_left_out():
    label = Label(standing(), np.ones(17, bool))
    label.seen[LIMBS[0]] = False
    pixels = np.stack([label.pixels, np.full((17, 2), np.nan)])[None].copy()
    pixels[0, 0, LIMBS[0]] = 1e4
    (agreement,) = agreement_by_cut(pixels, [label, None], cuts=[5])
    assert agreement.pck20 == 1.0
