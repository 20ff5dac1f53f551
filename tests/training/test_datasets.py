"""Readers of licensed data sets: on files made here in their form, and on the few real pictures."""

import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from edge3dpose import models
from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.training.data import polarity
from edge3dpose.training.data.lens_fit import fit_lens
from edge3dpose.training.data.picture_dataset import PictureDataset
from edge3dpose.training.datasets import bone_polarity, h36m, mpi_inf_3dhp, mpii
from edge3dpose.training.distributed import DistributedContext
from edge3dpose.types import Camera

TRUTH = Path(__file__).parents[3] / "shared" / "data" / "truth"
real = pytest.mark.skipif(not TRUTH.is_dir(), reason=f"no {TRUTH}: real pictures are not shipped")
LENS = Camera((1145.0, 1143.8), (512.5, 515.5), (-0.207, 0.2478, -0.0014, -0.001, -0.0031))


def people(count: int, seed: int = 0) -> np.ndarray:
    """(count, 17, 3) mm before a camera."""
    random = np.random.default_rng(seed)
    middle = random.uniform((-900, -500, 3500), (900, 500, 6500), (count, 1, 3))
    return middle + random.uniform(-800, 800, (count, 17, 3))


def write_npz(file: Path, names: list[str], joints_mm: np.ndarray, order: tuple[int, ...]) -> None:
    space, seen = np.ones((len(names), 17, 4)), np.ones((len(names), 17, 3))
    space[:, order, :3] = joints_mm / 1000
    seen[:, order, :2] = project(joints_mm, LENS)
    np.savez(file, imgname=np.array(names), part=seen, S=space)


def test_a_lens_is_found_again_from_what_it_showed():
    points = people(30).reshape(-1, 3)
    found, error_px = fit_lens(points, project(points, LENS))
    assert error_px < 1e-3
    assert np.allclose(found.focal_px, LENS.focal_px, atol=0.05)
    assert np.allclose(found.centre_px, LENS.centre_px, atol=0.05)


def test_human36m_npz_gives_millimetres_pixels_and_a_camera(tmp_path):
    names = [f"S9/S9_Walking.54138969/S9_Walking.54138969_{n:06d}.jpg" for n in (1, 65, 66)]
    names.append("S1/S1_Walking.54138969/S1_Walking.54138969_000001.jpg")
    joints = people(4)
    write_npz(tmp_path / "h36m.npz", names, joints, tuple(range(17)))
    found = list(h36m.open_dataset(tmp_path / "h36m.npz", "test"))
    assert [(one.subject, one.frame) for one in found] == [("9", 0), ("9", 64), ("9", 65)]
    assert [one.frame % h36m.TEST_EVERY == 0 for one in found] == [True, True, False]
    assert np.allclose(found[1].joints_mm, joints[1])
    assert np.abs(project(found[1].joints_mm, found[1].camera) - found[1].pixels).max() < 0.1
    assert found[1].image == tmp_path / names[1]


def test_human36m_json_turns_the_world_into_the_camera(tmp_path):
    (tmp_path / "annotations").mkdir()
    turn = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])
    shift, camera_mm = np.array([10.0, 20, 4000]), people(1)[0]
    world = (camera_mm - shift) @ turn
    camera = {"R": turn.tolist(), "t": shift.tolist(), "f": [1145, 1144], "c": [512, 515]}
    keys = {"action_idx": 2, "subaction_idx": 1, "frame_idx": 64, "cam_idx": 3}
    stem = tmp_path / "annotations" / "Human36M_subject11"
    for kind, content in {
        "data": {"images": [{"file_name": "s_11/a.jpg", **keys}]},
        "camera": {"3": camera},
        "joint_3d": {"2": {"1": {"64": world.tolist()}}},
    }.items():
        Path(f"{stem}_{kind}.json").write_text(json.dumps(content), encoding="utf-8")
    (one,) = h36m.open_dataset(tmp_path, "test")
    assert (one.subject, one.frame, one.image) == ("11", 64, tmp_path / "images" / "s_11" / "a.jpg")
    assert np.allclose(one.joints_mm, camera_mm)
    assert np.allclose(one.pixels, project(camera_mm, one.camera))


def test_mpi_inf_3dhp_comes_in_our_order(tmp_path):
    joints, names = people(2), ["S8_Seq1_Cam8_002165.jpg", "S1_Seq2_Cam0_000001.jpg"]
    write_npz(tmp_path / "3dhp.npz", names, joints, mpi_inf_3dhp.ORDER)
    (one,) = mpi_inf_3dhp.open_dataset(tmp_path / "3dhp.npz", "test")
    assert np.allclose(one.joints_mm, joints[0])
    assert one.frame == 2164


def test_mpii_gives_pixels_of_the_joints_that_both_have(tmp_path):
    (tmp_path / "annot").mkdir()
    joints = [[10 * n + 1, 5 * n + 1] for n in range(16)]
    seen = [1] * 15 + [0]  # not the left wrist
    listed = [{"image": "a.jpg", "joints": joints, "joints_vis": seen}]
    (tmp_path / "annot" / "valid.json").write_text(json.dumps(listed))
    (one,) = mpii.open_dataset(tmp_path, "test")
    assert one.image == tmp_path / "images" / "a.jpg"
    assert one.pixels[0].tolist() == [60.5, 30.5]  # pelvis: its seventh, counted from 1
    assert one.pixels[10].tolist() == [90.5, 45.5]  # head top
    assert np.flatnonzero(~one.known).tolist() == [7, 9, 13]
    assert one.joints_mm is None
    with pytest.raises(BadInput, match=r"train\.json"):
        list(mpii.open_dataset(tmp_path, "train"))


