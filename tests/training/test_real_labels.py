"""Real people of whom only the 2D is known: labels, crops, and what training makes of them."""

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from edge3dpose import models
from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.training import cards, losses
from edge3dpose.training.checkpoint import Checkpoint, Progress
from edge3dpose.training.data import polarity, real_crops, real_labels, renders
from edge3dpose.training.data.batches import targets_from
from edge3dpose.training.data.label_roi import roi_of
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.mixture import Mixture
from edge3dpose.training.data.picture_dataset import PictureDataset
from edge3dpose.training.data.real_people import RealPeople
from edge3dpose.training.distributed import DistributedContext
from edge3dpose.training.recipes import Recipe
from edge3dpose.training.teacher import teachers as panel
from edge3dpose.training.teacher.agreement import agreed
from edge3dpose.training.teacher.blazepose import Landmarks, Roi
from edge3dpose.training.teacher.teachers import Teachers
from edge3dpose.types import Box, Camera, Frame

SPEC = models.find("sspnet-lite")


def landmarks(shift_px=0.0, hidden=()):
    """A figure 200 px high about (300, 200); some landmarks hidden."""
    rng = np.random.default_rng(0)
    pixels = rng.uniform(-20, 20, (33, 2)) + np.array([300, 200])
    pixels[[11, 12], 1] -= 60
    visibility = np.full(33, 0.9)
    visibility[list(hidden)] = 0.1
    pixels = (pixels + np.array([shift_px, 0])).astype(np.float32)
    world = np.zeros((33, 3), np.float32)
    return Landmarks(pixels, world, visibility, 0.99, Roi((300.0, 200.0), 250.0))


def both(first, second):
    return agreed([panel.of_blazepose(one, 1.0) for one in (first, second)])


def test_a_joint_counts_where_both_teachers_see_it_in_one_place():
    whole = both(landmarks(), landmarks(2.0))
    assert np.isfinite(whole).all()
    assert np.isnan(both(landmarks(), landmarks(30.0))).all()
    half = both(landmarks(hidden=[26, 28]), landmarks())  # right knee and ankle
    assert np.isnan(half[[2, 3]]).all()
    assert np.isfinite(half[[0, 1, 5, 6, 8, 16]]).all()
    no_hip = both(landmarks(), landmarks(hidden=[23]))
    assert np.isnan(no_hip[[0, 4, 7, 8]]).all()  # what hangs on the left hip


def test_the_crop_of_a_person_shows_the_pelvis_in_the_middle():
    image = np.zeros((400, 600, 3), np.uint8)
    seen = landmarks()
    pelvis = both(seen, seen)[0]
    cv2.circle(image, (round(pelvis[0]), round(pelvis[1])), 4, (255, 255, 255), -1)
    teachers = Teachers(*(lambda image, roi: seen,) * 2)
    crops = real_labels.people_in(Frame(image, 0, 0.0), [Box(200, 100, 400, 300)] * 2, teachers)
    assert len(crops) == 1  # two boxes, one person
    middle = real_crops.CROP / 2
    assert crops[0].pixels[0] == pytest.approx([middle, middle], abs=0.01)
    bright = np.argwhere(crops[0].image[..., 0] > 128).mean(axis=0)
    assert bright == pytest.approx([middle, middle], abs=1.5)


def a_file(tmp_path, count=3):
    """Crops with a white dot at each known joint."""
    crops = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        pixels = rng.uniform(120, 230, (17, 2)).astype(np.float32)
        pixels[5] = np.nan
        image = np.zeros((real_crops.CROP, real_crops.CROP, 3), np.uint8)
        cv2.circle(image, (round(pixels[0, 0] - 0.5), round(pixels[0, 1] - 0.5)), 5, (255,) * 3, -1)
        crops.append(real_crops.RealCrop(image, pixels))
    file = tmp_path / "real.npz"
    real_crops.save(crops, [f"a clip {count}"], file)
    return file, crops


