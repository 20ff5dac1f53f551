"""Picture and view in, the network's input on the device out: preprocess.py as a kernel, crop.cu.

Only the window that a crop needs is uploaded, as bytes; a picture on the device is read in place.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.engine_types import ModelSpec
from edge3dpose.runtime.cuda import Kernel, Shared, Stream
from edge3dpose.runtime.device_array import DeviceArray
from edge3dpose.runtime.planes import Format, Nv12, Plane, planes_of
from edge3dpose.runtime.preprocess import View

SOURCE = Path(__file__).with_name("crop.cu")
THREADS = (32, 8)  # a block of threads is 32 x 8 pixels of the crop

CROP_PARAMS = np.dtype(  # struct CropParams of crop.cu
    [
        ("luma", "<u8"),
        ("chroma", "<u8"),
        ("luma_pitch", "<i4"),
        ("chroma_pitch", "<i4"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("block", "<i4"),
        ("black", "<i4"),
        ("blocks_from_crop", "<f4", (2, 3)),
        ("share", "<f4"),
        ("rgb_from_yuv", "<f4", (5,)),
        ("gain", "<f4", (3,)),
        ("shift", "<f4", (3,)),
    ]
)
_BLUE_RED = {"bt601": (0.114, 0.299), "bt709": (0.0722, 0.2126)}  # their shares in Y


def kernel_name(picture_format: Format, *, half: bool = False) -> str:
    """The function of crop.cu that reads such pictures and writes FP32, or FP16."""
    return f"crop_{picture_format}_{'fp16' if half else 'fp32'}"


def describe(view: View, picture: Any, spec: ModelSpec) -> tuple[NDArray[np.void], list[Plane]]:
    """The crop parameters of a view without addresses, and the part of each plane that it needs."""
    planes = planes_of(picture)
    x0, y0, x1, y1 = view.window_px(planes[0].width, planes[0].height)
    if len(planes) > 1:  # a pair of chroma is for 2 x 2 pixels
        x0, y0, x1, y1 = x0 // 2 * 2, y0 // 2 * 2, -(x1 // -2) * 2, -(y1 // -2) * 2
    if x0 >= x1 or y0 >= y1:
        x0 = y0 = x1 = y1 = 0
    params = np.zeros((), CROP_PARAMS)
    params["width"], params["height"], params["block"] = x1 - x0, y1 - y0, view.block
    params["share"] = 1 / view.block**2
    blocks = view.blocks_from_crop((x0, y0))
    blocks[:, 2] += blocks[:, :2] @ [0.5, 0.5] - 0.5  # from corners to centres
    params["blocks_from_crop"] = blocks
    std = np.array(spec.std_rgb)
    params["gain"], params["shift"] = 1 / (255 * std), np.array(spec.mean_rgb) / std
    parts = [planes[0].part(x0, y0, x1, y1)]
    if isinstance(picture, Nv12):
        params["black"], params["rgb_from_yuv"] = _colours(picture)
        parts.append(planes[1].part(x0 // 2, y0 // 2, x1 // 2, y1 // 2))
    return params, parts


class GpuCrop:
    """Cuts crops out of pictures into the input of a network; not thread-safe.

    put  uploads what a crop needs, before a captured graph. The last crop must be done: its pixels
         are overwritten
    cut  puts the kernel on the stream; it reads its parameters from memory, so it can be captured
    """

    def __init__(self, stream: Stream, spec: ModelSpec, images: DeviceArray, code: bytes) -> None:
        """code  CUBIN of crop.cu for the stream's device"""
        self._stream, self._spec, self._images = stream, spec, images
        self._params = stream.shared(CROP_PARAMS.itemsize)
        self._pixels = stream.shared(1 << 20)
        kinds = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        formats: tuple[Format, ...] = ("bgr", "nv12")
        self._kernels: dict[Format, Kernel] = {
            f: stream.kernel(code, kernel_name(f), *kinds) for f in formats
        }

    def put(self, picture: Any, view: View) -> None:
        """Upload picture and parameters for the next ``cut``; BadInput for what is no picture."""
        params, parts = describe(view, picture, self._spec)
        pixels = self._buffer_of(sum(part.upload_bytes for part in parts))
        start = 0
        for name, part in zip(("luma", "chroma"), parts, strict=False):
            params[name], params[f"{name}_pitch"] = part.pointer, part.pitch
            self._stream.wait_for(part.stream)
            if part.host is not None:
                end = start + part.upload_bytes
                pixels.host[start:end].reshape(part.host.shape)[...] = part.host
                params[name], params[f"{name}_pitch"] = (
                    pixels.pointer + start,
                    part.width * part.channels,
                )
                start = end
        if start:
            self._stream.push(pixels, start)
        self._params.host[:] = np.frombuffer(params.tobytes(), np.uint8)

    def cut(self, picture_format: Format) -> None:
        """Write the crop of the last ``put`` into the network's input, in stream order."""
        side = self._spec.input_size
        across, down = (-(-side // threads) for threads in THREADS)
        self._stream.push(self._params)
        self._kernels[picture_format](
            (across, down), THREADS, self._params.pointer, side, self._images.pointer
        )

    def _buffer_of(self, count: int) -> Shared:
        if count > self._pixels.host.nbytes:  # the smaller buffer is freed with the stream
            self._pixels = self._stream.shared(2 * count)
        return self._pixels


def _colours(picture: Nv12) -> tuple[int, tuple[float, ...]]:
    """Y of black, and gain_y, red_v, green_u, green_v, blue_u (ITU-R BT.601 and 709)."""
    blue, red = _BLUE_RED[picture.matrix]
    green = 1 - blue - red
    gain, chroma_gain = (1.0, 1.0) if picture.full_range else (255 / 219, 255 / 224)
    red_v, blue_u = 2 * (1 - red) * chroma_gain, 2 * (1 - blue) * chroma_gain
    return 0 if picture.full_range else 16, (
        gain,
        red_v,
        -blue_u * blue / green,
        -red_v * red / green,
        blue_u,
    )
