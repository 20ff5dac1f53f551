"""Frame and box in, crop and network tensor out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose import camera
from edge3dpose.engine_types import ModelSpec
from edge3dpose.runtime.blocks import part_of
from edge3dpose.types import Array, Box, Crop, Frame, Image


@dataclass(frozen=True, slots=True)
class View:
    """The part of a frame that a crop shows, and the size of the blocks it is sampled from."""

    frame_from_crop: NDArray[np.float64]  # (2, 3)
    size: int  # S
    block: int  # a power of 2: side in pixels of the blocks whose means are interpolated

    def window_px(self, width: int, height: int) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 of what is needed of a frame; nothing where x0 >= x1 or y0 >= y1."""
        S, block = self.size, self.block
        corners = np.array([[0, 0, 1], [S, 0, 1], [0, S, 1], [S, S, 1]]) @ self.frame_from_crop.T
        # one block of margin: bilinear interpolation needs a block's neighbours
        low, high = np.floor(corners.min(axis=0)) - block, np.ceil(corners.max(axis=0)) + block
        # whole blocks from the frame's corner on, so that there is seldom anything to fill up
        x0, y0 = (max(0, int(v)) // block * block for v in low)
        x1, y1 = (
            min(end, -(int(v) // -block) * block)
            for end, v in ((width, high[0]), (height, high[1]))
        )
        return x0, y0, x1, y1

    def blocks_from_crop(self, corner_px: tuple[int, int]) -> NDArray[np.float64]:
        """(2, 3): crop pixels to blocks, the first of which begins at a corner of the window."""
        moved = self.frame_from_crop.copy()
        moved[:, 2] -= corner_px
        return moved / self.block


def view_of(box: Box, size: int) -> View:
    """The view of the square about a box, as crop_person cuts it."""
    side_px = max(box.x1 - box.x0, box.y1 - box.y0, 1.0)
    centre_px = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    frame_from_crop = camera.frame_from_crop(centre_px, side_px, box.angle_rad, size)
    halvings = max(0, math.floor(math.log2(side_px / size)))
    return View(frame_from_crop, size, 2**halvings)


def crop_person(frame: Frame, box: Box, size: int) -> Crop:
    """Cut the square about a box out of a frame, black where it reaches outside.

    box   frame pixels; a rectangle becomes the square of its longer side about its centre
    size  S, the side of the crop in pixels
    Returns the crop, image (S, S, 3) BGR. Where it is more than twice smaller than the square, the
    frame is first halved by averages, as often as needed, so that thin limbs do not alias.
    """
    view = view_of(box, size)
    if view.block == 1 and frame.picture is None:
        image = _warp(frame.image, view.frame_from_crop, size)
    else:
        small, corner = _blocks(frame, view)
        image = _warp(small, view.blocks_from_crop(corner), size)
    return Crop(image, view.frame_from_crop.astype(np.float32))


def to_tensor(crops: list[Crop], spec: ModelSpec) -> Array:
    """Crops (S, S, 3) BGR to (N, 3, S, S) float32 RGB, normalised by the spec's mean and std."""
    side = spec.input_size
    tensor = np.empty((len(crops), 3, side, side), np.float32)
    for n, crop in enumerate(crops):
        for channel in range(3):  # RGB from BGR
            gain = np.float32(1.0 / (255.0 * spec.std_rgb[channel]))
            shift = spec.mean_rgb[channel] / spec.std_rgb[channel]
            np.multiply(crop.image[:, :, 2 - channel], gain, out=tensor[n, channel])
            if shift:
                tensor[n, channel] -= shift
    return tensor


def _warp(image: Image, image_from_crop: NDArray[np.float64], size: int) -> Image:
    centres = image_from_crop.copy()  # cv2 puts (0, 0) at a pixel's centre, we at its corner
    centres[:, 2] += centres[:, :2] @ [0.5, 0.5] - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, centres, (size, size), flags=flags), np.uint8)


def _blocks(frame: Frame, view: View) -> tuple[Image, tuple[int, int]]:
    """The part of a frame that a view needs, in means of blocks, and its corner in the frame."""
    x0, y0, x1, y1 = view.window_px(*frame.size_px)
    if x0 >= x1 or y0 >= y1:
        return np.zeros((1, 1, 3), np.uint8), (x0, y0)
    return part_of(frame, (x0, y0, x1, y1), view.block), (x0, y0)
