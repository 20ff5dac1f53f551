"""Three teachers of 2D: when a joint counts and where it is then."""

import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.training.teacher import agreement, blazepose, movenet, teachers
from edge3dpose.training.teacher.agreement import Opinion

TORSO = 100.0


def person():
    """(17, 2) a torso of 100 px."""
    rng = np.random.default_rng(3)
    pixels = rng.uniform(0, 300, (17, 2))
    pixels[[1, 4]] = [[90, 200], [110, 200]]
    pixels[[11, 14]] = [[120, 100], [80, 100]]
    return pixels


def opinion(pixels, weight=1.0, unsure=()):
    return Opinion(pixels, ~np.isin(np.arange(17), unsure), weight)


def moved(joint, by):
    pixels = person()
    pixels[joint] += by
    return pixels


def test_two_of_three_outvote_the_third():
    others = [opinion(person()), opinion(person())]
    found = agreement.agreed([*others, opinion(moved(13, [40, 0]))])
    np.testing.assert_allclose(found, person())
    split = [opinion(moved(13, [by, 0])) for by in (-40, 0, 40)]
    found = agreement.agreed(split)
    assert np.isnan(found[13]).all()
    assert np.isfinite(np.delete(found, 13, axis=0)).all()
    alone = [opinion(person(), unsure=[13]), opinion(person(), unsure=[13]), opinion(person())]
    assert np.isnan(agreement.agreed(alone)[13]).all()


def test_the_mean_is_weighted_and_the_limit_is_a_share_of_the_torso():
    near, far = agreement.AGREE * TORSO - 0.1, agreement.AGREE * TORSO + 0.1
    found = agreement.agreed([opinion(person(), 3.0), opinion(moved(16, [near, 0]), 1.0)])
    np.testing.assert_allclose(found[16] - person()[16], [near / 4, 0])
    found = agreement.agreed([opinion(person()), opinion(moved(16, [far, 0]))])
    assert np.isnan(found[16]).all()


def test_of_a_chain_the_closer_pair_counts():
    found = agreement.agreed([opinion(moved(3, [by, 0])) for by in (0.0, 10.0, 18.0)])
    np.testing.assert_allclose(found[3] - person()[3], [14, 0])


def test_without_the_trunk_nothing_counts_but_a_pelvis_between_known_hips():
    found = agreement.agreed([opinion(person(), unsure=[11]), opinion(person())])
    np.testing.assert_allclose(found[0], person()[0])
    assert np.isnan(found[1:]).all()
    found = agreement.agreed([opinion(person(), unsure=[4]), opinion(person())])
    assert np.isnan(found).all()


def test_movenet_has_the_limbs_and_the_pelvis():
    rng = np.random.default_rng(0)
    points = movenet.Points(rng.uniform(0, 99, (17, 2)), np.linspace(0.2, 0.9, 17))
    points.pixels[[5, 6, 11, 12]] = [[60, 0], [40, 0], [55, 50], [45, 50]]
    pixels, score = points.joints()
    assert np.isnan(pixels[[7, 8, 9, 10]]).all()
    np.testing.assert_allclose(pixels[[0, 1, 4]], [[50, 50], [45, 50], [55, 50]])
    np.testing.assert_allclose(pixels[[11, 14]], [[60, 5], [40, 5]])  # lower by 0.1 of the torso
    assert score[0] == score[[1, 4]].min()
    for joint, point in ((3, 16), (13, 9), (16, 10)):
        np.testing.assert_allclose(pixels[joint], points.pixels[point], rtol=1e-6)


@pytest.mark.parametrize("name", [*blazepose.SHA256, movenet.FILE])
def test_a_missing_or_another_file_is_one_line(tmp_path, name):
    opened = movenet.open_teacher if name == movenet.FILE else blazepose.open_verified
    with pytest.raises(BadInput, match=f"no teacher at .*{name}; wanted {name}") as caught:
        opened(tmp_path / name)
    assert "\n" not in str(caught.value)
    (tmp_path / name).write_text("no network")
    with pytest.raises(
        BadInput, match=f"{name} is another file .* wanted [0-9a-f]{{12}}"
    ) as caught:
        opened(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_folder_without_teachers_names_the_first(tmp_path):
    with pytest.raises(BadInput, match=r"no teacher at .*pose_landmark_heavy\.tflite"):
        teachers.open_teachers(tmp_path)
