"""Real people for calibration and parity: a source -> the tensors that the runtime would make."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import closing

import numpy as np

from edge3dpose import checks
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput, EndedEarly
from edge3dpose.runtime.crop_rule import first_box, whole_frame
from edge3dpose.runtime.detectors import Detector, open_detector
from edge3dpose.runtime.preprocess import crop_person, to_tensor
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Array, Box, Crop, Frame

_log = logging.getLogger(__name__)


def from_source(
    arg: str, spec: ModelSpec, count: int, progress: Callable[[float], object] | None = None
) -> Array:
    """Up to ``count`` people, spread over a source's frames: (N, 3, S, S), N may be 0.

    arg  what --source names; not a live one, for the same crops must come again
    """
    count = checks.count("people", count)
    detect = open_detector("blazepose")
    crops: list[Crop] = []
    with closing(open_source(arg)) as source:
        if source.live:
            raise BadInput(
                f"{arg} is live; people for calibration come from files: --source FOLDER"
            )
        stride = max(1, (source.frames or 0) // count)
        try:
            for frame in source:
                if frame.index % stride == 0:
                    boxes = _boxes(frame, spec, detect)
                    crops += [crop_person(frame, box, spec.input_size) for box in boxes]
                    if progress:
                        progress(min(1.0, len(crops) / count))
                if len(crops) >= count:
                    break
        except EndedEarly as error:  # the frames before it were good
            _log.warning("%s", error)
    S = spec.input_size
    tensors = [to_tensor([crop], spec) for crop in crops[:count]]
    return np.concatenate(tensors) if tensors else np.zeros((0, 3, S, S), np.float32)


def _boxes(frame: Frame, spec: ModelSpec, detect: Detector) -> list[Box]:
    if spec.maps is not None:
        return [whole_frame(frame, spec)]
    return [first_box(box, spec.crop) for box in detect(frame)]


def sha256_of_images(images: Array) -> str:
    """Identity of a set of crops: hash of the numbers that the network is given."""
    return hashlib.sha256(np.ascontiguousarray(images).tobytes()).hexdigest()
