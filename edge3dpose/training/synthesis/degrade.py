"""Augmentations of a crop: occluders, blur, noise, light, JPEG, frame borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[Any]  # uint8 (S, S, 3) BGR


@dataclass(frozen=True)
class Occluder:
    """A box or an ellipse before the person, in one colour or with a picture on it."""

    middle_px: tuple[float, float]
    size_px: tuple[float, float]
    angle_deg: float
    box: bool
    fill: Picture  # (S, S, 3)

    def over(
        self, image: Picture, shift_px: tuple[float, float] = (0.0, 0.0)
    ) -> tuple[Picture, NDArray[np.bool_]]:
        """The picture with it, moved by so much, and where (S, S) it is covered."""
        side = len(image)
        mask = np.zeros((side, side), np.uint8)
        x, y = (at + by for at, by in zip(self.middle_px, shift_px, strict=True))
        if self.box:
            corners = cv2.boxPoints(((x, y), self.size_px, self.angle_deg))
            cv2.fillConvexPoly(mask, corners.astype(np.int32), 1)
        else:
            across, down = (int(min(length, side) / 2) for length in self.size_px)
            cv2.ellipse(mask, (int(x), int(y)), (across, down), self.angle_deg, 0, 360, 1, -1)
        hit = mask.astype(bool)
        return np.where(hit[..., None], self.fill, image), hit


def draw_occluder(rng: np.random.Generator, side: int, cover: Callable[[], Picture]) -> Occluder:
    """Any occluder for a picture of that side; cover() gives a picture for its surface."""
    middle = rng.uniform(0.1, 0.9, 2) * side
    size = rng.uniform(0.06, 0.3, 2) * side
    if rng.random() < 0.3:
        size[rng.integers(2)] = 2 * side
        size = np.minimum(size, np.where(size > side, size, 0.1 * side))
    angle = float(rng.normal(0, 15))
    box = bool(rng.random() < 0.5)
    if rng.random() < 0.5:
        fill = cover()
    else:
        fill = np.full((side, side, 3), rng.integers(0, 256, 3), np.uint8)
    at, by = (float(middle[0]), float(middle[1])), (float(size[0]), float(size[1]))
    return Occluder(at, by, angle, box, fill)


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
