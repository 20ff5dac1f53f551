"""Movement, rendered sequences and virtual cameras: smooth, repeatable, with labels that fit."""

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="the train extra is not installed")

from edge3dpose import rotations
from edge3dpose.errors import MissingDependency
from edge3dpose.skeletons import H36M17
from edge3dpose.training.lift import motion_pool
from edge3dpose.training.synthesis import assets, bake, movement, render, rig
from edge3dpose.training.synthesis.assets import Clip
from edge3dpose.training.synthesis.movement import draw_movement
from edge3dpose.training.synthesis.sequences import SequenceSynthesizer, draw_cameras

FPS = 30.0


def walking(seconds=3.0, fps=20.0):
    """A clip that walks along x while the pelvis turns about the vertical."""
    frames = int(seconds * fps)
    turns = np.tile(rotations.IDENTITY, (frames, len(rig.SEGMENTS), 1))
    turns[:] = rotations.about(np.array([0.0, 1.0, 0.0]), np.linspace(0, 90, frames))[:, None]
    path = np.stack([np.linspace(0, 4, frames), np.ones(frames), np.zeros(frames)], 1)
    return Clip("walk", turns.astype(np.float16), path.astype(np.float32), fps, 1.0)


def test_a_captured_movement_keeps_its_speed_at_any_rate(monkeypatch):
    monkeypatch.setattr(movement, "KEYED_SHARE", 0.0)
    monkeypatch.setattr(movement, "SPEED", (1.0, 1.0))
    for fps in (10.0, 30.0, 60.0):
        moved = draw_movement(np.random.default_rng(3), (walking(),), 8, fps)
        step_m = np.linalg.norm(np.diff(moved.root_m, axis=0), axis=1)
        np.testing.assert_allclose(step_m, 4 / (59 / 20) / fps, rtol=0.05)


def test_a_movement_has_no_jumps_and_unit_turns():
    for seed in range(12):
        moved = draw_movement(np.random.default_rng(seed), (walking(),), 90, FPS)
        np.testing.assert_allclose(np.linalg.norm(moved.segments, axis=-1), 1, atol=1e-6)
        cosine = np.abs((moved.segments[1:] * moved.segments[:-1]).sum(-1)).clip(0, 1)
        assert np.degrees(2 * np.arccos(cosine)).max() < 40  # a frame at 30 a second
        assert np.linalg.norm(np.diff(moved.root_m, axis=0), axis=1).max() < 0.2


@pytest.mark.parametrize("seed", range(8))
def test_the_person_stays_before_the_camera(seed):
    path = np.stack([np.linspace(0, 6, 60), np.zeros(60), np.linspace(0, -4, 60)], 1)
    cameras = draw_cameras(np.random.default_rng(seed), 256, path, FPS)
    assert min(camera.translation_m[2] for camera in cameras) > 0.3
    for camera in cameras:
        np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-6)


@pytest.fixture(scope="module")
def stick_people(stick_file):
    try:
        render.Renderer(16).close()
    except MissingDependency as error:
        pytest.skip(str(error))
    return SequenceSynthesizer(stick_file, "train", 96, FPS)


def test_a_sequence_is_the_same_again_and_its_labels_lie_on_the_person(stick_people):
    one, two = (list(stick_people.frames(5, 6)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.joints_mm, b.joints_mm)
    for frame in one:
        in_crop = frame.joints_mm @ (frame.frame.rotation @ frame.crop.rotation.T)
        pelvis = frame.crop.project(in_crop)[0] / 96
        assert np.abs(pelvis - 0.5).max() < 0.1  # the crop is about the pelvis
        # both cameras see the pelvis at the same place
        np.testing.assert_allclose(frame.joints_mm[0], in_crop[0], rtol=1e-6)


def test_bones_over_time_are_those_of_single_poses(stick_file):
    loaded = assets.load_assets(stick_file, "train")
    from edge3dpose.training.synthesis.outfits import Outfits

    body = Outfits(loaded).rig(loaded.people[0])
    moved = draw_movement(np.random.default_rng(0), (walking(),), 5, FPS)
    single = np.stack([body.pose(segments).joints_m for segments in moved.segments])
    np.testing.assert_allclose(body.joints_over_time(moved.segments), single, atol=1e-9)


def test_a_pool_of_motion_keeps_bones_and_looks_from_a_camera(stick_file):
    pool = motion_pool.draw_pool(stick_file, "train", 3)
    assert pool.shape == (3, motion_pool.FRAMES, 17, 3)
    ends, starts = list(range(1, 17)), list(H36M17.parents[1:])
    lengths = np.linalg.norm(pool[:, :, ends] - pool[:, :, starts], axis=-1)
    legs = [ends.index(j) for j in (2, 3, 5, 6)]  # the pelvis is the middle of the hips
    assert np.ptp(lengths[:, :, legs], axis=1).max() < 0.5
    assert (pool[..., 2] > 0).all()


def test_copies_of_held_out_clips_are_not_baked(tmp_path):
    names = ["cmu_11_01", "cmu_01_01", "cmu8_train_walking_1"]
    np.savez(
        tmp_path / "a_segments_f16.npz",
        seg=rig.SEGMENTS,
        names=names,
        start=[0, 2, 4, 6],
        quat=np.tile(np.float16([0, 0, 0, 1]), (6, 22, 1)),
        trans=np.zeros((6, 3), np.float16),
        fps=[30.0, 25.0, 30.0],
    )
    arrays = bake._motion_arrays(tmp_path)
    assert arrays["motion_names"].tolist() == ["cmu_01_01"]
    assert arrays["motion_fps"].tolist() == [25.0]
    assert arrays["motion_quaternions"][0, 0].tolist() == [1, 0, 0, 0]  # w first


def test_a_large_source_counts_less():
    data = {
        "motion_names": np.array(["cmu_01_01", *(f"uiprmd_{n}" for n in range(9))]),
        "motion_quaternions": np.zeros((1000, 22, 4), np.float16),
        "motion_translations": np.zeros((1000, 3), np.float16),
        "motion_fps": np.full(10, 30.0),
        "motion_starts": np.arange(0, 1001, 100),
    }
    clips = assets._clips(data, ("amp_",), False)
    large = sum(clip.share for clip in clips if clip.name.startswith("uiprmd_"))
    assert large / sum(clip.share for clip in clips) == pytest.approx(assets.LARGE_SHARE)
