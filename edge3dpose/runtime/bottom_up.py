"""Frame in, 2D poses of everybody out, by a network that sees the whole frame at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from edge3dpose.engine_types import CropRule, Engine, MapsRule, ModelSpec
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.crop_rule import first_box, whole_frame
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.estimator import Estimator, marked
from edge3dpose.runtime.grouping import people_in
from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.runtime.tracking import pose_nms
from edge3dpose.runtime.tracking.tracker import Tracker
from edge3dpose.types import Array, Box, Frame, Pose3D

Limited: TypeAlias = Callable[[Detector], Detector]

_AROUND = CropRule("box", 1.25, 1.0)  # the ROI that is told of a person


class _Found(Detector):
    """The boxes of the people in the frame at work, for what chooses among a detector's boxes."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []

    def __call__(self, frame: Frame) -> list[Box]:
        return self.boxes


class BottomUp(Estimator):
    """Infers a whole frame, groups its joints into people, and tells who is who."""

    def __init__(
        self,
        spec: ModelSpec,
        engine: Engine,
        limited: Limited,
        *,
        related: bool = True,
        clock: StageClock | None = None,
    ) -> None:
        """limited: the detector with the wanted people alone; related: see Detector.for_source."""
        self._found = _Found()
        super().__init__(spec, engine, limited(self._found), clock=clock)
        self._tracker = Tracker() if related else None

    def __call__(self, frame: Frame) -> list[Pose3D]:
        """The people in the frame, 2D."""
        outputs, transforms = self._outputs(frame, [whole_frame(frame, self.spec)])
        with self.clock.stage("lift"):
            found = self._poses(np.array(outputs[0], np.float32), transforms[0])
            poses = self._kept(frame, [marked(pose, frame) for pose in found])
        with self.clock.stage("track"):
            if self._tracker is not None:
                people = [TrackedPose(pose, rule=self.spec.crop) for pose in poses]
                return [one.pose for one in self._tracker.identify(people, frame.time_s)]
            kept = [poses[n] for n in pose_nms.distinct(poses)] if poses else []
            return [replace(pose, track_id=n) for n, pose in enumerate(kept)]

    def _kept(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        self._found.boxes = [pose.box for pose in poses if pose.box is not None]
        kept = {id(box) for box in self._detector(frame)}
        return [pose for pose in poses if id(pose.box) in kept]

    def _poses(self, maps: Array, frame_from_crop: Array) -> list[Pose3D]:
        rule, spec = self.spec.maps, self.spec
        assert rule is not None
        assert spec.crop is not None
        poses = []
        for person in people_in(maps, rule, len(spec.skeleton.joints)):
            seen = person[:, 2] > 0
            if person[seen, 2].mean() < spec.crop.min_score:
                continue
            crop_px = pixels_of_cells(person[:, :2], rule, spec.input_size)
            pixels = crop_px @ frame_from_crop[:, :2].T + frame_from_crop[:, 2]
            pixels[~seen] = pixels[seen].mean(axis=0)
            low, high = pixels[seen].min(axis=0), pixels[seen].max(axis=0)
            x0, y0, x1, y1 = (float(value) for value in (*low, *high))
            score = float(person[seen, 2].mean())
            box = first_box(Box(x0, y0, x1, y1, score, extent=(x0, y0, x1, y1)), _AROUND)
            none = cast(Array, None)  # see Pose3D
            flat = pixels.astype(np.float32)
            poses.append(Pose3D(none, flat, person[:, 2], box=box, skeleton=spec.skeleton))
        return poses


def open_estimator(
    spec: ModelSpec,
    engine: Engine,
    detector: Callable[[], Detector],
    limited: Limited,
    *,
    related: bool,
    clock: StageClock,
) -> Estimator:
    """The estimator of a model; a bottom-up one has no detector, which is not opened then."""
    if spec.maps is not None:
        return BottomUp(spec, engine, limited, related=related, clock=clock)
    return Estimator(spec, engine, detector(), clock=clock)


def pixels_of_cells(cells: Array, rule: MapsRule, side_px: int) -> NDArray[np.float64]:
    """(..., 2) cells with fractions -> pixels of the square crop: see compiler.decodes."""
    counts, lengths = np.array(rule.size, np.float64), np.array(rule.input_px, np.float64)
    if rule.cells == "stride":
        px = cells * (lengths / counts) + 0.5
    elif rule.cells == "udp":
        px = cells * ((lengths - 1) / np.maximum(counts - 1, 1)) + 0.5
    elif rule.cells == "centres":
        px = (cells + 0.5) * (lengths / counts)
    else:
        px = cells * (lengths / np.maximum(counts - 1, 1))
    return np.asarray(px + (side_px - np.array(rule.input_px)) // 2, np.float64)
