"""Readers of what the owners of data sets hand out: on files written here in their form."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
scipy_io = pytest.importorskip("scipy.io", reason="the matlab extra is not installed")
h5py = pytest.importorskip("h5py", reason="the matlab extra is not installed")

from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.training.data import mpi_inf_3dhp_mat
from edge3dpose.training.datasets import mpi_inf_3dhp, mpii
from edge3dpose.types import Camera

LENS = Camera((1497.7, 1497.1), (1024.7, 1051.4))
CALIBRATION = """Skeleton Camera Calibration File
name          0
  sensor      10 10
  size        2048 2048
  animated    0
  intrinsic   1497.7 0 1024.7 0 0 1497.1 1051.4 0 0 0 1 0 0 0 0 1
  extrinsic   1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1
  radial      0
name          1
  sensor      10 10
  size        2048 2048
  animated    0
  intrinsic   1500 0 1000 0 0 1500 1000 0 0 0 1 0 0 0 0 1
  extrinsic   1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1
  radial      0
"""


def people(count, joints):
    random = np.random.default_rng(joints)
    middle = random.uniform((-900, -500, 3000), (900, 500, 5500), (count, 1, 3))
    return middle + random.uniform(-800, 800, (count, joints, 3))


def sequence(folder, count=3):
    """annot.mat of two cameras, the second one seeing other things."""
    folder.mkdir(parents=True)
    space = [people(count, 28), people(count, 28) + np.array([0, 0, 500])]
    lenses = [LENS, Camera((1500.0, 1500.0), (1000.0, 1000.0))]
    cells = {"annot2": np.empty((2, 1), object), "annot3": np.empty((2, 1), object)}
    for number, (joints, lens) in enumerate(zip(space, lenses, strict=True)):
        cells["annot2"][number, 0] = project(joints, lens).reshape(count, 56)
        cells["annot3"][number, 0] = joints.reshape(count, 84)
    scipy_io.savemat(folder / "annot.mat", cells)
    (folder / "camera.calibration").write_text(CALIBRATION)
    return space


def test_a_training_sequence_of_3dhp_gives_each_camera_its_lens(tmp_path):
    space = sequence(tmp_path / "S2" / "Seq1")
    sequence(tmp_path / "S8" / "Seq1")
    found = list(mpi_inf_3dhp.open_dataset(tmp_path, "train"))
    assert len(found) == 6
    assert {one.subject for one in found} == {"2"}
    last = found[-1]
    expected = space[1][2][list(mpi_inf_3dhp_mat.ORDER_28)]
    np.testing.assert_allclose(last.joints_mm, expected)
    assert np.abs(project(last.joints_mm, last.camera) - last.pixels).max() < 0.1
    picture = tmp_path / "S2" / "Seq1" / "imageFrames" / "video_1" / "frame_000003.jpg"
    assert (last.image, last.frame) == (picture, 2)
    assert [one.subject for one in mpi_inf_3dhp.open_dataset(tmp_path, "test")] == ["8"] * 6


def test_the_test_set_of_3dhp_is_its_valid_frames_with_a_lens_found_from_the_labels(tmp_path):
    folder = tmp_path / "mpi_inf_3dhp_test_set" / "TS1"
    folder.mkdir(parents=True)
    joints = people(40, 17)
    valid = np.arange(40) % 2
    with h5py.File(folder / "annot_data.mat", "w") as file:
        file["annot2"] = project(joints, LENS)[:, None]
        file["annot3"] = joints[:, None]
        file["valid_frame"] = valid[:, None].astype(float)
    found = list(mpi_inf_3dhp.open_dataset(tmp_path, "test"))
    assert [one.frame for one in found] == list(range(1, 40, 2))
    assert found[0].image == folder / "imageSequence" / "img_000002.jpg"
    np.testing.assert_allclose(found[0].joints_mm, joints[1][list(mpi_inf_3dhp.ORDER)])
    assert np.abs(project(found[3].joints_mm, found[3].camera) - found[3].pixels).max() < 0.1


def struct(**fields):
    """A MATLAB struct array: fields are lists of equal length."""
    count = len(next(iter(fields.values())))
    rows = np.empty((1, count), [(name, object) for name in fields])
    for name, values in fields.items():
        for n, value in enumerate(values):
            rows[0, n][name] = value
    return rows


def test_mpii_gives_the_training_pictures_people_in_our_order(tmp_path):
    points = struct(
        x=[100.5 + k for k in (6, 9, 2)], y=[200.0] * 3, id=[6, 9, 2], is_visible=[1, 1, 0]
    )
    person = struct(annopoints=[struct(point=[points])], scale=[3.1])
    nobody = struct(scale=[2.0])
    lists = struct(
        image=[struct(name=["a.jpg"]), struct(name=["b.jpg"]), struct(name=["c.jpg"])],
        annorect=[person, nobody, person],
    )
    release = struct(annolist=[lists], img_train=[np.array([[1, 1, 0]])])
    file = tmp_path / "mpii_human_pose_v1_u12_1.mat"
    scipy_io.savemat(file, {"RELEASE": release})
    (one,) = mpii.open_dataset(file, "train")
    assert one.image == tmp_path / "images" / "a.jpg"
    assert np.flatnonzero(one.known).tolist() == [0, 1, 10]  # pelvis, right hip, head top
    assert one.pixels[10] == pytest.approx([109.0, 199.5])
    assert one.joints_mm is None
    with pytest.raises(BadInput, match="no test pictures"):
        list(mpii.open_dataset(file, "test"))


def test_files_that_are_not_theirs_are_named_in_one_line(tmp_path):
    folder = tmp_path / "S1" / "Seq1"
    sequence(folder)
    (folder / "camera.calibration").write_text("nothing")
    with pytest.raises(BadInput, match="has no camera 0"):
        list(mpi_inf_3dhp.open_dataset(tmp_path, "train"))
    (folder / "annot.mat").write_bytes(b"no matrix at all" * 20)
    with pytest.raises(BadInput, match=r"annot\.mat"):
        list(mpi_inf_3dhp.open_dataset(tmp_path, "train"))
    scipy_io.savemat(folder / "annot.mat", {"other": 1})
    with pytest.raises(BadInput, match="no annot2"):
        list(mpi_inf_3dhp.open_dataset(tmp_path, "train"))
    test = tmp_path / "TS1" / "annot_data.mat"
    test.parent.mkdir()
    test.write_bytes(b"nothing")
    with pytest.raises(BadInput, match=r"MATLAB 7\.3"):
        list(mpi_inf_3dhp.open_dataset(tmp_path, "test"))
    with pytest.raises(BadInput, match="no RELEASE"):
        list(mpii.open_dataset(folder / "annot.mat", "train"))
