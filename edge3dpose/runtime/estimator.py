"""Frame in, 3D poses of the people in it out: detect, crop, infer, lift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge3dpose.engine_types import Engine, ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.crop_rule import first_box
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.lift import lift, roi_scale, units_from_outputs
from edge3dpose.runtime.preprocess import crop_person, to_tensor, view_of
from edge3dpose.runtime.roi import TrackedPose, is_person, roi_from_pose
from edge3dpose.types import Array, Box, Frame, Pose3D


class Estimator:
    """Detects people, infers each one's pose, lifts it to millimetres.

    A new person is inferred twice: the detector's box is rough, and the first pose gives a better
    ROI. A detector with ``exact_boxes`` gives that ROI itself.
    """

    def __init__(
        self,
        spec: ModelSpec,
        engine: Engine,
        detector: Detector,
        *,
        clock: StageClock | None = None,
    ) -> None:
        self.spec = spec
        self.clock = clock or StageClock()
        self._engine = engine
        self._detector = detector

    def __call__(self, frame: Frame) -> list[Pose3D]:
        """The poses of everybody in the frame; an empty list where nobody is found."""
        with self.clock.stage("detect"):
            boxes = self._detector(frame)
        if not self._detector.exact_boxes and self.spec.crop is not None:
            rule = self.spec.crop
            boxes = [first_box(box, rule) if box.track_id is None else box for box in boxes]
        people = self._infer(frame, boxes) if boxes else []
        if not self._detector.exact_boxes:
            people = self._infer_new_people_again(frame, people)
        with self.clock.stage("track"):
            people = [person for person in people if is_person(person.pose, self.spec.crop)]
            people = _numbered(self._detector.identify(frame, people))
        return [person.pose for person in people]

    def close(self) -> None:
        """End what runs beside the loop."""
        self._detector.close()

    def _infer_new_people_again(self, frame: Frame, people: list[TrackedPose]) -> list[TrackedPose]:
        """New people's poses from the ROI to which following would converge in some frames."""
        new = [n for n, person in enumerate(people) if person.found is not None]
        if new:
            again = self._infer(frame, [roi_from_pose(people[n]) for n in new])
            people = list(people)
            for n, person in zip(new, again, strict=True):
                people[n] = replace(person, found=people[n].found)
        return people

    def _infer(self, frame: Frame, boxes: list[Box]) -> list[TrackedPose]:
        outputs, transforms = self._outputs(frame, boxes)
        with self.clock.stage("lift"):
            units = units_from_outputs(outputs)
            people = []
            for unit, transform, box in zip(units, transforms, boxes, strict=True):
                pose = lift(unit, transform, frame.camera, self.spec)
                pose = replace(marked(pose, frame), track_id=box.track_id)
                found = box if box.track_id is None else None
                scale = roi_scale(unit.xyz, self.spec)
                people.append(TrackedPose(pose, scale, found, self.spec.crop))
        if not all(_is_finite(person.pose) for person in people):
            raise BadInput(
                f"frame {frame.index}: positions that are not finite; check focal length and "
                "distortion of the camera, else take another precision"
            )
        return people

    def _outputs(self, frame: Frame, boxes: list[Box]) -> tuple[Array, list[Array]]:
        """The engine's outputs for the people in boxes, and each one's frame_from_crop."""
        if self._engine.cuts_crops:
            with self.clock.stage("preprocess"):
                views = [view_of(box, self.spec.input_size) for box in boxes]
            with self.clock.stage("engine"):
                outputs = self._engine.infer_crops(frame.image, views)
            return outputs, [view.frame_from_crop.astype(np.float32) for view in views]
        with self.clock.stage("preprocess"):
            crops = [crop_person(frame, box, self.spec.input_size) for box in boxes]
            tensor = to_tensor(crops, self.spec)
        with self.clock.stage("engine"):
            outputs = self._engine(tensor)
        return outputs, [crop.frame_from_crop for crop in crops]


def _is_finite(pose: Pose3D) -> bool:
    return bool(np.isfinite(pose.joints_mm if pose.is_3d else pose.pixels).all())


def marked(pose: Pose3D, frame: Frame) -> Pose3D:
    """The pose, its joints outside the frame marked."""
    width, height = frame.size_px
    x, y = pose.pixels[:, 0], pose.pixels[:, 1]
    outside = (x < 0) | (y < 0) | (x > width) | (y > height)
    return replace(pose, outside=outside)


def _numbered(people: list[TrackedPose]) -> list[TrackedPose]:
    """Those without an id, of a detector that follows nobody, get their number in the frame."""
    return [
        person
        if person.pose.track_id is not None
        else replace(person, pose=replace(person.pose, track_id=n))
        for n, person in enumerate(people)
    ]
