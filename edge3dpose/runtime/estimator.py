"""The heart: a frame in, the poses of the people in it out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.lift import lift, units_from_outputs
from edge3dpose.runtime.preprocess import crop_person, to_tensor, view_of
from edge3dpose.runtime.roi import is_person, square_from_pose
from edge3dpose.types import Array, Box, Engine, Frame, ModelSpec, Pose3D


class Estimator:
    """Finds people, looks at each, lifts them to millimetres.

    follows      False where frames are unrelated pictures: nothing is carried to the next one
    second_look  look at a newcomer twice, the second time in the square that fits his size
    """

    def __init__(
        self,
        spec: ModelSpec,
        engine: Engine,
        detect: Detector,
        *,
        clock: StageClock | None = None,
        follows: bool = True,
        second_look: bool = True,
    ) -> None:
        self.spec = spec
        self.clock = clock or StageClock()
        self._engine = engine
        self._detect = detect
        self._follows = follows
        self._second_look = second_look
        self._last: list[Pose3D] = []  # the one arrow that runs back
        self._known: set[int | None] = set()  # whose square has been corrected once

    def __call__(self, frame: Frame) -> list[Pose3D]:
        """Everybody in the frame; empty when nobody is there."""
        with self.clock.stage("detect"):
            boxes = self._detect(frame, self._last if self._follows else [])
        boxes = [
            box if box.track_id is not None else replace(box, track_id=n)
            for n, box in enumerate(boxes)
        ]
        poses = self._look(frame, boxes) if boxes else []
        if self._second_look:
            poses = self._look_again_at_newcomers(frame, poses)
        self._last = [pose for pose in poses if is_person(pose)]
        self._known = {pose.track_id for pose in self._last}
        return self._last

    def _look_again_at_newcomers(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        # A finder's square is rough. The first pose tells how large the person is, so a second
        # look starts from where following would have come to after some frames.
        known = self._known if self._follows else set()
        new = [n for n, pose in enumerate(poses) if pose.track_id not in known]
        if new:
            again = self._look(frame, [square_from_pose(poses[n]) for n in new])
            poses = list(poses)
            for n, pose in zip(new, again, strict=True):
                poses[n] = pose
        return poses

    def _look(self, frame: Frame, boxes: list[Box]) -> list[Pose3D]:
        outputs, placed = self._outputs(frame, boxes)
        with self.clock.stage("lift"):
            units = units_from_outputs(outputs)
            return [
                replace(lift(unit, place, frame.camera, self.spec), track_id=box.track_id)
                for unit, place, box in zip(units, placed, boxes, strict=True)
            ]

    def _outputs(self, frame: Frame, boxes: list[Box]) -> tuple[Array, list[Array]]:
        """What the engine says of the people in boxes, and each one's frame_from_crop."""
        if look := getattr(self._engine, "look", None):  # it cuts people out by itself
            with self.clock.stage("preprocess"):
                views = [view_of(box, self.spec.input_size) for box in boxes]
            with self.clock.stage("engine"):
                outputs = look(frame.image, views)
            return outputs, [view.frame_from_crop.astype(np.float32) for view in views]
        with self.clock.stage("preprocess"):
            crops = [crop_person(frame, box, self.spec.input_size) for box in boxes]
            tensor = to_tensor(crops, self.spec)
        with self.clock.stage("engine"):
            outputs = self._engine(tensor)
        return outputs, [crop.frame_from_crop for crop in crops]
