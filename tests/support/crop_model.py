"""crop.cu twice on a CPU: in numpy, operation by operation, and its source compiled as C++."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge3dpose.runtime.gpu_crop import SOURCE, THREADS, describe, kernel_name
from edge3dpose.runtime.planes import Nv12, format_of

F = np.float32


def by_numpy(picture, view, spec):
    """(3, S, S) float32: the same FP32 operations in the same order."""
    params, parts = describe(view, picture, spec)
    S = view.size
    row, column = np.mgrid[:S, :S].astype(F)
    m = params["blocks_from_crop"]
    x = (m[0, 0] * column + m[0, 1] * row) + m[0, 2]
    y = (m[1, 0] * column + m[1, 1] * row) + m[1, 2]
    left = np.clip(np.floor(x), F(-2), F(params["width"])).astype(int)
    top = np.clip(np.floor(y), F(-2), F(params["height"])).astype(int)
    right, down = (x - np.floor(x))[..., None], (y - np.floor(y))[..., None]
    means = block_means(params, parts)
    a, b = taken(means, top, left), taken(means, top, left + 1)
    c, d = taken(means, top + 1, left), taken(means, top + 1, left + 1)
    above, below = a + right * (b - a), c + right * (d - c)
    rgb = above + down * (below - above)
    if isinstance(picture, Nv12):
        rgb = to_rgb(rgb, params["rgb_from_yuv"])
    assert rgb.dtype == F
    return (rgb * params["gain"] - params["shift"]).transpose(2, 0, 1)


def block_means(params, parts):
    """(rows, columns, 3) of the blocks of a window; the last ones may be filled up with black."""
    block, pixels = int(params["block"]), parts[0].host.astype(int)
    if len(parts) == 2:
        chroma = parts[1].host.astype(int).repeat(2, axis=0).repeat(2, axis=1) - 128
        pixels = np.dstack([pixels - params["black"], chroma])
    else:
        pixels = pixels[..., ::-1]
    height, width = pixels.shape[:2]
    full = np.pad(pixels, ((0, -height % block), (0, -width % block), (0, 0)))
    rows, columns = full.shape[0] // block, full.shape[1] // block
    sums = full.reshape(rows, block, columns, block, 3).sum(axis=(1, 3))
    return sums.astype(F) * params["share"]


def taken(means, row, column):
    """The blocks asked for; outside there is black."""
    if not means.size:
        return np.zeros((*row.shape, 3), F)
    inside = (row >= 0) & (row < means.shape[0]) & (column >= 0) & (column < means.shape[1])
    row, column = (np.where(inside, index, 0) for index in (row, column))
    return np.where(inside[..., None], means[row, column], F(0))


def to_rgb(yuv, numbers):
    gain_y, red_v, green_u, green_v, blue_u = numbers
    y, u, v = yuv[..., 0] * gain_y, yuv[..., 1], yuv[..., 2]
    rgb = np.stack([y + v * red_v, (y + u * green_u) + v * green_v, y + u * blue_u], axis=-1)
    return np.clip(rgb, F(0), F(255))


class CompiledKernels:
    """crop.cu made by a C++ compiler; the loops of the shim stand in for a grid of threads."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("g++") or shutil.which("c++")
        if not compiler:
            pytest.skip("no C++ compiler here, so the kernel's source cannot be run on the CPU")
        library = folder / "crop.so"
        shim = Path(__file__).with_name("cuda_on_cpu.h")
        line = [compiler, "-O1", "-std=c++17", "-ffp-contract=off", "-fPIC", "-shared", "-x", "c++"]
        line += ["-Wall", "-Werror", "-Wno-unknown-pragmas", "-include", str(shim), str(SOURCE)]
        subprocess.run([*line, "-o", str(library)], check=True, timeout=120)
        self.library = ctypes.CDLL(str(library))

    def __call__(self, picture, view, spec, *, half=False):
        """(3, S, S) as the kernel wrote it."""
        params, parts = describe(view, picture, spec)
        held = [np.ascontiguousarray(part.host) for part in parts]
        for name, array in zip(("luma", "chroma"), held, strict=False):
            params[name] = array.ctypes.data
            params[f"{name}_pitch"] = array.strides[0]
        tensor = np.full((3, view.size, view.size), np.nan, np.float16 if half else F)
        name = kernel_name(format_of(picture), half=half)
        self.launch(name, THREADS, params.ctypes.data, view.size, tensor.ctypes.data)
        return tensor

    def launch(self, name, threads, params, size, tensor):
        """A grid that covers the crop."""
        blocks = (-(-size // count) for count in threads)
        kernel = ctypes.cast(getattr(self.library, name), ctypes.c_void_p)
        address = ctypes.c_void_p
        self.library.launch(kernel, *blocks, *threads, address(params), size, address(tensor))
