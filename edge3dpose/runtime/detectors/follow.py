"""Follows the last poses, and looks for people: four times a second into a part of the frame.

A search of the whole frame costs as much as several frames of following. In pieces it holds no
frame back for long, and who comes is found within a second.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from edge3dpose.runtime.detectors import Detector, blazepose
from edge3dpose.runtime.roi import square_from_pose
from edge3dpose.types import Box, Frame, Pose3D

EVERY_S = 0.25  # how often newcomers are looked for while somebody is followed
SETTLE_S = 1.0  # time constant of the square's size
SURE = 0.75  # mean score; above it a person may be overlooked by the finder for a while
UNSEEN_ROUNDS = 4  # over the whole frame, in a row, that it may
SAME_SQUARES = 0.2  # pelvis to pelvis, in sides of the larger square (0.45 m)
SAME_POSES = 0.08  # mean joint to joint, in sides


def open_detector(find: Detector | None = None, *, bf16: bool = False) -> Detector:
    """Follow people between two looks of a finder; None for BlazePose."""
    return Follow(find or blazepose.open_detector(bf16=bf16))


class Follow:
    """Keeps who is who. The id of somebody who was followed is never given again."""

    def __init__(self, find: Detector) -> None:
        self._find = find
        self._next_id = 0
        self._looked_s = -math.inf
        self._time_s = -math.inf
        self._seen: set[int | None] = set()  # by the finder, in this round over the frame
        self._unseen: dict[int | None, int] = {}  # track id -> rounds in a row without being found

    def __call__(self, frame: Frame, last: list[Pose3D]) -> list[Box]:
        """The squares of the people followed, and of those who just came."""
        first = self._time_s == -math.inf
        step_s = frame.time_s - self._time_s
        self._time_s = frame.time_s
        trust = 1 - math.exp(-max(step_s, 0.0) / SETTLE_S)
        ids = [pose.track_id for pose in last if pose.track_id is not None]
        self._next_id = max([self._next_id, *(n + 1 for n in ids)])
        alive = [pose for pose in distinct(last) if _stays(pose, frame)]
        boxes = [square_from_pose(pose, trust=trust) for pose in alive]
        doubt = not boxes or any(box.score < SURE for box in boxes)
        if doubt or frame.time_s - self._looked_s >= EVERY_S:
            self._looked_s = frame.time_s
            found, whole = self._look(frame, at_once=first)
            self._seen |= {box.track_id for box in boxes if _among(box, found)}
            if whole:
                boxes = self._end_round(boxes)
            boxes = self._with_newcomers(boxes, found)
        return boxes

    def _look(self, frame: Frame, *, at_once: bool) -> tuple[list[Box], bool]:
        """Who is found, and whether the whole frame has been searched now."""
        glance = None if at_once else getattr(self._find, "glance", None)
        return glance(frame) if glance else (self._find(frame, []), True)

    def _end_round(self, boxes: list[Box]) -> list[Box]:
        """Who stays: two witnesses, for a network says something of anything."""
        self._unseen = {
            box.track_id: 0 if box.track_id in self._seen else self._unseen.get(box.track_id, 0) + 1
            for box in boxes
        }
        self._seen = set()
        return [
            box
            for box in boxes
            if not self._unseen[box.track_id]
            or (box.score >= SURE and self._unseen[box.track_id] < UNSEEN_ROUNDS)
        ]

    def _with_newcomers(self, boxes: list[Box], found: list[Box]) -> list[Box]:
        # an id counts as given once a pose came of it: false alarms leave no gaps
        new: list[Box] = []
        for box in found:
            if not _among(box, [*boxes, *new]):
                new.append(replace(box, track_id=self._next_id + len(new)))
        return [*boxes, *new]


def _among(box: Box, others: list[Box]) -> bool:
    return any(same_square(box, other) for other in others)


def same_square(a: Box, b: Box) -> bool:
    """Whether two squares are one person's: their middles are the pelvis."""
    apart = math.hypot(a.x0 + a.x1 - b.x0 - b.x1, a.y0 + a.y1 - b.y0 - b.y1) / 2
    return apart < SAME_SQUARES * max(a.x1 - a.x0, b.x1 - b.x0)


def distinct(poses: list[Pose3D]) -> list[Pose3D]:
    """Poses without those that have slid onto somebody else's; the older track stays."""
    kept: list[Pose3D] = []
    for pose in sorted(poses, key=lambda pose: pose.track_id or 0):
        if not any(_same_pose(pose, other) for other in kept):
            kept.append(pose)
    return kept


def _same_pose(a: Pose3D, b: Pose3D) -> bool:
    assert a.box is not None
    assert b.box is not None
    apart = np.linalg.norm(a.pixels - b.pixels, axis=1).mean()
    return bool(apart < SAME_POSES * max(a.box.x1 - a.box.x0, b.box.x1 - b.box.x0))


def _stays(pose: Pose3D, frame: Frame) -> bool:
    assert pose.box is not None
    height, width = frame.image.shape[:2]
    side = pose.box.x1 - pose.box.x0
    x, y = pose.pixels[0]
    inside = -0.2 * side < x < width + 0.2 * side and -0.2 * side < y < height + 0.2 * side
    return bool(inside and 8 < side < 8 * max(height, width))
