"""The score of a joint at the frame's border says how likely it is that the frame shows it."""

import numpy as np
from standing import JOINTS_MM

from edge3dpose.runtime.filters.outside import MOST, Outside
from edge3dpose.types import Box, Frame, Pose3D

FRAME = Frame(np.zeros((400, 300, 3), np.uint8), 0, 0.0)


def scored(shift_px, outside=None, box=True):
    """Scores of a standing person moved down or up; 0.9 before."""
    pixels = (JOINTS_MM[:, :2] / 6 + (150, 180 + shift_px)).astype(np.float32)
    roi = Box(0, 30 + shift_px, 300, 330 + shift_px) if box else None
    score = np.full(17, 0.9, np.float32)
    pose = Pose3D(JOINTS_MM, pixels, score, None, 1, roi, outside=outside)
    (changed,) = Outside()(FRAME, [pose])
    assert np.array_equal(changed.pixels, pixels)
    assert np.array_equal(changed.joints_mm, JOINTS_MM)
    return changed.score, pixels


def test_joints_far_from_the_border_keep_their_score():
    score, pixels = scored(0)
    far = (np.minimum(pixels, [300, 400] - pixels).min(-1)) > 0.3 * 300
    assert far.sum() > 5
    assert np.allclose(score[far], 0.9)


def test_joints_at_the_border_may_lie_beyond_it():
    low = 400 - (840 / 6 + 180) - 1  # the ankles are one pixel over the border
    score, _ = scored(low)
    ankles = score[[3, 6]]
    assert (ankles > MOST).all()
    assert (ankles < 0.4).all()
    near, _ = scored(low - 9)  # 3 % of the ROI
    assert ((near[[3, 6]] > 0.5) & (near[[3, 6]] < 0.75)).all()


def test_the_score_rises_from_the_border_inwards():
    ankle = [scored(80 - step)[0][3] for step in range(0, 80, 4)]
    assert (np.diff(ankle) >= 0).all()


def test_joints_outside_have_a_score_near_zero():
    outside = np.zeros(17, bool)
    outside[[3, 6]] = True
    score, _ = scored(0, outside)
    assert (score[[3, 6]] <= MOST).all()
    assert (score[[8, 9]] > 0.8).all()


def test_a_person_without_a_box_keeps_the_scores():
    score, _ = scored(80, box=False)
    assert np.allclose(score, 0.9)