def test_crops_are_read_back_and_a_broken_file_is_named(tmp_path):
    file, crops = a_file(tmp_path)
    back = real_crops.read(file)
    assert len(back) == 3
    for one, other in zip(back, crops, strict=True):
        np.testing.assert_allclose(one.pixels, other.pixels, equal_nan=True)
        assert np.abs(one.image.astype(int) - other.image).mean() < 2
    old = real_crops.teachers(file)  # of a file without teachers: the two that there were
    assert old == ["pose_landmark_heavy.tflite", "pose_landmark_full.tflite"]
    real_crops.save(crops, ["a clip 3"], file, ["one 12", "two 34", "three 56"])
    assert real_crops.teachers(file) == ["one 12", "two 34", "three 56"]
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(BadInput, match="no labelled crops"):
        real_crops.read(file)


def test_the_card_names_the_teachers():
    progress = Progress(real=["a clip 3"], teachers=["one 12", "two 34"])
    card = cards.trained(Checkpoint(Recipe("sspnet", 8, 16), progress, {}))
    assert card["data"]["real_labels"] == "2D alone, where two agree of one 12, two 34"
    old = replace(progress, teachers=[])  # of an old checkpoint
    before = Checkpoint(Recipe("sspnet", 8, 16), old, {})
    assert "BlazePose heavy and full" in cards.trained(before)["data"]["real_labels"]


def test_a_drawn_crop_moves_with_its_joints(tmp_path):
    file, _ = a_file(tmp_path)
    stream = iter(RealPeople(file, 256, 0, DistributedContext(), upright=0.7))
    spread = set()
    for _ in range(30):
        image, uvz, inside = next(stream)
        assert image.shape == (256, 256, 3)
        place = uvz[0, :2] * 256
        if not ((place > 10) & (place < 246)).all():
            continue
        assert inside[0]
        light = image[..., 0].astype(float) - np.median(image)
        rows, columns = np.argwhere(light > 0.6 * light.max()).T
        if len(rows) > 400:
            continue  # noise was drawn over it
        assert math.dist((np.median(columns) + 0.5, np.median(rows) + 0.5), place) < 2.5
        spread.add(round(float(place[0])))
    assert len(spread) > 5


class FewRenders(renders.Renders):
    """Stands in for the renderer: grey pictures with joints in the middle."""

    def __iter__(self):
        while True:
            image = np.full((self.size, self.size, 3), 90, np.uint8)
            yield image, polarity.labels(np.full((17, 3), 0.5)), np.ones(17, bool)


def test_real_pictures_come_in_their_share_and_teach_no_depth(tmp_path):
    file, _ = a_file(tmp_path)
    synthetic, real_people = (
        FewRenders(file, "train", 64, 0),
        RealPeople(file, 64, 0, DistributedContext(), upright=0.7),
    )
    stream = iter(Mixture([synthetic, real_people], [0.75, 0.25], 0))
    samples = [next(stream) for _ in range(400)]
    real = [sample for sample in samples if np.isnan(sample[1][:, :3]).any()]
    assert 0.15 < len(real) / 400 < 0.35
    render = next(sample for sample in samples if not np.isnan(sample[1][:, :3]).any())
    uvz = torch.from_numpy(np.stack([real[0][1], render[1]]))
    inside = torch.from_numpy(np.stack([real[0][2], render[2]]))
    targets = targets_from(uvz, inside)
    assert not targets.valid[0, :, 2].any()
    assert not targets.valid[0, 5].any()
    assert targets.valid[0, 0, :2].all() == bool(inside[0, 0])
    prediction = torch.rand(2, 17, 4, requires_grad=True)
    losses.pose_loss(prediction, targets).backward()
    assert torch.isfinite(prediction.grad).all()
    assert (prediction.grad[0, :, 2] == 0).all()
    assert (prediction.grad[0, 5] == 0).all()  # neither place nor score of an unknown joint


def licensed(tmp_path, count=4):
    """Pictures of people as a data set has them: a dot of its own grey at each joint."""
    lens = Camera((1100.0, 1100.0), (500.0, 500.0))
    labels = []
    for n in range(count):
        rng = np.random.default_rng(n)
        joints = rng.uniform(-400, 400, (17, 3)) + np.array([rng.uniform(-300, 300), 0, 4500])
        joints[0] = [0, 0, 4500]
        pixels = project(joints, lens)
        image = np.zeros((1000, 1000, 3), np.uint8)
        x, y = pixels[9] - 0.5
        cv2.circle(image, (round(x), round(y)), 9, (255,) * 3, -1)
        cv2.imwrite(str(tmp_path / f"{n}.png"), image)
        known = np.ones(17, bool)
        labels.append(LabelledPicture(tmp_path / f"{n}.png", pixels, known, joints, lens, "1", n))
    return labels


