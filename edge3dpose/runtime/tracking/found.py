"""What a search found, against those who were followed in the frame that was searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.runtime.tracking.assignment import assigned
from edge3dpose.runtime.tracking.similarity import areas, extents, intersections, iou, shapes
from edge3dpose.runtime.tracking.track import Track
from edge3dpose.types import Box, Frame, Pose3D

SAME_ROI = 0.2  # pelvis to pelvis, in sides of the larger ROI (0.45 m)
LEAST_GAIN = 0.3  # of a box that was found with a person
NEW_SCORE = 0.35  # of the box of somebody new; a box of a lower score may confirm a sure pose
SURE, MOST_OUTSIDE = 0.9, 0.2  # mean score, share of the joints that the frame does not show
CLEAR_SCORE = 0.5  # of a box; below it a new person's pose must be surer, and of the box's shape
CLEAR_POSE, CLEAR_IOU = 0.9, 0.4  # its mean score, its box with the one that was found
CLEAR_OTHERS = 0.2  # above the min_score of a model of a spec file, whose scores are its own
HIDDEN = 0.5  # share of a person's box that others cover


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everybody followed in a frame that is searched."""

    time_s: float
    track_ids: tuple[int, ...]
    boxes: tuple[Box, ...]  # their ROIs
    sure: tuple[bool, ...]  # whether each one's pose is
    extents: NDArray[np.float64]  # (N, 4) x0, y0, x1, y1 about the poses, within the frame


def snapshot(tracks: Sequence[Track], frame: Frame) -> Snapshot:
    """Everybody as they are in a frame, once its poses are identified."""
    whole = extents(shapes([t.person.pose for t in tracks])) if tracks else np.zeros((0, 4))
    width, height = frame.size_px
    seen = np.clip(whole, 0, [width, height, width, height])
    boxes = [track.person.pose.box for track in tracks]
    return Snapshot(
        frame.time_s,
        tuple(track.track_id for track in tracks),
        tuple(box for box in boxes if box is not None),
        tuple(is_sure(track.person.pose) for track in tracks),
        seen,
    )


def matched(found: Sequence[Box], then: Snapshot) -> dict[int, int]:
    """Number of a box -> number of the person it confirms: the surer boxes choose first."""
    gains = _gains(found, then)
    sure = np.array([box.score >= NEW_SCORE for box in found], bool)
    pairs = dict(assigned(np.where(sure[:, None], gains, 0.0), LEAST_GAIN))
    gains[:, list(pairs.values())] = 0.0
    gains[sure] = 0.0
    return pairs | dict(assigned(gains, LEAST_GAIN))


def _gains(found: Sequence[Box], then: Snapshot) -> NDArray[np.float64]:
    """(N, M) how well boxes that were found fit the people who were followed."""
    gains = np.zeros((len(found), len(then.boxes)))
    for n, box in enumerate(found):
        if box.extent is not None and len(then.boxes):
            gains[n] = iou(np.array([box.extent]), then.extents)[0]
            continue
        for m, roi in enumerate(then.boxes):
            gains[n, m] = 1 - (1 - LEAST_GAIN) * min(_apart(box, roi) / SAME_ROI, 2.0)
    return gains


def hidden(then: Snapshot, confirmed: list[int]) -> list[bool]:
    """Who is covered by others who were confirmed."""
    if not then.track_ids:
        return []
    size = np.maximum(areas(then.extents), 1e-9)
    covered = np.zeros(len(size))
    for m in confirmed:
        common = intersections(then.extents, then.extents[m : m + 1])[:, 0]
        covered = np.maximum(covered, np.where(np.arange(len(size)) == m, 0, common))
    return [bool(one) for one in covered / size >= HIDDEN]


def is_sure(pose: Pose3D) -> bool:
    """Whether a pose speaks for itself; of few joints a network is easily sure."""
    most = pose.outside is None or float(pose.outside.mean()) <= MOST_OUTSIDE
    return most and pose.mean_score >= SURE


def new_people(found: Sequence[Box]) -> list[Box]:
    """The boxes of a search whose score is enough for somebody new."""
    return [box for box in found if box.score >= NEW_SCORE]


def is_clear(person: TrackedPose) -> bool:
    """Whether somebody new is a person: an unsure box needs a surer pose that fills it."""
    found = person.found
    if found is None or found.score >= CLEAR_SCORE:
        return True
    rule = person.rule
    if person.pose.mean_score < (CLEAR_POSE if rule is None else rule.min_score + CLEAR_OTHERS):
        return False
    if found.extent is None:
        return True
    return bool(iou(extents(shapes([person.pose])), np.array([found.extent]))[0, 0] >= CLEAR_IOU)


def same_roi(a: Box, b: Box) -> bool:
    """Whether two ROIs are one person's: their centres are the pelvis."""
    return _apart(a, b) < SAME_ROI


def _apart(a: Box, b: Box) -> float:
    """Centre to centre, in sides of the larger one."""
    apart = np.hypot(a.x0 + a.x1 - b.x0 - b.x1, a.y0 + a.y1 - b.y0 - b.y1) / 2
    return float(apart / max(a.x1 - a.x0, b.x1 - b.x0))