@pytest.mark.parametrize("reader", [h36m, mpi_inf_3dhp])
def test_another_file_is_one_line(tmp_path, reader):
    np.savez(tmp_path / "other.npz", imgname=np.array(["a.jpg"]))
    (tmp_path / "text.npz").write_text("no npz")
    np.savez(tmp_path / "pickled.npz", imgname=np.array([{"a": 1}], object))
    for name in ("other.npz", "text.npz", "pickled.npz", "gone.npz"):
        with pytest.raises(BadInput) as caught:
            list(reader.open_dataset(tmp_path / name, "test"))
        assert "\n" not in str(caught.value)


class Plain(pickle.Unpickler):
    """Arrays and built-in values, nothing else."""

    def find_class(self, module: str, name: str):
        if module.startswith("numpy") and name in ("_reconstruct", "ndarray", "dtype", "scalar"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def as_published(joints_mm: np.ndarray, camera: dict) -> np.ndarray:
    """The data set's own lens: its tangential terms are not quite OpenCV's."""
    flat = joints_mm[:, :2] / joints_mm[:, 2:]
    r2 = (flat**2).sum(1, keepdims=True)
    radial = 1 + r2 * camera["k"][0] + r2**2 * camera["k"][1] + r2**3 * camera["k"][2]
    turned = camera["p"].ravel()[::-1]
    bent = flat * (radial + flat @ turned[:, None]) + r2 * turned
    return bent * camera["f"].ravel() + camera["c"].ravel()


@real
def test_real_human36m_labels_agree_with_the_published_cameras():
    with open(TRUTH / "h36m" / "cameras.pkl", "rb") as file:
        cameras = Plain(file).load()
    found = list(h36m.open_dataset(TRUTH / "h36m" / "test_h36m_body3d.npz", "all"))
    assert len(found) == 4
    for one in found:
        published = cameras["S" + one.subject, one.image.name.split(".")[1].split("_")[0]]
        assert np.abs(as_published(one.joints_mm, published) - one.pixels).max() < 0.1
        assert np.abs(project(one.joints_mm, one.camera) - one.pixels).max() < 0.1
        assert np.allclose(one.camera.focal_px, published["f"].ravel(), rtol=5e-3)


def bone_mm(one, start: int, end: int) -> float:
    return float(np.linalg.norm(one.joints_mm[start] - one.joints_mm[end]))


@real
def test_real_mpi_inf_3dhp_people_have_limbs_of_human_length():
    found = list(mpi_inf_3dhp.open_dataset(TRUTH / "mpi_inf_3dhp" / "test_3dhp_train.npz", "all"))
    assert len(found) == 2
    for one in found:
        bones = ((1, 2), (2, 3), (4, 5), (5, 6), (11, 12), (12, 13), (14, 15), (15, 16))
        lengths = [bone_mm(one, start, end) for start, end in bones]
        assert all(180 < length < 550 for length in lengths)  # markerless truth: left is not right
        assert min(lengths[:4]) > max(lengths[5::2])  # a leg's bone is longer than a forearm
        assert np.abs(project(one.joints_mm, one.camera) - one.pixels).max() < 5  # whole pixels


def test_bones_with_a_polarity_label_are_read(tmp_path):
    rng = np.random.default_rng(0)
    part = np.concatenate([rng.uniform(20, 180, (2, 17, 2)), np.ones((2, 17, 1))], axis=2)
    part[:, 9, 2] = 0
    signs = rng.integers(-1, 2, (2, 14)).astype(np.float32)
    signs[1, 3] = np.nan
    names = np.array(["a.png", "b.png"])
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.zeros((200, 200, 3), np.uint8))
    file = tmp_path / "bones.npz"
    np.savez(file, imgname=names, part=part, polarity=signs)
    labels = list(bone_polarity.open_dataset(file, "train"))
    assert [one.image.name for one in labels] == ["a.png", "b.png"]
    assert not labels[0].known[9]
    np.testing.assert_array_equal(labels[1].bones, signs[1])
    stream = iter(
        PictureDataset(labels, models.find("hemlets-edge"), 0, DistributedContext(), upright=0.7)
    )
    for _, (_, drawn, _) in zip(range(6), stream, strict=False):
        labelled = drawn[polarity.CHILDREN, 3]
        assert any(np.array_equal(labelled, one, equal_nan=True) for one in signs)
        assert np.isnan(drawn[:, 2]).all()
    for changes in ({"polarity": signs * 3}, {"polarity": signs[:, :5]}, {"part": part[:, :9]}):
        np.savez(file, **{"imgname": names, "part": part, "polarity": signs, **changes})
        with pytest.raises(BadInput, match="polarity"):
            list(bone_polarity.open_dataset(file, "train"))
    np.savez(file, imgname=names, part=part)
    with pytest.raises(BadInput, match="wanted imgname, part and polarity"):
        list(bone_polarity.open_dataset(file, "train"))
