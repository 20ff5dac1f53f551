"""Augmentations of a crop: occluders, blur, noise, light, JPEG, frame borders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[Any]  # uint8 (S, S, 3) BGR


def occlude(
    rng: np.random.Generator, image: Picture, cover: Callable[[], Picture]
) -> tuple[Picture, NDArray[np.bool_]]:
    """An occluder: a box, an ellipse or a bar, in one colour or with the picture of cover().

    Returns the picture and where (S, S) it is covered.
    """
    side = len(image)
    mask = np.zeros((side, side), np.uint8)
    middle = rng.uniform(0.1, 0.9, 2) * side
    size = rng.uniform(0.06, 0.3, 2) * side
    if rng.random() < 0.3:
        size[rng.integers(2)] = 2 * side
        size = np.minimum(size, np.where(size > side, size, 0.1 * side))
    angle = rng.normal(0, 15)
    if rng.random() < 0.5:
        box = cv2.boxPoints(
            ((float(middle[0]), float(middle[1])), (float(size[0]), float(size[1])), float(angle))
        )
        cv2.fillConvexPoly(mask, box.astype(np.int32), 1)
    else:
        axes = (int(min(size[0], side) / 2), int(min(size[1], side) / 2))
        cv2.ellipse(mask, (int(middle[0]), int(middle[1])), axes, float(angle), 0, 360, 1, -1)
    fill = cover() if rng.random() < 0.5 else np.full_like(image, rng.integers(0, 256, 3))
    hit = mask.astype(bool)
    return np.where(hit[..., None], fill, image), hit


def degrade(rng: np.random.Generator, image: Picture) -> Picture:
    """Blur, low resolution, light, noise and JPEG, each in a share of the pictures."""
    image = _soften(rng, image)
    if rng.random() < 0.15:
        image = _coarse(rng, image)
    image = _light(rng, image)
    if rng.random() < 0.5:
        image = _noise(rng, image)
    if rng.random() < 0.4:
        image = _jpeg(rng, image)
    return image


def black_outside(image: Picture, frame_px: tuple[float, float, float, float]) -> Picture:
    """Black where the crop reaches beyond the camera's frame."""
    side = len(image)
    x0, y0, x1, y1 = (int(np.clip(round(edge), 0, side)) for edge in frame_px)
    out = np.zeros_like(image)
    out[y0:y1, x0:x1] = image[y0:y1, x0:x1]
    return out


def _soften(rng: np.random.Generator, image: Picture) -> Picture:
    kind = rng.random()
    if kind < 0.08:
        return _motion_blur(rng, image)
    # A lens is never sharper than this; it also hides the renderer's hard edges.
    sigma = abs(rng.normal(0, 1.6)) + 0.5 if kind < 0.25 else rng.uniform(0.35, 0.75)
    return cv2.GaussianBlur(image, (0, 0), sigma)


def _motion_blur(rng: np.random.Generator, image: Picture) -> Picture:
    length = int(rng.integers(3, 12))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    a, b = (length - 1) / 2 - reach, (length - 1) / 2 + reach
    cv2.line(kernel, np.round(a).astype(int).tolist(), np.round(b).astype(int).tolist(), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _coarse(rng: np.random.Generator, image: Picture) -> Picture:
    """As if the person had been small in the frame."""
    side = len(image)
    small = int(side * rng.uniform(0.2, 0.6))
    how = cv2.INTER_LINEAR if rng.random() < 0.8 else cv2.INTER_NEAREST
    tiny = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(tiny, (side, side), interpolation=how)


def _light(rng: np.random.Generator, image: Picture) -> Picture:
    """Gamma, gain, colour cast and contrast by one table a channel; some pictures are dark."""
    level = np.arange(256)[:, None] / 255
    gamma = np.exp(rng.normal(0, 0.2))
    gain = np.exp(rng.normal(0, 0.15)) * (rng.uniform(0.2, 0.5) if rng.random() < 0.07 else 1)
    cast = np.exp(rng.normal(0, 0.06, 3))
    contrast, middle = np.exp(rng.normal(0, 0.15)), 0.5 * min(1.0, gain)
    table = (level**gamma * gain * cast - middle) * contrast + middle
    table = np.clip(table * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.04:  # a grey camera
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return cv2.LUT(image, table[None])


def _noise(rng: np.random.Generator, image: Picture) -> Picture:
    grain = rng.integers(-128, 128, image.shape, dtype=np.int8)
    strength = abs(rng.normal(0, 0.07))
    return cv2.addWeighted(image, 1.0, grain, strength, 0.0, dtype=cv2.CV_8U)


def _jpeg(rng: np.random.Generator, image: Picture) -> Picture:
    quality = int(rng.integers(15, 95))
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
