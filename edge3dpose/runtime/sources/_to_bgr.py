"""Decoded frames of a video -> BGR by their colour matrix and range, as a player shows them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources._geometry import Geometry, over_grey, turn_of
from edge3dpose.runtime.sources._tone_map import HDR_CURVES, ToneMap
from edge3dpose.types import Image

# AVColorSpace: RGB, BT.709, not told (two numbers), FCC, BT.470BG and SMPTE 170M (both BT.601),
# SMPTE 240M, YCgCo, BT.2020 (two numbers)
_READ = range(11)
_COEFFICIENTS = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}  # AVColorSpace -> swscale's number
_BT601 = 5  # of swscale
_LIMITED, _FULL = 1, 2  # AVColorRange
_ALPHA = re.compile(r"^(yuva|rgba|bgra|argb|abgr|gbrap|ya\d|ayuv|vuya|pal8)")


class ToBgr:
    """Gives (H, W, 3) uint8 BGR images of decoded frames.

    name      of the source, for errors
    geometry  the container's crop and pixel aspect ratio; the turn comes with the frames
    """

    def __init__(self, name: str, geometry: Geometry) -> None:
        self._name, self._geometry = name, geometry
        self._reformatter = VideoReformatter()
        self._tone_map: ToneMap | None = None
        self._turn: tuple[bytes, Geometry] = (b"", geometry)

    def __call__(self, frame: VideoFrame) -> Image:
        """One frame; BadInput for colours that cannot be read."""
        matrix = int(frame.colorspace)
        if matrix not in _READ:
            raise BadInput(
                f"{self._name} has colours (matrix {matrix}) that cannot be read, such as those of "
                "Dolby Vision profile 5; convert it to BT.709 first"
            )
        if int(frame.color_trc) in HDR_CURVES:
            return self._shown(frame).apply(self._hdr(frame))
        geometry = self._shown(frame)
        if any(geometry.crop_px):
            return geometry.apply(self._converted(frame, frame.width, frame.height))
        width, height = geometry.shown_size(frame.width, frame.height)
        image = self._converted(frame, width, height)  # scaled in the same step
        return replace(geometry, pixel_aspect=1.0).apply(image)

    def _shown(self, frame: VideoFrame) -> Geometry:
        matrix = matrix_of(frame)
        if matrix != self._turn[0]:
            turns, mirrored = turn_of(matrix)
            turned = replace(self._geometry, quarter_turns=turns, mirrored=mirrored)
            self._turn = matrix, turned
        return self._turn[1]

    def _hdr(self, frame: VideoFrame) -> Image:
        if self._tone_map is None or not self._tone_map.fits(frame):
            self._tone_map = ToneMap(frame, range_of(frame))
        return self._tone_map(frame)

    def _converted(self, frame: VideoFrame, width: int, height: int) -> Image:
        alpha = bool(_ALPHA.match(frame.format.name))
        colours: dict[str, Any] = {}
        if not frame.format.is_rgb:
            colours["src_colorspace"] = matrix_of_colours(frame)
            colours["src_color_range"] = range_of(frame)
        converted = self._reformatter.reformat(
            *(frame, width, height, "bgra" if alpha else "bgr24"),
            dst_color_range=_FULL,
            threads=1,  # more are slower beside an engine
            **colours,
        )
        image = np.asarray(converted.to_ndarray(), np.uint8)
        return over_grey(image) if alpha else image


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
