"""MediaPipe Pose on the frames of a recording, as its own users run it, in the same run as ours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from edge3dpose import paths
from edge3dpose.evaluation.progress import tracked
from edge3dpose.evaluation.recordings import Motion, Recording
from edge3dpose.metrics import Floats
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.sources import open_source
from edge3dpose.skeletons import H36M17
from edge3dpose.training.teacher import blazepose
from edge3dpose.types import Box, Frame, Image, Progress

PROTOCOL = (
    "MediaPipe's landmark network on the same frames, its crop following its own landmarks after "
    "our first box; its world landmarks with its own smoothing"
)
# MediaPipe's One-Euro filter of world landmarks, pose_landmark_filtering.pbtxt: in metres
_MIN_CUTOFF_HZ, _BETA, _SPEED_CUTOFF_HZ = 0.1, 40.0, 1.0
_MARKS = {H36M17.joints[joint]: mark for joint, mark in blazepose.LANDMARK_OF_JOINT.items()}


class Peer:
    """One of MediaPipe's landmark networks; BadInput where the file is another."""

    def __init__(self, file: Path) -> None:
        self.name, self.sha256 = file.stem, paths.sha256_of(file) if file.is_file() else ""
        self._network, self._detect = blazepose.open_teacher(file), open_detector("blazepose")

    def motion(self, recording: Recording, progress: Progress | None = None) -> Motion:
        """Its world landmarks at every frame, NaN where it has nobody.

        A joint of the truth for which it has no landmark is NaN.
        """
        times: list[float] = []
        worlds: list[Floats] = []
        smooth = Smoother()
        with closing(open_source(recording.video)) as source:
            frames = tracked(source, f"{recording.name}, {self.name}", source.frames, progress)
            for found in blazepose.track(self._network, _images(frames, times), self._find):
                world = None if found is None else np.asarray(found.world_mm, np.float64)
                worlds.append(smooth(world, times[-1]))
        marks = [_MARKS.get(name) for name in recording.names]
        nowhere = np.full((len(times), 3), np.nan)
        joints = [nowhere if mark is None else np.array(worlds)[:, mark] for mark in marks]
        return Motion(np.array(times), np.stack(joints, axis=1))

    def _find(self, image: Image) -> Box | None:
        boxes = self._detect(Frame(image, 0, 0.0))
        return max(boxes, key=lambda box: box.score, default=None)


class Smoother:
    """MediaPipe's filter of world landmarks: One-Euro on each coordinate, anew after a gap."""

    def __init__(self) -> None:
        self._last: tuple[float, Floats, Floats, Floats] | None = None

    def __call__(self, world_mm: Floats | None, time_s: float) -> Floats:
        """(33, 3) mm, or None where nobody is -> the same smoothed, or NaN."""
        if world_mm is None:
            self._last = None
            return np.full((blazepose.POINTS, 3), np.nan)
        if self._last is None:
            self._last = time_s, world_mm, world_mm, np.zeros_like(world_mm)
            return world_mm
        before_s, measured, smoothed, speed = self._last
        step_s = time_s - before_s
        share = _share(_SPEED_CUTOFF_HZ, step_s)
        speed = speed + share * ((world_mm - measured) / step_s - speed)
        share = _share(_MIN_CUTOFF_HZ + _BETA * np.abs(speed) / 1000, step_s)
        smoothed = smoothed + share * (world_mm - smoothed)
        self._last = time_s, world_mm, smoothed, speed
        return smoothed


def _share(cutoff_hz: Floats | float, step_s: float) -> Floats:
    """How much of a new value a low-pass filter takes."""
    return np.asarray(1 / (1 + 1 / (2 * math.pi * np.asarray(cutoff_hz) * step_s)))


def _images(frames: Iterable[Frame], times: list[float]) -> Iterator[Image]:
    """The pictures; each one's time is added to ``times`` as it is taken."""
    for frame in frames:
        times.append(frame.time_s)
        yield frame.image
