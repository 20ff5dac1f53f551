"""Frame and box in, crop and network tensor out."""

from __future__ import annotations

import cv2
import numpy as np

from edge3dpose.types import Array, Box, Crop, Frame, Image, ModelSpec


def crop_person(frame: Frame, box: Box, size: int) -> Crop:
    """Cut the square around a box out of a frame, black where it reaches outside.

    box   frame pixels; a rectangle becomes the square of its longer side about its centre
    size  S, the side of the crop in pixels
    gives Crop, image (S, S, 3) BGR; a crop more than twice smaller than its square is averaged
          over whole blocks of pixels first, so that thin limbs do not alias
    """
    side_px = max(box.x1 - box.x0, box.y1 - box.y0, 1.0)
    x0_px = (box.x0 + box.x1 - side_px) / 2
    y0_px = (box.y0 + box.y1 - side_px) / 2
    scale = side_px / size
    frame_from_crop = np.array([[scale, 0, x0_px], [0, scale, y0_px]], np.float32)
    block = int(scale)
    if block < 2:
        return Crop(_warp(frame.image, scale, (x0_px, y0_px), size), frame_from_crop)
    small, corner = _averaged(frame.image, (x0_px, y0_px), side_px, block)
    offset = ((x0_px - corner[0]) / block, (y0_px - corner[1]) / block)
    return Crop(_warp(small, scale / block, offset, size), frame_from_crop)


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


def _warp(image: Image, scale: float, offset_px: tuple[float, float], size: int) -> Image:
    # cv2 puts (0, 0) at a pixel's centre, we at its corner: (scale - 1) / 2 is the difference
    shift = (scale - 1) / 2
    centres = np.array(
        [[scale, 0, offset_px[0] + shift], [0, scale, offset_px[1] + shift]], np.float64
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, centres, (size, size), flags=flags), np.uint8)


def _averaged(
    image: Image, corner_px: tuple[float, float], side_px: float, block: int
) -> tuple[Image, tuple[int, int]]:
    """The part of an image under a square, shrunk by whole blocks, and its corner in the image."""
    height, width = image.shape[:2]
    # one block of margin: the bilinear step after this one looks at its neighbours
    x0 = max(0, int(np.floor(corner_px[0])) - block)
    y0 = max(0, int(np.floor(corner_px[1])) - block)
    x1 = min(width, int(np.ceil(corner_px[0] + side_px)) + block)
    y1 = min(height, int(np.ceil(corner_px[1] + side_px)) + block)
    if x0 >= x1 or y0 >= y1:
        return np.zeros((1, 1, 3), np.uint8), (x0, y0)
    part = image[y0:y1, x0:x1]
    pad_y, pad_x = -(y1 - y0) % block, -(x1 - x0) % block
    if pad_y or pad_x:
        part = np.asarray(cv2.copyMakeBorder(part, 0, pad_y, 0, pad_x, cv2.BORDER_CONSTANT))
    small_size = (part.shape[1] // block, part.shape[0] // block)
    small = cv2.resize(part, small_size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), (x0, y0)
