"""Means of blocks of pixels: a part of a picture shrunk by a power of 2, without aliasing."""

from __future__ import annotations

import numpy as np

from edge3dpose.types import Frame, Image

Window = tuple[int, int, int, int]  # x0, y0, x1, y1 px


def part_of(frame: Frame, window_px: Window, block: int) -> Image:
    """A window of a frame in means of block x block pixels: (rows, columns, 3) BGR.

    window_px  within the frame, begins at a multiple of the block; black beyond the frame's border
    block      a power of 2
    """
    if frame.picture is not None:
        return frame.picture.part(window_px, block)
    x0, y0, x1, y1 = window_px
    return means(frame.image[y0:y1, x0:x1], block)


def means(part: Image, block: int) -> Image:
    """A picture (H, W) or (H, W, C) in means of block x block pixels, filled up with black.

    OpenCV has its fast path for 2x2 alone: twice of it is three times as quick as 4x4 at once.
    """
    import cv2  # detectors are listed without it

    pad_y, pad_x = -part.shape[0] % block, -part.shape[1] % block
    if pad_y or pad_x:
        part = np.asarray(cv2.copyMakeBorder(part, 0, pad_y, 0, pad_x, cv2.BORDER_CONSTANT))
    for _ in range(block.bit_length() - 1):
        half = (part.shape[1] // 2, part.shape[0] // 2)
        part = np.asarray(cv2.resize(part, half, interpolation=cv2.INTER_AREA), np.uint8)
    return part


def at_least(frame: Frame, width: int, height: int) -> Image:
    """The whole frame for one who shrinks it to width x height px: itself, or in means of blocks.

    It stays four times as large as it is wanted, so that the result is hardly another.
    """
    if frame.picture is None:
        return frame.image
    (across, down), block = frame.size_px, 1
    while across >= 8 * block * width and down >= 8 * block * height:
        if across % (2 * block) or down % (2 * block):
            break
        block *= 2
    return frame.picture.part((0, 0, across, down), block) if block > 1 else frame.image
