"""Frame and box in, crop and network tensor out."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose import camera
from edge3dpose.types import Array, Box, Crop, Frame, Image, ModelSpec


def crop_person(frame: Frame, box: Box, size: int) -> Crop:
    """Cut the square around a box out of a frame, black where it reaches outside.

    box   frame pixels; a rectangle becomes the square of its longer side about its centre
    size  S, the side of the crop in pixels
    gives Crop, image (S, S, 3) BGR; a crop more than twice smaller than its square is halved by
          averages first, as often as it takes, so that thin limbs do not alias
    """
    side_px = max(box.x1 - box.x0, box.y1 - box.y0, 1.0)
    centre_px = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    frame_from_crop = camera.frame_from_crop(centre_px, side_px, box.angle_rad, size)
    halvings = max(0, math.floor(math.log2(side_px / size)))
    if not halvings:
        image = _warp(frame.image, frame_from_crop, size)
    else:
        small, corner = _halved(frame.image, _bounds(frame_from_crop, size), halvings)
        offset = (frame_from_crop[:, 2] - corner)[:, None]
        small_from_crop = np.hstack([frame_from_crop[:, :2], offset]) / 2**halvings
        image = _warp(small, small_from_crop, size)
    return Crop(image, frame_from_crop.astype(np.float32))


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


def _bounds(frame_from_crop: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Least and greatest frame pixels (2, 2) of a crop's corners."""
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]])
    reached = corners @ frame_from_crop.T
    return np.array([reached.min(axis=0), reached.max(axis=0)])


def _warp(image: Image, image_from_crop: NDArray[np.float64], size: int) -> Image:
    centres = image_from_crop.copy()  # cv2 puts (0, 0) at a pixel's centre, we at its corner
    centres[:, 2] += centres[:, :2] @ [0.5, 0.5] - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, centres, (size, size), flags=flags), np.uint8)


def _halved(
    image: Image, bounds_px: NDArray[np.float64], times: int
) -> tuple[Image, tuple[int, int]]:
    """The part of an image within bounds, shrunk by averages of 2x2, and its corner in the image.

    OpenCV has its fast path for 2x2 alone: twice of it is three times as quick as 4x4 at once.
    """
    height, width = image.shape[:2]
    block = 2**times
    # one block of margin: the bilinear step after this one looks at its neighbours
    low, high = np.floor(bounds_px[0]) - block, np.ceil(bounds_px[1]) + block
    # whole blocks from the frame's corner on, so that there is seldom anything to fill up
    x0, y0 = (max(0, int(v)) // block * block for v in low)
    x1, y1 = (
        min(end, -(int(v) // -block) * block) for end, v in ((width, high[0]), (height, high[1]))
    )
    if x0 >= x1 or y0 >= y1:
        return np.zeros((1, 1, 3), np.uint8), (x0, y0)
    part = image[y0:y1, x0:x1]
    pad_y, pad_x = -(y1 - y0) % block, -(x1 - x0) % block
    if pad_y or pad_x:
        part = np.asarray(cv2.copyMakeBorder(part, 0, pad_y, 0, pad_x, cv2.BORDER_CONSTANT))
    for _ in range(times):
        half = (part.shape[1] // 2, part.shape[0] // 2)
        part = np.asarray(cv2.resize(part, half, interpolation=cv2.INTER_AREA), np.uint8)
    return part, (x0, y0)
