"""Pictures of more than 8 bits a sample -> 8 bits, also where 12 bits lie in 16."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from edge3dpose.runtime.sources._capture import silence
from edge3dpose.runtime.sources._geometry import over_grey, turned_by_exif
from edge3dpose.types import Image

_DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners give in 16
_ORIENTATION, _BITS_PER_SAMPLE = 0x0112, 258


def has_deep_samples(picture: Pillow.Image, path: Path) -> bool:
    """Whether an open picture has more than 8 bits a sample."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return True
    if picture.format == "PNG":
        with open(path, "rb") as file:
            return file.read(25)[24:] == b"\x10"  # the depth in its header
    if picture.format == "TIFF":
        bits = getattr(picture, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,))
        return max(bits if isinstance(bits, tuple) else (bits,)) > 8
    return False


def read_deep(picture: Pillow.Image, path: Path) -> Image:
    """The picture as BGR; raises ValueError where neither OpenCV nor Pillow can read it."""
    turn = int(picture.getexif().get(_ORIENTATION, 1))
    silence()
    content = np.fromfile(path, np.uint8)  # cv2.imread does not know every name on Windows
    found = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    if found is None:
        picture.load()  # raises what is wrong with it
        found, turn = np.asarray(picture), 1
        if found.ndim == 3 and found.shape[2] in (3, 4):  # Pillow counts RGB
            found = found[..., [2, 1, 0, 3][: found.shape[2]]]
    elif picture.format == "TIFF":
        turn = 1  # OpenCV has turned it
    image = to_eight_bits(np.asarray(found))
    if image.ndim == 2 or image.shape[2] in (1, 2):
        grey = image if image.ndim == 2 else image[..., 0]
        image = np.repeat(grey[..., None], 3, axis=2)
    if image.shape[2] == 4:
        image = over_grey(image)
    return turned_by_exif(np.ascontiguousarray(image[..., :3]), turn)


def to_eight_bits(samples: np.ndarray) -> Image:
    """Samples of any type; of 16-bit ones the depth is the least that holds the brightest."""
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype == np.uint16:
        brightest = int(samples.max(initial=0))
        depth = next(bits for bits in _DEPTHS if brightest < 1 << bits)
        return (samples >> (depth - 8)).astype(np.uint8)
    values = np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0))
    if np.issubdtype(samples.dtype, np.floating):
        white = 1.0 if top <= 1.0 else top
    else:  # 32-bit whole numbers, mostly of 16 bits
        white = next((float((1 << bits) - 1) for bits in _DEPTHS if top < 1 << bits), top)
    return np.clip(values * (255 / white), 0, 255).astype(np.uint8)
