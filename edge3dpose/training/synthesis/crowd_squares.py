"""The square of a frame in which one person of a crowd is rendered, and what it covers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge3dpose.training.synthesis.camera import CropCamera
from edge3dpose.training.synthesis.synthesizer import FLESH_M

SIDES_PX = (192, 320, 480, 720)  # so that few renderers are needed
LARGER_PX = 240  # step of the sides beyond
MARGIN_M = 0.3  # of flesh, clothes and hair about the joints


@dataclass(frozen=True)
class Square:
    """Its top left corner in frame pixels, and its side."""

    x: int
    y: int
    side: int

    @classmethod
    def about(cls, joints_mm: NDArray, pixels: NDArray, camera: CropCamera) -> Square:
        """The square that holds a person (17, 3), also what of it is outside the frame."""
        margin = MARGIN_M * 1000 * camera.focal_px / joints_mm[:, 2].min()
        low, high = pixels.min(0) - margin, pixels.max(0) + margin
        extent = float((high - low).max())
        larger = int(np.ceil(extent / LARGER_PX)) * LARGER_PX
        side = next((one for one in SIDES_PX if one >= extent), larger)
        x, y = np.floor((low + high) / 2 - side / 2)
        return cls(int(x), int(y), side)

    def of(self, camera: CropCamera, top: int) -> CropCamera:
        """The camera of this square; the frame begins at row ``top`` of the camera's picture."""
        x, y = camera.centre_px
        return replace(camera, centre_px=(x - self.x, y - self.y - top), side_px=self.side)

    def in_frame(
        self, width: int, height: int
    ) -> tuple[tuple[slice, slice], tuple[slice, slice]] | None:
        """Rows and columns of the frame that it covers, and the same of itself; None for none."""
        x0, x1 = max(self.x, 0), min(self.x + self.side, width)
        y0, y1 = max(self.y, 0), min(self.y + self.side, height)
        if x0 >= x1 or y0 >= y1:
            return None
        rows, columns = slice(y0 - self.y, y1 - self.y), slice(x0 - self.x, x1 - self.x)
        return (slice(y0, y1), slice(x0, x1)), (rows, columns)


def bounds_px(cover: NDArray, here: tuple[slice, slice]) -> NDArray[np.float32]:
    """x0 y0 x1 y1 of what is set in a part of the frame; NaN where nothing is."""
    rows, columns = np.flatnonzero(cover.any(1)), np.flatnonzero(cover.any(0))
    if not len(rows):
        return np.full(4, np.nan, np.float32)
    y, x = here[0].start, here[1].start
    edges = [columns[0] + x, rows[0] + y, columns[-1] + x + 1, rows[-1] + y + 1]
    return np.array(edges, np.float32)


def seen(pixels: NDArray, depth_m: NDArray, nearest_m: NDArray) -> NDArray[np.bool_]:
    """(P, 17) the surface in front of a joint is no nearer than its own body part's.

    nearest_m  (H, W) of what the frame shows
    """
    height, width = nearest_m.shape
    x, y = np.moveaxis(pixels, -1, 0)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    column, row = np.clip(x, 0, width - 1).astype(int), np.clip(y, 0, height - 1).astype(int)
    surface = nearest_m[row, column]
    return np.asarray(inside & (depth_m - np.minimum(surface, depth_m) < FLESH_M))
