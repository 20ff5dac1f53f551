"""A decoded 4:2:0 picture that becomes BGR where it is looked at, in the size that is wanted."""

from __future__ import annotations

import functools
from collections.abc import Callable

import cv2
import numpy as np
from av.video.frame import VideoFrame

from edge3dpose.runtime.blocks import Window, means
from edge3dpose.runtime.sources._geometry import Geometry
from edge3dpose.types import Image

SMALL_PX = 1_500_000  # up to here the whole picture is converted as quickly as its parts
_ROWS, _COLUMNS = 4, 32  # PyAV takes such numbers of rows, swscale is quick in such columns
_FORMATS = ("yuv420p", "yuvj420p", "nv12")


class YuvPicture:
    """The planes of a decoded frame, which it keeps in memory; a Picture of edge3dpose.picture.

    geometry  how it is shown: turned and mirrored at most
    whole     makes the image of the frame
    to_bgr    converts a part of it: a 4:2:0 picture of its own, planes one below the other
    """

    def __init__(
        self,
        frame: VideoFrame,
        geometry: Geometry,
        whole: Callable[[], Image],
        to_bgr: Callable[[Image], Image],
    ) -> None:
        self._geometry, self._to_bgr = geometry, to_bgr
        self._whole = functools.cache(whole)
        first, *rest = (
            np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            for plane in frame.planes
        )
        height, width = frame.height, frame.width
        self._luma = first[:height, :width]
        pairs = (height // 2, width // 2)
        self._chroma = [
            plane[: pairs[0], : width * (3 - len(rest)) // 2].reshape(*pairs, -1) for plane in rest
        ]
        turned = geometry.quarter_turns % 2
        self.shape = (width, height, 3) if turned else (height, width, 3)

    @staticmethod
    def takes(frame: VideoFrame, geometry: Geometry) -> bool:
        """Whether a frame is of the kind that gains by it, and is shown pixel for pixel."""
        return (
            frame.width * frame.height > SMALL_PX
            and frame.format.name in _FORMATS
            and not (frame.width % 2 or frame.height % 2)
            and all(plane.line_size >= plane.width for plane in frame.planes)
            and not any(geometry.crop_px)
            and geometry.pixel_aspect == 1.0
        )

    def image(self) -> Image:
        """The whole picture, (H, W, 3) BGR; the same array each time."""
        return self._whole()

    def part(self, window_px: Window, block: int) -> Image:
        """A window within it in means of block x block pixels; black beyond the border."""
        height, width = self._luma.shape
        if width % block or height % block:  # its blocks would begin elsewhere before it is turned
            x0, y0, x1, y1 = window_px
            return means(self.image()[y0:y1, x0:x1], block)
        x0, y0, x1, y1 = self._decoded(window_px)
        left, top, right, bottom = x0 // 2, y0 // 2, -(x1 // -2), -(y1 // -2)  # of its chroma
        # chroma has half the size: the last halving is done once there is colour
        inner = max(1, block // 2)
        planes = [self._luma[2 * top : 2 * bottom, 2 * left : 2 * right]]
        planes += [chroma[top:bottom, left:right] for chroma in self._chroma]
        luma, *chroma = (means(plane, inner) for plane in planes)
        rows, columns = luma.shape
        whole = [_filled(luma, _COLUMNS, _ROWS)]
        whole += [_filled(plane, _COLUMNS // 2, _ROWS // 2) for plane in chroma]
        below = np.concatenate([plane.ravel() for plane in whole])
        image = self._to_bgr(below.reshape(-1, whole[0].shape[1]))[:rows, :columns]
        if block == 1:
            image = image[y0 - 2 * top : y1 - 2 * top, x0 - 2 * left : x1 - 2 * left]
        return self._geometry.apply(means(image, block // inner))

    def _decoded(self, window_px: Window) -> Window:
        """Where a window lies in the picture as it was decoded."""
        x0, y0, x1, y1 = window_px
        height, width = self._luma.shape
        turns = self._geometry.quarter_turns
        if turns == 1:
            x0, y0, x1, y1 = y0, height - x1, y1, height - x0
        elif turns == 2:
            x0, y0, x1, y1 = width - x1, height - y1, width - x0, height - y0
        elif turns == 3:
            x0, y0, x1, y1 = width - y1, x0, width - y0, x1
        if self._geometry.mirrored:
            x0, x1 = width - x1, width - x0
        return x0, y0, x1, y1


def _filled(plane: Image, columns: int, rows: int) -> Image:
    """A plane with its border repeated, up to a multiple of so many columns and rows."""
    below, beside = -plane.shape[0] % rows, -plane.shape[1] % columns
    if not (below or beside):
        return plane
    filled = cv2.copyMakeBorder(plane, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    return np.asarray(filled, np.uint8)