def span(uvz, labels):
    """Side of a drawn crop over the 550 px that 2.25 m take at 4.5 m."""
    ratios = [
        np.linalg.norm(np.diff(label.pixels, axis=0), axis=1)
        / np.linalg.norm(np.diff(uvz[:, :2], axis=0), axis=1)
        for label in labels
    ]
    return min(ratios, key=np.std).mean() / 550


def test_a_long_clip_counts_as_the_root_of_its_crops(tmp_path):
    _, crops = a_file(tmp_path)
    file = tmp_path / "two.npz"
    light, dark = (np.full_like(crops[0].image, grey) for grey in (250, 20))
    crops = [real_crops.RealCrop(light if n < 4 else dark, crops[n % 3].pixels) for n in range(20)]
    real_crops.save(crops, ["short.mp4 abc 4", "long.mp4 abc 16"], file)
    stream = iter(RealPeople(file, 32, 0, DistributedContext(), upright=0.7))
    bright = np.mean([next(stream)[0][16, 16, 0] > 128 for _ in range(600)])
    assert 0.25 < bright < 0.42  # 2 : 4, not 4 : 16
    real_crops.save(crops, ["short.mp4 abc 4"], file)
    with pytest.raises(BadInput, match="20 crops"):
        next(iter(RealPeople(file, 32, 0, DistributedContext(), upright=0.7)))


def test_a_data_sets_pictures_become_crops_with_exact_joints(tmp_path):
    labels = licensed(tmp_path)
    stream = iter(PictureDataset(labels, SPEC, 0, DistributedContext(), upright=0.7))
    checked = 0
    for _ in range(30):
        image, uvz, inside = next(stream)
        assert uvz[0, 2] == pytest.approx(0.5 + math.log(span(uvz, labels)), abs=1e-3)
        assert np.isfinite(uvz[:, :3]).all()
        light = image[..., 0].astype(float) - np.median(image)
        rows, columns = np.argwhere(light > 0.6 * light.max()).T
        place = uvz[9, :2] * 256
        if inside[9] and len(rows) < 300 and ((place > 8) & (place < 248)).all():
            assert math.dist((np.median(columns) + 0.5, np.median(rows) + 0.5), place) < 2.5
            checked += 1
    assert checked > 8


def test_the_roi_of_a_2d_label_follows_from_the_bones():
    person = standing_mm() + np.array([0, 0, 4000])
    lens = Camera((1100.0, 1100.0), (500.0, 500.0))
    pixels, known = project(person, lens), np.ones(17, bool)
    both = LabelledPicture(Path("a.png"), pixels, known, person, lens, "", 0)
    flat = LabelledPicture(Path("a.png"), pixels, known, None, None, "", 0)
    exact, guessed = (roi_of(one, SPEC) for one in (both, flat))
    assert exact[2] == pytest.approx(2250 * 1100 / 4000)
    assert guessed[2] == pytest.approx(exact[2], rel=0.1)
    known = known & (np.arange(17) < 3)
    assert roi_of(replace(flat, known=known), SPEC) is None


def test_a_data_set_without_its_pictures_is_named(tmp_path):
    labels = [replace(one, image=tmp_path / "gone.jpg") for one in licensed(tmp_path, 1)]
    with pytest.raises(BadInput, match=r"none of 1 labelled pictures is there.*gone\.jpg"):
        PictureDataset(labels, SPEC, 0, DistributedContext(), upright=0.7)


def standing_mm():
    """A person of average bones who faces the camera, y down."""
    return np.array([
        *((0, 0, 0), (-111, 0, 0), (-111, 391, 0), (-111, 816, 0), (111, 0, 0), (111, 391, 0)),
        *((111, 816, 0), (0, -164, 0), (0, -558, 0), (0, -661, 0), (0, -815, 0)),
        *((195, -540, 0), (195, -280, 0), (195, -51, 0)),
        *((-195, -540, 0), (-195, -280, 0), (-195, -51, 0)),
    ], float)  # fmt: skip
