"""Follows the people of the last frame, and four times a second searches for new ones.

Searching a whole frame costs as much as following through several frames. So one search window is
searched at a time: no frame takes long, and a new person is found within a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge3dpose.runtime.detectors import Detector, DetectorPlugin, blazepose
from edge3dpose.runtime.roi import TrackedPose, roi_from_pose
from edge3dpose.types import Box, Frame, Pose3D

EVERY_S = 0.25  # time between searches while a person is followed
SETTLE_S = 1.0  # time constant of the ROI's size
SURE = 0.75  # mean score; above it the search may miss a person for UNSEEN_ROUNDS
UNSEEN_ROUNDS = 4  # over the whole frame, in a row
SAME_ROI = 0.2  # pelvis to pelvis, in sides of the larger ROI (0.45 m)
SAME_POSE = 0.08  # mean distance joint to joint, in sides


class FollowPlugin(DetectorPlugin):
    """Follow people, and search with BlazePose."""

    name = "follow"
    summary = "search four times a second, follow in between"

    def open(self, *, bf16: bool = False) -> Detector:
        """Open BlazePose."""
        return Follow(blazepose.PLUGIN.open(bf16=bf16))


class Follow(Detector):
    """Keeps track ids. The id of a person who was followed is never given again.

    finder  searches the frames
    """

    def __init__(self, finder: Detector) -> None:
        self._finder = finder
        self._next_id = 0
        self._searched_s = -math.inf
        self._time_s = -math.inf
        self._found: set[int | None] = set()  # track ids the search found in this round
        self._unseen: dict[int | None, int] = {}  # track id -> rounds in a row without being found

    def __call__(self, frame: Frame, previous: Sequence[TrackedPose]) -> list[Box]:
        """The ROIs of the people who are followed and of new ones."""
        first = self._time_s == -math.inf
        step_s = frame.time_s - self._time_s
        self._time_s = frame.time_s
        trust = 1 - math.exp(-max(step_s, 0.0) / SETTLE_S)
        ids = [one.pose.track_id for one in previous if one.pose.track_id is not None]
        self._next_id = max([self._next_id, *(n + 1 for n in ids)])
        kept = [one for one in distinct(previous) if _stays(one.pose, frame)]
        boxes = [roi_from_pose(one, trust=trust) for one in kept]
        unsure = not boxes or any(box.score < SURE for box in boxes)
        if unsure or frame.time_s - self._searched_s >= EVERY_S:
            self._searched_s = frame.time_s
            if first:
                found, round_ended = self._finder(frame, []), True
            else:
                found, round_ended = self._finder.search_next_window(frame)
            self._found |= {box.track_id for box in boxes if _is_among(box, found)}
            if round_ended:
                boxes = self._end_round(boxes)
            boxes = self._with_new_people(boxes, found)
        return boxes

    def for_source(self, *, related: bool) -> Detector:
        """Follows anew; unrelated images cannot be followed: each is searched."""
        return Follow(self._finder) if related else self._finder

    def _end_round(self, boxes: list[Box]) -> list[Box]:
        """Keep who was found, and for some rounds who was not but has a sure pose.

        The pose network alone is not enough: it gives a pose for any crop.
        """
        self._unseen = {
            box.track_id: 0
            if box.track_id in self._found
            else self._unseen.get(box.track_id, 0) + 1
            for box in boxes
        }
        self._found = set()
        return [
            box
            for box in boxes
            if not self._unseen[box.track_id]
            or (box.score >= SURE and self._unseen[box.track_id] < UNSEEN_ROUNDS)
        ]

    def _with_new_people(self, boxes: list[Box], found: list[Box]) -> list[Box]:
        # an id counts as given once a pose came of it: false positives leave no gaps
        new: list[Box] = []
        for box in found:
            if not _is_among(box, [*boxes, *new]):
                new.append(replace(box, track_id=self._next_id + len(new)))
        return [*boxes, *new]


def _is_among(box: Box, others: list[Box]) -> bool:
    return any(same_roi(box, other) for other in others)


def same_roi(a: Box, b: Box) -> bool:
    """Whether two ROIs are one person's: their centres are the pelvis."""
    apart = math.hypot(a.x0 + a.x1 - b.x0 - b.x1, a.y0 + a.y1 - b.y0 - b.y1) / 2
    return apart < SAME_ROI * max(a.x1 - a.x0, b.x1 - b.x0)


def distinct(people: Sequence[TrackedPose]) -> list[TrackedPose]:
    """The people without tracks that moved onto another person's; the older track stays."""
    kept: list[TrackedPose] = []
    for person in sorted(people, key=lambda one: one.pose.track_id or 0):
        if not any(_same_pose(person.pose, other.pose) for other in kept):
            kept.append(person)
    return kept


def _same_pose(a: Pose3D, b: Pose3D) -> bool:
    assert a.box is not None
    assert b.box is not None
    apart = np.linalg.norm(a.pixels - b.pixels, axis=1).mean()
    return bool(apart < SAME_POSE * max(a.box.x1 - a.box.x0, b.box.x1 - b.box.x0))


def _stays(pose: Pose3D, frame: Frame) -> bool:
    """Whether the pelvis is in the frame, or nearly, and the ROI has a size that makes sense."""
    assert pose.box is not None
    height, width = frame.image.shape[:2]
    side = pose.box.x1 - pose.box.x0
    x, y = pose.pixels[0]
    inside = -0.2 * side < x < width + 0.2 * side and -0.2 * side < y < height + 0.2 * side
    return bool(inside and 8 < side < 8 * max(height, width))


PLUGIN = FollowPlugin()
