"""Drawing: the 2D skeleton over an image, and the 3D skeleton from the side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Image, Pose3D, Skeleton

Colour = tuple[int, int, int]

# BGR; distinguishable with every common colour blindness
RIGHT: Colour = (43, 126, 255)
LEFT: Colour = (235, 171, 52)
MIDDLE: Colour = (235, 235, 235)
DARK: Colour = (38, 32, 28)
GRID: Colour = (78, 68, 62)
TEXT: Colour = (200, 195, 190)

SHOWN_FROM = 0.15  # joints of a lower score are left out
_FINE = 4  # cv2 draws with 4 bits of sub-pixels


def bones(skeleton: Skeleton) -> list[tuple[int, int]]:
    """(joint, parent) of every bone, and those beside the tree."""
    tree = [(j, parent) for j, parent in enumerate(skeleton.parents) if parent >= 0]
    return [*tree, *skeleton.links]


def colour_of(joint: str) -> Colour:
    """A joint's colour by its side."""
    return RIGHT if joint.startswith("right") else LEFT if joint.startswith("left") else MIDDLE


def draw(image: Image, people: Pose3D | Sequence[Pose3D]) -> Image:
    """A copy of an image with the 2D skeleton of each person drawn over it.

    image   (H, W, 3) uint8 BGR, grey (H, W), or BGRA
    people  one pose or several, in pixels of this image
    Returns (H, W, 3) uint8 BGR; the input is left as it is. Joints with a score under 0.15 are not
    drawn. With several people, each is labelled with its track_id. Raises BadInput for another
    type of image, or what is no pose.

    Example::

        picture = edge3dpose.draw(frame.image, people)
    """
    poses: list[Any] = list(people) if isinstance(people, Iterable) else [people]
    for pose in poses:
        if not isinstance(pose, Pose3D):
            raise BadInput(f"a {type(pose).__name__} among the people; wanted poses (Pose3D)")
    picture = _bgr_copy(image)
    for pose in poses:
        side = pose.box.x1 - pose.box.x0 if pose.box else float(np.ptp(pose.pixels, axis=0).max())
        thick = int(np.clip(round(float(np.nan_to_num(side)) / 130), 1, 12))
        _skeleton(picture, pose.pixels, pose.score, pose.skeleton, thick)
        if len(poses) > 1 and pose.track_id is not None:
            _label(picture, pose, str(pose.track_id), thick)
    return picture


