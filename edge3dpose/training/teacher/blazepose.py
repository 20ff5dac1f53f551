"""MediaPipe's landmark networks: image and ROI -> landmarks, to label with or to compare with.

Bazarevsky et al. 2020, arXiv 2006.10204. BlazePose heavy is the 2D teacher: its x and y are good.
Its depth is not learned from; it is only measured beside ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose import camera
from edge3dpose.errors import BadInput
from edge3dpose.training.teacher import network
from edge3dpose.types import Array, Box, Image

SIZE = 256  # the landmark network's input, pixels
POINTS = 33  # landmarks of the body; two more give the ROI in the next frame
_CENTRE, _RIM = 33, 34  # mid-hip, and a point above the head on the circle around the person
_MARGIN = 1.25  # side of the ROI over that circle's diameter, as BlazePose was trained
_PRESENT = 0.5  # presence under which there is nobody in the ROI
_ROUNDS = 3  # passes until a detector's upright ROI is aligned with the person
_HEAT, _ROWS, _WORLD = 64 * 64 * 39, 39 * 5, 39 * 3  # numbers in the outputs that are read
_SIZES = {_HEAT, _ROWS, _WORLD, 1}
SHA256 = {  # of the two that label
    "pose_landmark_heavy.tflite": (
        "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe"
    ),
    "pose_landmark_full.tflite": (
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
    ),
}
LITE_SHA256 = "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61"  # labels nothing

# h36m17 joint -> BlazePose landmark; the other five joints have no counterpart there
LANDMARK_OF_JOINT = {
    1: 24, 2: 26, 3: 28, 4: 23, 5: 25, 6: 27, 11: 11, 12: 13, 13: 15, 14: 12, 15: 14, 16: 16,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Roi:
    """A turned square of an image, in pixels; at 0 rad its up is the image's up."""

    centre_px: tuple[float, float]
    side_px: float
    angle_rad: float = 0.0

    def frame_from_crop(self, size: int) -> NDArray[np.float64]:
        """(2, 3): frame_px = frame_from_crop @ (crop_x, crop_y, 1), both from pixel corners."""
        return camera.frame_from_crop(self.centre_px, self.side_px, self.angle_rad, size)


@dataclass(frozen=True, slots=True)
class Landmarks:
    """What the teacher finds in one ROI."""

    pixels: Array  # (33, 2) frame pixels
    world_mm: Array  # (33, 3) about the middle of the hips, x right, y down, z forward
    visibility: Array  # (33,) in 0..1: in the image and not hidden
    presence: float  # that there is a person at all
    next_roi: Roi  # where the person is in the next frame

    def joints(self) -> tuple[Array, Array]:
        """The twelve joints that h36m17 shares: pixels (17, 2) or NaN, visibility (17,) or 0."""
        pixels = np.full((17, 2), np.nan, np.float32)
        visibility = np.zeros(17, np.float32)
        joints, marks = list(LANDMARK_OF_JOINT), list(LANDMARK_OF_JOINT.values())
        pixels[joints], visibility[joints] = self.pixels[marks], self.visibility[marks]
        return pixels, visibility


Teacher: TypeAlias = Callable[[Image, Roi], Landmarks]
FindPerson: TypeAlias = Callable[[Image], Box | None]


def open_teacher(model: Path) -> Teacher:
    """Open one of MediaPipe's networks: a function from an image and an ROI to landmarks.

    Its file may have any name. BadInput where it is missing or none of those, before it is opened.
    """
    wanted = "pose_landmark_heavy.tflite or another of MediaPipe's, in npm's @mediapipe/pose"
    return _opened(network.verified(model, (*SHA256.values(), LITE_SHA256), wanted), model)


def _opened(content: bytes, model: Path) -> Teacher:
    compiled = network.compiled(content, model)
    shapes = [port.partial_shape for port in compiled.outputs]
    sizes = {math.prod(shape.to_shape()) for shape in shapes if shape.is_static}
    if not sizes >= _SIZES:
        raise BadInput(f"{model} is not one of MediaPipe's pose_landmark_*.tflite")

    def landmarks_in(image: Image, roi: Roi) -> Landmarks:
        tensor = crop(image, roi)[None].astype(np.float32) / np.float32(255)
        outputs = compiled(tensor)
        by_size = {outputs[port].size: outputs[port] for port in compiled.outputs}
        heat = by_size[_HEAT].reshape(64, 64, 39)
        rows, world = by_size[_ROWS].reshape(39, 5), by_size[_WORLD].reshape(39, 3)
        return _landmarks(rows, world, heat, by_size[1].item(), roi)

    return landmarks_in


