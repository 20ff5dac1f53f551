"""Warps an image by an affine matrix, for training."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose.types import Image


def warped(image: Image, crop_from_frame: NDArray, size: int) -> Image:
    """A (size, size, 3) crop, black outside; crop_px = crop_from_frame (2, 3) @ (x, y, 1)."""
    zoom = float(np.sqrt(abs(np.linalg.det(crop_from_frame[:, :2]))))
    if zoom < 0.5:  # thin limbs would alias: warpAffine reads four pixels at any scale
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.25 / zoom), np.uint8)
    centres = crop_from_frame.copy()  # cv2 puts (0, 0) at a pixel's centre, we at its corner
    centres[:, 2] += centres[:, :2] @ [0.5, 0.5] - 0.5
    return np.asarray(cv2.warpAffine(image, centres, (size, size)), np.uint8)