def _bgr_copy(image: Any) -> Image:
    """(H, W, 3) with memory of its own."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise BadInput(f"an image of type {kind} to draw on; wanted uint8 (height, width, 3)")
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise BadInput(f"an image of {image.shape} to draw on; wanted (height, width, 3)")
    if channels == 1:
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return np.array(image[..., :3], order="C")


class SidePanel:
    """The 3D skeletons from the side, camera on the left; its scale changes smoothly."""

    def __init__(self, width: int, height: int, skeleton: Skeleton = H36M17) -> None:
        self._size = (width, height)
        self._skeleton = skeleton
        self._span_mm = 2600.0
        self._middle_mm = np.zeros(2)  # depth and height in the panel's middle
        self._started = False

    def __call__(self, poses: list[Pose3D], *, glide: bool = True) -> Image:
        """An image (height, width, 3) of the poses in depth (right) and height (up).

        glide  False where this frame has nothing to do with the one before
        """
        self._started &= glide
        poses = [pose for pose in poses if pose.is_3d]
        width, height = self._size
        picture = np.full((height, width, 3), DARK, np.uint8)
        sides = [_side_view(pose) for pose in poses]
        self._frame(sides)
        scale = min(width, height) / self._span_mm
        self._grid(picture, scale)
        for side, pose in zip(sides, poses, strict=True):
            points = (side - self._middle_mm) * scale + (width / 2, height / 2)
            thick = max(1, round(scale * 28))
            _skeleton(picture, points, pose.score, self._skeleton, thick)
        self._words(picture, poses)
        return picture

    def _frame(self, sides: list[NDArray]) -> None:
        if not sides:
            return
        low = np.min([side.min(axis=0) for side in sides], axis=0)
        high = np.max([side.max(axis=0) for side in sides], axis=0)
        span = max(2600.0, float((high - low).max()) * 1.2)
        middle = (low + high) / 2
        # a fifth of the way each frame: jumps of the view would look like jumps of the person
        share = 0.2 if self._started else 1.0
        self._span_mm += share * (span - self._span_mm)
        self._middle_mm = self._middle_mm + share * (middle - self._middle_mm)
        self._started = True

    def _grid(self, picture: Image, scale: float) -> None:
        """Lines half a metre apart, fixed in space."""
        width, height = self._size
        for axis, length in ((0, width), (1, height)):
            first = float(self._middle_mm[axis]) - length / 2 / scale
            line_mm = math.ceil(first / 500) * 500.0
            while (at := round((line_mm - first) * scale)) < length:
                start, end = ((at, 0), (at, height)) if axis == 0 else ((0, at), (width, at))
                cv2.line(picture, start, end, GRID, 1)
                line_mm += 500

    def _words(self, picture: Image, poses: list[Pose3D]) -> None:
        height = self._size[1]
        size = max(0.35, height / 1100)
        line = round(34 * size)
        _text(picture, "side view, 0.5 m grid, camera to the left", (10, line), size)
        if poses and poses[0].root_mm is not None:
            depths = "  ".join(
                f"{p.root_mm[2] / 1000:.1f} m" for p in poses if p.root_mm is not None
            )
            _text(picture, f"distance {depths}", (10, height - line // 2), size)


def beside(left: Image, right: Image) -> Image:
    """Two images of the same height, side by side."""
    return np.concatenate([left, right], axis=1)


def resized(image: Image, width: int, height: int) -> Image:
    """An image scaled to fit, with black bars where its aspect ratio differs."""
    by = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, round(image.shape[1] * by)), max(1, round(image.shape[0] * by)))
    method = cv2.INTER_AREA if by < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
    if size == (width, height):
        return small
    canvas = np.zeros((height, width, 3), np.uint8)
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = small
    return canvas


def _side_view(pose: Pose3D) -> NDArray:
    """(J, 2): depth to the right, height up (y is down in both)."""
    root = np.zeros(3) if pose.root_mm is None else pose.root_mm
    return (pose.joints_mm + root)[:, [2, 1]].astype(np.float64)


def _skeleton(
    picture: Image, points: NDArray, score: NDArray, skeleton: Skeleton, thick: int
) -> None:
    fine = np.nan_to_num(np.clip(points, -1e5, 1e5))
    fine = (
        np.round((fine - 0.5) * (1 << _FINE)).astype(int).tolist()
    )  # cv2 counts from pixel centres
    shown = (score >= SHOWN_FROM) & np.isfinite(points).all(axis=1)
    visible = [(a, b) for a, b in bones(skeleton) if shown[a] and shown[b]]
    for edge in (True, False):  # a dark outline first: visible on any background
        for a, b in visible:
            colour = DARK if edge else colour_of(_outer(skeleton, a, b))
            width = thick + max(2, thick // 2) if edge else thick
            cv2.line(picture, fine[a], fine[b], colour, width, cv2.LINE_AA, _FINE)
    for j in np.flatnonzero(shown):
        radius = (thick + 1) << _FINE
        inner, colour = int(radius * 0.7), colour_of(skeleton.joints[j])
        cv2.circle(picture, fine[j], radius, DARK, -1, cv2.LINE_AA, _FINE)
        cv2.circle(picture, fine[j], inner, colour, -1, cv2.LINE_AA, _FINE)


def _outer(skeleton: Skeleton, a: int, b: int) -> str:
    """The joint that gives a bone its colour: the left or right one, if there is one."""
    return skeleton.joints[a] if colour_of(skeleton.joints[a]) != MIDDLE else skeleton.joints[b]


def _label(picture: Image, pose: Pose3D, text: str, thick: int) -> None:
    """The text on a dark plate over the highest joint that is drawn, all of it in the picture."""
    shown = (pose.score >= SHOWN_FROM) & np.isfinite(pose.pixels).all(axis=1)
    if not shown.any():
        return
    points = np.clip(pose.pixels[shown], -1e5, 1e5)
    x, y = points[points[:, 1].argmin()]
    height, width = picture.shape[:2]
    size = max(0.5, thick / 6, max(height, width) / 1100)  # legible where the picture is shrunk
    stroke, edge = max(1, round(2 * size)), max(2, round(4 * size))
    (across, up), low = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, stroke)
    across, up, low = across + 2 * edge, up + edge, low + edge // 2
    left = int(np.clip(x - across / 2, 0, max(0, width - across)))
    line = int(np.clip(y - 3 * thick - low, up, max(up, height - low)))
    cv2.rectangle(picture, (left, line - up), (left + across, line + low), DARK, -1)
    at = (left + edge, line)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, MIDDLE, stroke, cv2.LINE_AA)


def _text(picture: Image, text: str, at: tuple[int, int], size: float) -> None:
    for colour, width in ((DARK, 3), (TEXT, 1)):
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)