def open_verified(model: Path) -> Teacher:
    """Open a file whose name is in ``SHA256``; BadInput where it is missing or another one."""
    wanted = f"{model.name} of MediaPipe, which the npm package @mediapipe/pose holds"
    return _opened(network.verified(model, (SHA256[model.name],), wanted), model)


def landmarks_in_box(teacher: Teacher, image: Image, box: Box) -> Landmarks | None:
    """Landmarks of the person in a detector's box; None where the teacher finds nobody there."""
    roi = roi_of_box(box)
    for _ in range(_ROUNDS):
        found = teacher(image, roi)
        if found.presence < _PRESENT:
            return None
        roi = found.next_roi
    return found


def track(
    teacher: Teacher, images: Iterable[Image], find: FindPerson
) -> Iterator[Landmarks | None]:
    """Landmarks of one person in every image of a clip.

    find  gives the person's box where the image before had no landmarks
    """
    roi: Roi | None = None
    for image in images:
        found = teacher(image, roi) if roi else None
        if found is None or found.presence < _PRESENT:
            box = find(image)
            found = landmarks_in_box(teacher, image, box) if box else None
        roi = found.next_roi if found else None
        yield found


def roi_of_box(box: Box) -> Roi:
    """The ROI of a person's box, with the teacher's margin, turned as the box is."""
    side = max(box.x1 - box.x0, box.y1 - box.y0) * _MARGIN
    return Roi(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2), side, box.angle_rad)


def crop(image: Image, roi: Roi) -> Image:
    """The ROI of an image, (SIZE, SIZE, 3) RGB."""
    centres = roi.frame_from_crop(SIZE)
    # cv2 puts (0, 0) at a pixel's centre, we at its corner
    centres[:, 2] += centres[:, :2] @ [0.5, 0.5] - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    bgr = cv2.warpAffine(image, centres, (SIZE, SIZE), flags=flags)
    return np.asarray(bgr[:, :, ::-1], np.uint8)


def _landmarks(rows: Array, world: Array, heat: Array, presence: float, roi: Roi) -> Landmarks:
    """rows (39, 5) = x y z in crop pixels, logits of visibility and presence; heat (64, 64, 39);
    world (39, 3) metres, turned as the ROI is."""
    crop_px = _refined(rows[:, :2], heat)
    frame_from_crop = roi.frame_from_crop(SIZE)
    pixels = crop_px @ frame_from_crop[:, :2].T + frame_from_crop[:, 2]
    across = pixels[_RIM] - pixels[_CENTRE]
    side = 2 * float(np.hypot(*across)) * _MARGIN
    angle = math.atan2(across[0], -across[1])  # 0 where the rim point is straight above
    centre = (float(pixels[_CENTRE, 0]), float(pixels[_CENTRE, 1]))
    return Landmarks(
        pixels[:POINTS].astype(np.float32),
        _upright_mm(world[:POINTS], roi.angle_rad),
        _sigmoid(rows[:POINTS, 3]).astype(np.float32),
        float(presence),
        Roi(centre, side, angle),
    )


def _upright_mm(world_m: Array, angle_rad: float) -> Array:
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return np.asarray(1000 * world_m @ turn.T, np.float32)


def _refined(crop_px: Array, heat: Array) -> Array:
    """Landmarks moved to the centre of the heat around them where it exceeds 0.5 (MediaPipe)."""
    cells, reach = heat.shape[0], 3
    refined = crop_px.copy()
    for mark, (x, y) in enumerate(crop_px * (cells / SIZE)):
        column, row = int(x), int(y)
        if not (0 <= column < cells and 0 <= row < cells):
            continue
        left, top = max(0, column - reach), max(0, row - reach)
        near = _sigmoid(heat[top : row + reach + 1, left : column + reach + 1, mark])
        if near.max() < 0.5:
            continue
        rows, columns = np.indices(near.shape)
        centre = np.array([(near * (columns + left)).sum(), (near * (rows + top)).sum()])
        refined[mark] = centre / near.sum() * (SIZE / cells)
    return refined


def _sigmoid(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
