"""Decoded frames of a video -> BGR by their colour matrix and range, as a player shows them."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources._geometry import Geometry, over_grey, turn_of
from edge3dpose.runtime.sources._tone_map import HDR_CURVES, ToneMap
from edge3dpose.runtime.sources._yuv_picture import YuvPicture
from edge3dpose.types import Image

# AVColorSpace: RGB, BT.709, not told (two numbers), FCC, BT.470BG and SMPTE 170M (both BT.601),
# SMPTE 240M, YCgCo, BT.2020 (two numbers)
_READ = range(11)
_COEFFICIENTS = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # AVColorSpace -> swscale's number
_BT601 = 5  # of swscale
_LIMITED, _FULL = 1, 2  # AVColorRange
_ALPHA = re.compile(r"^(yuva|rgba|bgra|argb|abgr|gbrap|ya\d|ayuv|vuya|pal8)")


class ToBgr:
    """Gives (H, W, 3) uint8 BGR images of decoded frames, whole or in parts; from any thread.

    name      of the source, for errors
    geometry  the container's crop and pixel aspect ratio; the turn comes with the frames
    """

    def __init__(self, name: str, geometry: Geometry) -> None:
        self._name, self._geometry = name, geometry
        self._threads = threading.local()  # a reformatter each: no thread waits for another
        self._tone_map: ToneMap | None = None
        self._turn: tuple[bytes, Geometry] = (b"", geometry)

    def picture(self, frame: VideoFrame) -> YuvPicture | None:
        """One frame, converted where it is looked at; None where that does not pay.

        Raises BadInput for colours that cannot be read.
        """
        self._check(frame)
        geometry = self._shown(frame)
        if int(frame.color_trc) in HDR_CURVES or not YuvPicture.takes(frame, geometry):
            return None
        part = partial(self._part, frame.format.name, _colours(frame))
        return YuvPicture(frame, geometry, partial(self, frame), part)

    def __call__(self, frame: VideoFrame) -> Image:
        """One frame; BadInput for colours that cannot be read."""
        self._check(frame)
        if int(frame.color_trc) in HDR_CURVES:
            return self._shown(frame).apply(self._hdr(frame))
        geometry = self._shown(frame)
        if any(geometry.crop_px):
            return geometry.apply(self._converted(frame, frame.width, frame.height))
        width, height = geometry.shown_size(frame.width, frame.height)
        image = self._converted(frame, width, height)  # scaled in the same step
        return replace(geometry, pixel_aspect=1.0).apply(image)

    def _check(self, frame: VideoFrame) -> None:
        matrix = int(frame.colorspace)
        if matrix not in _READ:
            raise BadInput(
                f"{self._name} has colours (matrix {matrix}) that cannot be read, such as those of "
                "Dolby Vision profile 5; convert it to BT.709 first"
            )

    def _shown(self, frame: VideoFrame) -> Geometry:
        matrix, turn = matrix_of(frame), self._turn
        if matrix != turn[0]:
            turns, mirrored = turn_of(matrix)
            turn = matrix, replace(self._geometry, quarter_turns=turns, mirrored=mirrored)
            self._turn = turn
        return turn[1]

    def _hdr(self, frame: VideoFrame) -> Image:
        if self._tone_map is None or not self._tone_map.fits(frame):
            self._tone_map = ToneMap(frame, range_of(frame))
        return self._tone_map(frame)

    def _part(self, pixel_format: str, colours: dict[str, Any], planes: Image) -> Image:
        part = VideoFrame.from_numpy_buffer(planes, pixel_format)
        return self._reformatted(part, (part.width, part.height, "bgr24"), colours)

    def _converted(self, frame: VideoFrame, width: int, height: int) -> Image:
        alpha = bool(_ALPHA.match(frame.format.name))
        wanted = width, height, "bgra" if alpha else "bgr24"
        image = self._reformatted(frame, wanted, _colours(frame))
        return over_grey(image) if alpha else image

    def _reformatted(
        self, frame: VideoFrame, wanted: tuple[int, int, str], colours: dict[str, Any]
    ) -> Image:
        if not hasattr(self._threads, "reformatter"):
            self._threads.reformatter = VideoReformatter()
        converted = self._threads.reformatter.reformat(
            *(frame, *wanted),
            dst_color_range=_FULL,
            threads=1,  # more are slower beside an engine
            **colours,
        )
        return np.asarray(converted.to_ndarray(), np.uint8)


def _colours(frame: VideoFrame) -> dict[str, Any]:
    if frame.format.is_rgb:
        return {}
    return {"src_colorspace": matrix_of_colours(frame), "src_color_range": range_of(frame)}


def matrix_of(frame: VideoFrame) -> bytes:
    """The display matrix of a decoded frame; empty where it has none.

    frame.side_data would be kept by the frame, and keep the frame: each picture would then stay in
    memory until Python's collector of cycles comes by.
    """
    data = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]
    return b"" if data is None else bytes(data)


def matrix_of_colours(frame: VideoFrame) -> int:
    """swscale's coefficients for a frame; BT.601 where it does not say, as FFmpeg and OpenCV do."""
    return _COEFFICIENTS.get(int(frame.colorspace), _BT601)


def range_of(frame: VideoFrame) -> int:
    """Limited or full; limited where it does not say."""
    if int(frame.color_range) == _FULL or frame.format.name.startswith("yuvj"):
        return _FULL
    return _LIMITED
