"""How a player shows a decoded picture: cropped, with square pixels, turned, over grey."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from edge3dpose.types import Image

GREY = 128  # what is seen through transparent pixels
WIDEST_PIXEL = 8  # a pixel aspect ratio beyond this, or its inverse, is no true one


@dataclass(frozen=True, slots=True)
class Geometry:
    """What is done to a picture as it was decoded, in this order."""

    crop_px: tuple[int, int, int, int] = (0, 0, 0, 0)  # cut off left, right, top, bottom
    pixel_aspect: float = 1.0  # width of a pixel over its height
    quarter_turns: int = 0  # clockwise, 0 to 3
    mirrored: bool = False  # left and right, before it is turned

    def cropped(self, image: Image) -> Image:
        """The part that is shown."""
        left, right, top, bottom = self.crop_px
        height, width = image.shape[:2]
        if left + right >= width or top + bottom >= height:
            return image
        return image[top : height - bottom, left : width - right]

    def shown_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height with square pixels: the side that is too short grows."""
        if self.pixel_aspect > 1:
            return max(1, round(width * self.pixel_aspect)), height
        return width, max(1, round(height / self.pixel_aspect))

    def apply(self, image: Image) -> Image:
        """A decoded picture as a player shows it, contiguous."""
        if any(self.crop_px):
            image = self.cropped(image)
        height, width = image.shape[:2]
        size = self.shown_size(width, height)
        if size != (width, height):
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        if self.mirrored:
            image = np.asarray(cv2.flip(image, 1), np.uint8)
        if self.quarter_turns:
            image = np.asarray(cv2.rotate(image, _TURNS[self.quarter_turns]), np.uint8)
        return np.ascontiguousarray(image)


_TURNS = {
    1: cv2.ROTATE_90_CLOCKWISE,
    2: cv2.ROTATE_180,
    3: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def turn_of(matrix: bytes) -> tuple[int, bool]:
    """Quarter turns clockwise, and whether it is mirrored first, of a display matrix (9 int32).

    A turn between is taken as the nearest quarter.
    """
    if len(matrix) < 20:
        return 0, False
    a, b, _, c, d = struct.unpack_from("=5i", matrix)
    mirrored = a * d - b * c < 0
    if mirrored:  # the picture is mirrored first: x -> -x
        a, b = -a, -b
    if not (a or b):
        return 0, False
    return round(math.degrees(math.atan2(b, a)) / 90) % 4, mirrored


def pixel_aspect_of(ratio: Fraction | None) -> float:
    """A sample aspect ratio; 1 where it is not known or cannot be one."""
    value = float(ratio) if ratio else 1.0
    return value if 1 / WIDEST_PIXEL <= value <= WIDEST_PIXEL else 1.0


def crop_of(description: str) -> tuple[int, int, int, int]:
    """The container's crop by FFmpeg's description of a stream: left, right, top, bottom."""
    found = re.search(r"Frame [Cc]ropping: (\d+)/(\d+)/(\d+)/(\d+)", description)
    if not found:
        return 0, 0, 0, 0
    left, right, top, bottom = (int(number) for number in found.groups())
    return left, right, top, bottom


def turned_by_exif(image: Image, orientation: int) -> Image:
    """A picture upright, by its EXIF orientation (1 to 8)."""
    if orientation in (2, 4, 5, 7):  # mirrored: left and right, then turned
        image = np.asarray(cv2.flip(image, 1), np.uint8)
    turns = {3: 2, 4: 2, 5: 3, 6: 1, 7: 1, 8: 3}.get(orientation, 0)
    return np.asarray(cv2.rotate(image, _TURNS[turns]), np.uint8) if turns else image


def over_grey(image: np.ndarray) -> Image:
    """(H, W, 4) BGRA -> BGR, transparent pixels over grey."""
    alpha = image[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return np.ascontiguousarray(image[..., :3])
    mixed = (image[..., :3] * alpha + GREY * (255 - alpha) + 127) // 255
    return mixed.astype(np.uint8)
