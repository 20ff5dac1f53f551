"""A standing person seen through several lenses at several places: distance and size come back.

The network of these tests is a perfect one of crops: it sees how tall the person is in the crop and
depths along the line of sight, whatever the lens.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from standing import JOINTS_MM, SPEC

from edge3dpose.camera import frame_from_crop, project, rays
from edge3dpose.runtime.crop_view import view_of_crop
from edge3dpose.runtime.lift import lift
from edge3dpose.types import Camera, UnitPose

CENTRE = (960.0, 540.0)
LENSES = {
    "narrow": Camera((1660.0, 1660.0), CENTRE),
    "phone": Camera((1500.0, 1495.0), CENTRE, (0.12, -0.25, 0.001, -0.0005, 0.12)),
    "wide": Camera((800.0, 800.0), CENTRE, (-0.22, 0.035, 0.0, 0.0, 0.0)),
    "action": Camera((880.0, 880.0), CENTRE, (-0.26, 0.09, 0.0, 0.0, -0.014)),
    "rational": Camera((820.0, 820.0), CENTRE, (5.1, 1.2, 1e-4, -2e-4, 0.03, 5.4, 2.3, 0.2)),
    "fisheye": Camera((560.0, 560.0), CENTRE, (-0.02, 0.003, 0.0, 0.0), fisheye=True),
    "fisheye without terms": Camera((500.0, 500.0), CENTRE, fisheye=True),
}
WIDE = ("wide", "action", "rational", "fisheye", "fisheye without terms")
NARROW_DEG, WIDE_DEG, FISHEYE_DEG = (0, 8), (0, 15, 25, 35, 45), (60, 70)
PLACES = [
    *[(name, angle) for name in ("narrow", "phone") for angle in NARROW_DEG],
    *[(name, angle) for name in WIDE for angle in WIDE_DEG],
    *[(name, angle) for name in WIDE if "fisheye" in name for angle in FISHEYE_DEG],
]


def looking_at(yaw_deg, pitch_deg=0.0):
    """The turn (3, 3) of a camera that looks there into the frame's camera."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    return about_y @ about_x


def seen(camera, turn, distance_mm):
    """A person who faces the camera: joints from the camera, and what the network says of them."""
    ahead = np.array([0.0, 0.0, distance_mm])
    points = (JOINTS_MM.astype(float) + ahead) @ turn.T
    pixels = project(points, camera)
    ankles = [3, 6]
    tall_px = np.linalg.norm(pixels[10] - pixels[ankles].mean(0))
    # in the picture of a plain camera that looks at the person
    flat = JOINTS_MM[:, :2] * (distance_mm / (distance_mm + JOINTS_MM[:, 2:]))
    tall_mm = np.linalg.norm(flat[10] - flat[ankles].mean(0))
    side_px = SPEC.crop_side_mm * tall_px / tall_mm
    uv = 0.5 + (pixels - pixels[0]) / side_px
    z = 0.5 + JOINTS_MM[:, 2:] / SPEC.z_range_mm
    unit = UnitPose(np.concatenate([uv, z], 1).astype(np.float32), np.full(17, 0.9, np.float32))
    place = frame_from_crop(tuple(pixels[0]), side_px, 0.0, SPEC.input_size)
    return points, lift(unit, place.astype(np.float32), camera, SPEC)


def bones_mm(joints):
    pairs = [(n, parent) for n, parent in enumerate(SPEC.skeleton.parents) if parent >= 0]
    return np.array([np.linalg.norm(joints[a] - joints[b]) for a, b in pairs])


@pytest.mark.parametrize("distance_mm", [2500.0, 5000.0])
@pytest.mark.parametrize(("name", "angle"), PLACES)
def test_distance_and_size_do_not_depend_on_the_place(name, angle, distance_mm):
    points, pose = seen(LENSES[name], looking_at(angle), distance_mm)
    assert pose.pixels == pytest.approx(project(points, LENSES[name]), abs=0.05)
    assert np.linalg.norm(pose.root_mm) == pytest.approx(distance_mm, rel=0.01)
    assert np.linalg.norm(pose.root_mm - points[0]) < 0.01 * distance_mm
    size = bones_mm(pose.joints_mm).sum() / bones_mm(points).sum()
    assert size == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("yaw_deg", [-40.0, 40.0])
def test_a_person_at_the_edge_faces_where_they_face(name, yaw_deg):
    points, pose = seen(LENSES[name], looking_at(yaw_deg, 10.0), 3000.0)
    across, true = (joints[14] - joints[11] for joints in (pose.joints_mm, points))  # shoulders
    cosine = across @ true / np.linalg.norm(across) / np.linalg.norm(true)
    assert cosine > np.cos(np.radians(3))


def test_near_the_axis_of_a_plain_camera_nothing_is_turned_or_scaled():
    camera = LENSES["narrow"]
    points, pose = seen(camera, looking_at(6.0, -5.0), 4000.0)
    view = view_of_crop(pose.pixels, pose.pixels[0], camera)
    assert (view.turn == np.eye(3)).all()
    assert view.focal_px == 1660.0


def test_the_camera_that_looks_at_the_person_turns_without_a_jump():
    camera = LENSES["wide"]
    angles = np.arange(0.0, 50.0, 0.25)
    poses = [seen(camera, looking_at(angle), 3000.0)[1] for angle in angles]
    steps = [
        np.abs(after.joints_mm - before.joints_mm).max()
        for before, after in itertools.pairwise(poses)
    ]
    assert (
        max(steps) < 12
    )  # mm for a quarter of a degree; the ramp turns twice as fast as the person


def test_the_turn_takes_the_middle_of_a_far_crop_to_the_axis():
    camera = LENSES["fisheye"]
    middle = project(np.array([2000.0, -900.0, 1200.0]), camera)
    view = view_of_crop(np.tile(middle, (17, 1)), middle, camera)
    assert view.turn @ rays(middle, camera) == pytest.approx([0, 0, 1], abs=1e-9)
    assert view.turn @ view.turn.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.isfinite(view.focal_px)  # joints in one place have no spread
