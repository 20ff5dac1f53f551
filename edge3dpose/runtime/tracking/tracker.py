"""Identities: which pose of this frame is which person of the frames before.

A pose comes out of the ROI of a person who is followed, which may have slid onto another person.
So poses are assigned to people anew in each frame: by OKS with where everybody is expected, then
by boxes. Who has no pose is lost: for LOST_S that person's identity waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.runtime.tracking import pose_nms
from edge3dpose.runtime.tracking.assignment import assigned
from edge3dpose.runtime.tracking.found import (
    NEW_SCORE,
    Snapshot,
    hidden,
    is_clear,
    is_sure,
    matched,
    new_people,
    same_roi,
)
from edge3dpose.runtime.tracking.similarity import extents, iou, oks, shapes, side_px
from edge3dpose.runtime.tracking.track import Track, expected
from edge3dpose.types import Box, Frame

LOST_S = 2.0  # for so long an identity waits
LEAST_OKS = 0.3
LEAST_IOU = 0.3
OWN_ROI = 0.15  # added to the OKS of a pose with the person whose ROI it came from
FAR, FAR_A_SECOND = 0.25, 1.0  # sides by which a lost person may be away from where expected
RESIZED = 1.5  # factor by which a lost person's size may have changed
UNSEEN, UNSEEN_SURE = 2, 4  # searches in a row that need not confirm somebody
KNOWN = 4  # searches that confirmed somebody who may go unconfirmed for longer with a sure pose
FEWEST_INSIDE = 5  # joints; somebody with fewer has left the frame


class Tracker:
    """The people of one source. An id is given with a first pose, and never to another person."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._next_id = 0

    @property
    def followed(self) -> list[Track]:
        """Those who were seen in the last frame."""
        return [track for track in self._tracks if not track.lost]

    def rois(self, frame: Frame) -> list[Box]:
        """The ROIs of those who are followed; who has left the frame is lost."""
        boxes = []
        for track in self.followed:
            if _stays(track.person, frame):
                box = track.roi(track.person, frame.time_s)
                boxes.append(replace(box, track_id=track.track_id))
            else:
                track.lost = True
        self._tracks = [track for track in self._tracks if frame.time_s - track.time_s <= LOST_S]
        return boxes

    def confirm(self, found: Sequence[Box], then: Snapshot, time_s: float) -> list[Box]:
        """Take the boxes that a search found in an earlier frame.

        A box of a low score confirms who is followed (Zhang et al., ByteTrack, arXiv 2110.06864),
        but is of nobody new. Who was not confirmed twice in a row is let go. Returns the boxes of
        new people, and of those lost who seem to be back, carried forward to ``time_s``.
        """
        pairs = matched(found, then)
        confirmed = {
            then.track_ids[column]
            for row, column in pairs.items()
            if found[row].score >= NEW_SCORE or then.sure[column]
        }
        excusable = hidden(then, [n for n, one in enumerate(then.track_ids) if one in confirmed])
        for track in self.followed:
            if track.track_id not in then.track_ids:
                continue  # has come since
            if track.track_id in confirmed:
                track.confirmed, track.unseen = track.confirmed + 1, 0
                continue
            track.unseen += 1
            sure = is_sure(track.person.pose) and (
                track.confirmed >= KNOWN or excusable[then.track_ids.index(track.track_id)]
            )
            if track.unseen >= (UNSEEN_SURE if sure else UNSEEN):
                track.lost = True
        rest = new_people([box for n, box in enumerate(found) if n not in pairs])
        return self._carried([box for box in rest if not self._is_known(box)], then, time_s)

    def identify(self, people: Sequence[TrackedPose], time_s: float) -> list[TrackedPose]:
        """The people of a frame without duplicates, each with its id; ``track_id`` of a pose says
        whose ROI it came from.
        """
        if not people:
            self._lose_all_but(set())
            return []
        kept = self._without_duplicates(people)
        owners, swapped = self._owners(kept, time_s)
        named = []
        for n, person in enumerate(kept):
            track = owners.get(n)
            if track is None and not is_clear(person):
                continue
            if track is None:
                track = self._born(person, time_s)
            else:
                gain = swapped.get(n, 0.0)
                pose = track.sides.kept(person.pose, gain, track.person.pose, time_s)
                if pose.track_id != track.track_id:
                    pose = replace(pose, track_id=track.track_id)
                track.see(replace(person, pose=pose), time_s)
            named.append(track.person)
        self._lose_all_but({person.pose.track_id for person in named})
        return named

    def _without_duplicates(self, people: Sequence[TrackedPose]) -> list[TrackedPose]:
        if len(people) == 1:
            return list(people)
        ages = {track.track_id: track.frames for track in self._tracks}
        # a track of long standing is surer than a pose that has just come up
        confidence = [
            person.pose.mean_score + 0.1 * min(ages.get(_id(person), 0), 10) / 10
            for person in people
        ]
        return [people[n] for n in pose_nms.distinct([p.pose for p in people], confidence)]

    def _owners(
        self, people: Sequence[TrackedPose], time_s: float
    ) -> tuple[dict[int, Track], dict[int, float]]:
        """The track of each person, by number; who is new has none.

        And by how much a person fits the track better with left and right exchanged.
        """
        owners: dict[int, Track] = {}
        swapped: dict[int, float] = {}
        now = shapes([person.pose for person in people])
        followed = self.followed
        if followed:
            then = expected(followed, time_s)
            likeness = oks(now, then)
            ids = np.array([track.track_id for track in followed])
            own = np.array([_id(person) for person in people])[:, None] == ids[None]
            flipped = oks(now.mirrored, then)
            best = np.maximum(likeness, flipped)
            gain = np.where(best >= LEAST_OKS, best + OWN_ROI * own, 0.0)
            pairs = assigned(gain, LEAST_OKS)
            owners = {n: followed[m] for n, m in pairs}
            swapped = {n: float(flipped[n, m] - likeness[n, m]) for n, m in pairs}
            rows, columns = _rest(len(people), followed, owners)
            if rows and columns:
                overlap = iou(extents(now)[rows], extents(then)[columns])
                for n, m in assigned(overlap, LEAST_IOU):
                    owners[rows[n]] = followed[columns[m]]
        rows, _ = _rest(len(people), followed, owners)
        taken = {track.track_id for track in owners.values()}
        lost = [track for track in self._tracks if track.track_id not in taken]
        if rows and lost:
            boxes = [people[n].pose.box for n in rows]
            nearness = _nearness([box for box in boxes if box is not None], lost, time_s)
            for n, m in assigned(nearness, 0.01):
                owners[rows[n]] = lost[m]
        return owners, swapped

    def _born(self, person: TrackedPose, time_s: float) -> Track:
        pose = replace(person.pose, track_id=self._next_id)
        track = Track(self._next_id, replace(person, pose=pose), time_s)
        self._next_id += 1
        self._tracks.append(track)
        return track

    def _lose_all_but(self, seen: set[int | None]) -> None:
        for track in self._tracks:
            track.lost |= track.track_id not in seen

    def _is_known(self, box: Box) -> bool:
        """Whether a box is of somebody who has come since the frame that was searched."""
        return any(same_roi(box, roi) for track in self.followed if (roi := track.person.pose.box))

    def _carried(self, boxes: list[Box], then: Snapshot, time_s: float) -> list[Box]:
        lost = [track for track in self._tracks if track.lost]
        if not boxes or not lost:
            return boxes
        carried = list(boxes)
        for n, m in assigned(_nearness(boxes, lost, then.time_s), 0.01):
            x, y = (float(one) for one in lost[m].velocity * (time_s - then.time_s))
            carried[n] = _moved(boxes[n], x, y)
        return carried


