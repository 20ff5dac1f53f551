"""A picture of any kind -> BGR: turned as its EXIF says, 16 bits and CMYK too, whole or refused."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.runtime.sources._deep_picture import has_deep_samples, read_deep
from edge3dpose.runtime.sources._geometry import over_grey
from edge3dpose.runtime.sources._kinds import kind_of
from edge3dpose.types import Image

_FAULTS = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Pillow.DecompressionBombError)


def read_picture(path: Path) -> Image:
    """The picture of a file, of several the first, as (H, W, 3) uint8.

    Raises BadInput where it cannot be read as a whole, MissingDependency for HEIC without its
    package.
    """
    kind = kind_of(path, films=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd EXIF data and large sizes
            if kind == "heic":
                return to_bgr(_heic(path))
            with Pillow.open(path) as picture:
                if has_deep_samples(picture, path):
                    return read_deep(picture, path)
                picture.load()
                return to_bgr(picture)
    except UnidentifiedImageError:
        raise BadInput(_unknown(path, kind)) from None
    except _FAULTS as error:
        raise BadInput(f"{path} ({_size(path)}) cannot be read whole: {error}") from None


def to_bgr(picture: Pillow.Image) -> Image:
    """A picture of Pillow, turned upright, as BGR."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode == "CMYK":
        picture = _from_cmyk(picture)
    if picture.has_transparency_data:
        return over_grey(np.asarray(picture.convert("RGBA"), np.uint8)[..., [2, 1, 0, 3]])
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8)[..., ::-1])


def _from_cmyk(picture: Pillow.Image) -> Pillow.Image:
    """By its own colour profile, where it has one."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(
            picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return found or picture


def _heic(path: Path) -> Pillow.Image:
    try:
        import pillow_heif
    except ImportError:
        raise MissingDependency(
            f"{path} is HEIC, which needs pillow-heif: pip install pillow-heif"
        ) from None
    try:
        opened = pillow_heif.open_heif(path, convert_hdr_to_8bit=True)
        return opened.to_pillow()
    except RuntimeError as error:  # of libheif
        raise BadInput(f"{path} ({_size(path)}) cannot be read whole: {error}") from None


def _unknown(path: Path, kind: str | None) -> str:
    names = {"jpeg-xl": "JPEG XL", "avif": "AVIF", "jpeg2000": "JPEG 2000"}
    if kind in names:
        return (
            f"{path} is {names[kind]}, which Pillow {Pillow.__version__} here cannot read; "
            "pip install --upgrade pillow, or convert it to PNG"
        )
    return f"{path} ({_size(path)}) is no picture that can be read"


def _size(path: Path) -> str:
    try:
        return f"{path.stat().st_size} bytes"
    except OSError as error:
        return error.strerror or "missing"
