"""Crowds: ways that do not meet, gaits without a seam, renders with labels that fit."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("moderngl", reason="the train extra is not installed")

from edge3dpose import rotations
from edge3dpose.camera import project
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.training.synthesis import crowd_paths, gaits, render, rig
from edge3dpose.training.synthesis.assets import Clip, load_assets
from edge3dpose.training.synthesis.crowd_files import read_crowds, write_crowds
from edge3dpose.training.synthesis.crowds import CrowdShape, CrowdSynthesizer

SHAPE = CrowdShape(width=320, height=180, fps=10.0, seconds=2.0)


def walk(seconds: float = 4.0, fps: float = 30.0) -> Clip:
    """Someone who walks along x and swings the arms once a second."""
    time_s = np.arange(int(seconds * fps)) / fps
    turns = np.tile(rotations.IDENTITY, (len(time_s), len(rig.SEGMENTS), 1))
    swing = 25 * np.sin(2 * np.pi * time_s)
    turns[:, 1] = rotations.about(np.array([1.0, 0.0, 0.0]), swing)
    path = np.stack([1.2 * time_s, np.ones_like(time_s), 0 * time_s], 1)
    return Clip("walk", turns.astype(np.float16), path.astype(np.float32), fps, 1.0)


def test_a_gait_goes_ahead_and_comes_back_to_its_first_pose():
    clip = walk()
    assert gaits.walks((clip,)) == (clip,)
    assert not gaits.runs((clip,))
    assert not gaits.on_spot((clip,))
    gait = gaits.gait(clip)
    assert gait.speed_m_s == pytest.approx(1.2, rel=0.02)
    assert gait.ahead_m[-1] == pytest.approx(1.2, rel=0.1)  # a swing is a second
    turns = gait.at(np.linspace(0, 5, 500))
    np.testing.assert_allclose(np.linalg.norm(turns, axis=-1), 1, atol=1e-6)
    cosine = np.abs((turns[1:] * turns[:-1]).sum(-1)).clip(0, 1)
    assert np.degrees(2 * np.arccos(cosine)).max() < 8  # no jump where the cycle begins again


def test_nobody_walks_through_another_one_and_people_leave_and_come_back():
    ground = crowd_paths.Ground(0.6, 300, 20.0)
    for seed in range(4):
        ways = crowd_paths.plan(np.random.default_rng(seed), ground, [1.2] * 5)
        nearest = [crowd_paths.clearance_m(way, ways[:n]) for n, way in enumerate(ways)]
        assert min(nearest) > 0.45
        assert {way.role for way in ways} == {"cross", "wander", "stand"}
        for way in ways:
            seen = np.abs(way.place_m[:, 0]) < ground.across * way.place_m[:, 1]
            assert seen.any()
            assert way.place_m[:, 1].min() > crowd_paths.NEAREST_M - 0.5
            if way.role == "cross":
                assert not seen.all()
            speed = np.linalg.norm(np.diff(way.place_m, axis=0), axis=1) * ground.fps
            assert speed.max() < 1.3
            np.testing.assert_allclose(np.diff(way.gone_m) * ground.fps, speed, atol=1e-6)


def test_who_walks_looks_where_he_goes():
    ground = crowd_paths.Ground(0.6, 200, 20.0)
    way = crowd_paths.plan(np.random.default_rng(1), ground, [1.2])[0]
    step = np.diff(way.place_m, axis=0)
    towards = np.stack([np.sin(way.heading_rad), np.cos(way.heading_rad)], 1)[1:]
    brisk = np.linalg.norm(step, axis=1) * ground.fps > 1.0
    cosine = (step * towards).sum(1) / np.linalg.norm(step, axis=1)
    assert np.median(cosine[brisk]) > 0.99


@pytest.fixture(scope="module")
def crowds(stick_file):
    try:
        render.Renderer(16).close()
    except MissingDependency as error:
        pytest.skip(str(error))
    stick = load_assets(stick_file, "held-out")
    people = tuple(replace(stick.people[0], number=number) for number in range(3))
    return CrowdSynthesizer(replace(stick, people=people, clips=(walk(),)), shape=SHAPE)


def test_a_crowd_is_the_same_again_and_its_truth_lies_on_the_people(crowds):
    one, two = (crowds.crowd(0) for _ in range(2))
    pairs = list(zip(one.frames, two.frames, strict=True))
    assert len(pairs) == SHAPE.frames
    for a, b in pairs:
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.joints_mm, b.joints_mm)
        assert a.image.shape == (180, 320, 3)
        assert a.joints_mm.shape == (2, 17, 3)
        assert ((a.hidden >= 0) & (a.hidden <= 1)).all()
        for person in range(2):
            box = a.boxes[person]
            if a.hidden[person] < 0.01:  # whole in the frame: the box holds every joint
                low, high = a.pixels[person].min(0), a.pixels[person].max(0)
                assert (low > box[:2] - 4).all()
                assert (high < box[2:] + 4).all()
            elif a.hidden[person] == 1.0:
                assert not a.visible[person].any()


def test_feet_stand_on_the_ground(crowds):
    for walker in crowds.crowd(1).people:
        for frame in range(0, SHAPE.frames, 5):
            body, pelvis_m = walker.posed(frame)
            ankles = body.joints_m[[3, 6], 1] + pelvis_m[1]
            assert 0 < ankles.min() < 0.25


def test_crowds_are_written_once_and_read_back(crowds, tmp_path):
    (video,) = write_crowds(crowds, tmp_path, range(1))
    written = video.stat().st_mtime_ns
    assert list(write_crowds(crowds, tmp_path, range(1))) == [video]
    assert video.stat().st_mtime_ns == written
    (truth,) = read_crowds(tmp_path)
    assert truth.name == "crowd-000"
    assert truth.size == (320, 180)
    assert truth.hidden.shape == (SHAPE.frames, 2)
    again = project(truth.joints_mm, truth.camera)
    np.testing.assert_allclose(again, truth.pixels, atol=0.05)
    clip = cv2.VideoCapture(str(video))
    first = next(crowds.crowd(0).frames).image
    error = np.abs(clip.read()[1].astype(float) - first).mean()
    clip.release()
    assert error < 8  # of 255, of noise: the video is coded with little loss
    video.write_bytes(b"another")
    with pytest.raises(BadInput, match="another one"):
        read_crowds(tmp_path)


def test_more_people_than_bodies_is_one_line(crowds):
    with pytest.raises(BadInput, match="5 people"):
        crowds.crowd(3)