def _moved(box: Box, x: float, y: float) -> Box:
    """The ROI and the tight box, so many px to the right and down."""
    extent = box.extent
    if extent is not None:
        extent = extent[0] + x, extent[1] + y, extent[2] + x, extent[3] + y
    corners = replace(box, x0=box.x0 + x, x1=box.x1 + x, y0=box.y0 + y, y1=box.y1 + y)
    return replace(corners, extent=extent)


def _id(person: TrackedPose) -> int:
    return -1 if person.pose.track_id is None else person.pose.track_id


def _rest(
    people: int, tracks: Sequence[Track], owners: dict[int, Track]
) -> tuple[list[int], list[int]]:
    """Numbers of the people without a track, and of the tracks without a person."""
    taken = {track.track_id for track in owners.values()}
    rows = [n for n in range(people) if n not in owners]
    return rows, [m for m, track in enumerate(tracks) if track.track_id not in taken]


def _nearness(boxes: Sequence[Box], lost: Sequence[Track], time_s: float) -> NDArray[np.float64]:
    """(N, M): 1 where a lost person is expected, 0 farther away than they can be."""
    found = np.zeros((len(boxes), len(lost)))
    for m, track in enumerate(lost):
        shift = track.shift_px(time_s)
        allowed = FAR + FAR_A_SECOND * max(time_s - track.time_s, 0.0)
        roi, side = track.person.pose.box, track.side_px
        assert roi is not None
        for n, box in enumerate(boxes):
            size = (box.x1 - box.x0) / side
            if not 1 / RESIZED < size < RESIZED:
                continue
            x = (box.x0 + box.x1 - roi.x0 - roi.x1) / 2 - shift[0]
            y = (box.y0 + box.y1 - roi.y0 - roi.y1) / 2 - shift[1]
            found[n, m] = max(0.0, 1 - np.hypot(x, y) / side / allowed)
    return found


def _stays(person: TrackedPose, frame: Frame) -> bool:
    """Whether enough of a person is in the frame, and the ROI has a size that makes sense."""
    pose = person.pose
    width, height = frame.size_px
    side = side_px(pose)
    if pose.outside is not None:
        inside = int((~pose.outside).sum()) >= FEWEST_INSIDE
    else:
        x, y = pose.pixels[0]
        inside = -0.2 * side < x < width + 0.2 * side and -0.2 * side < y < height + 0.2 * side
    return bool(inside and 8 < side < 8 * max(height, width))
