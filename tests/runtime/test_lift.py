"""From a known body through a crop to the network's cube and back to millimetres."""

from dataclasses import replace

import numpy as np
import pytest

from edge3dpose import models
from edge3dpose.camera import project
from edge3dpose.runtime.lift import lift, roi_scale, units_from_outputs
from edge3dpose.runtime.preprocess import crop_person
from edge3dpose.types import Box, Camera, Frame, UnitPose

SPEC = models.find("sspnet-lite")
CAMERA = Camera((900.0, 900.0), (400.0, 300.0))


def body(depth_mm):
    rng = np.random.default_rng(3)
    joints = rng.uniform(-800, 800, (17, 3))
    joints[0] = 0
    return joints + np.array([250.0, -120.0, depth_mm])


def seen_by_the_network(points_mm, *, wrong_by=1.0, says=None, angle_rad=0.0):
    """Place of the crop of the training rule (times wrong_by) and what a perfect network answers.

    says  its output for the size of the ROI instead of the truth
    """
    depth_mm = points_mm[0, 2]
    side_px = 900.0 * SPEC.crop_side_mm / depth_mm * wrong_by
    pixels = project(points_mm, CAMERA)
    x0, y0 = pixels[0] - side_px / 2
    frame = Frame(np.zeros((600, 800, 3), np.uint8), 0, 0.0)
    box = Box(x0, y0, x0 + side_px, y0 + side_px, angle_rad=angle_rad)
    crop = crop_person(frame, box, SPEC.input_size)
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    uv = 0.5 + (pixels - pixels[0]) / side_px @ np.array([[cos, -sin], [sin, cos]])
    z = 0.5 + (points_mm[:, 2:] - depth_mm) / (SPEC.z_range_mm * wrong_by)
    z[0] = 0.5 + np.log(says or wrong_by)
    xyz = np.concatenate([uv, z], axis=1).astype(np.float32)
    return UnitPose(xyz, np.full(17, 0.9, np.float32)), crop.frame_from_crop


@pytest.mark.parametrize("depth_mm", [2500.0, 4000.0, 9000.0])
def test_a_body_comes_back_to_the_millimetre(depth_mm):
    points = body(depth_mm)
    pose = lift(*seen_by_the_network(points), CAMERA, SPEC)
    assert pose.joints_mm == pytest.approx(points - points[0], abs=1.0)
    assert pose.root_mm == pytest.approx(points[0], abs=1.0)
    assert pose.pixels == pytest.approx(project(points, CAMERA), abs=0.01)
    assert (pose.joints_mm[0] == 0).all()


@pytest.mark.parametrize("wrong_by", [0.8, 1.1, 1.3])
def test_a_network_that_knows_the_rois_size_gives_distance_and_body_in_any_roi(wrong_by):
    points = body(6000.0)
    unit, transform = seen_by_the_network(points, wrong_by=wrong_by)
    pose = lift(unit, transform, CAMERA, SPEC)
    assert pose.root_mm == pytest.approx(points[0], abs=1.5)
    assert pose.joints_mm == pytest.approx(points - points[0], abs=1.5)
    assert roi_scale(unit.xyz, SPEC) == pytest.approx(wrong_by, rel=1e-5)


def test_an_roi_too_large_by_a_tenth_unnoticed_makes_the_body_nine_percent_small():
    points = body(8000.0)
    pose = lift(*seen_by_the_network(points, wrong_by=1.1, says=1.0), CAMERA, SPEC)
    true = points - points[0]
    assert pose.root_mm[2] == pytest.approx(8000 / 1.1, rel=1e-3)
    scale = (pose.joints_mm * true).sum() / (true * true).sum()
    assert scale == pytest.approx(1 / 1.1, rel=0.02)
    assert np.abs(pose.joints_mm * 1.1 - true).mean() < 30


@pytest.mark.parametrize("angle_rad", [-3.0, 0.4, 1.6])
def test_a_turned_roi_gives_the_same_body(angle_rad):
    points = body(5000.0)
    pose = lift(*seen_by_the_network(points, angle_rad=angle_rad), CAMERA, SPEC)
    assert pose.joints_mm == pytest.approx(points - points[0], abs=1.5)
    assert pose.root_mm == pytest.approx(points[0], abs=1.5)
    assert pose.box.angle_rad == pytest.approx(angle_rad, abs=1e-5)
    assert pose.box.x1 - pose.box.x0 == pytest.approx(900 * 2250 / 5000, rel=1e-5)


@pytest.mark.parametrize("angle_rad", [0.0, np.pi / 2])
def test_standard_deviations_are_mm_along_the_cameras_axes(angle_rad):
    unit, place = seen_by_the_network(body(5000.0), wrong_by=1.1, angle_rad=angle_rad)
    assert lift(unit, place, CAMERA, SPEC).std_mm is None
    unit = replace(unit, std=np.tile(np.array([0.02, 0.01, 0.1], np.float32), (17, 1)))
    std = lift(unit, place, CAMERA, SPEC).std_mm
    across, down = 0.02 * 2250 * 1.1, 0.01 * 2250 * 1.1
    wanted = [down, across] if angle_rad else [across, down]
    assert std[1:] == pytest.approx(np.tile([*wanted, 0.1 * 2000 * 1.1], (16, 1)), rel=1e-4)
    assert std[0] == pytest.approx([*wanted, 0.1 * 5000], rel=1e-4)
    assert lift(unit, place, None, SPEC).std_mm[0, 2] == 0


def test_without_a_camera_there_is_no_root():
    points = body(4000.0)
    pose = lift(*seen_by_the_network(points), None, SPEC)
    assert pose.root_mm is None
    assert np.isfinite(pose.joints_mm).all()


def test_the_box_is_the_roi():
    box = lift(*seen_by_the_network(body(5000.0)), CAMERA, SPEC).box
    assert box.x1 - box.x0 == pytest.approx(900 * 2250 / 5000, rel=1e-5)
    assert box.y1 - box.y0 == pytest.approx(box.x1 - box.x0, rel=1e-5)


def test_unit_poses_outlive_the_next_engine_call():
    outputs = np.zeros((2, 17, 4), np.float32)
    units = units_from_outputs(outputs)
    outputs[...] = 7
    assert units[1].xyz.max() == 0
    assert units[1].score.max() == 0
    assert units[1].std is None
    wide = np.arange(2 * 17 * 7, dtype=np.float32).reshape(2, 17, 7)
    assert (units_from_outputs(wide)[1].std == wide[1, :, 4:]).all()
