"""npz and npy files that others may have made -> plain arrays: never a pickle, never a surprise.

The sizes are read from the headers before anything is unpacked: a file of a megabyte can claim to
be many gigabytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import input_files
from edge3dpose.errors import BadInput

MOST_MEMBERS = 10_000
LEAST_LIMIT = 64 << 20  # bytes that any file may unpack to
LARGEST_RATIO = 50  # of unpacked to packed, beyond that
MOST_BYTES = 16 << 30
_PLAIN = "biufcUS"  # kinds of numbers and of text
_MOST_EMPTY = 10_000  # entries of no bytes each


def read_npz(file: Path, names: Iterable[str] | None = None) -> dict[str, NDArray[Any]]:
    """The arrays of an npz by name; BadInput where it is none, or would not fit.

    names  those that are read, of which some may be missing; None for all
    """
    with input_files.open_regular(file) as stream:
        packed = max(0, stream.seek(0, 2))
        stream.seek(0)
        limit = min(max(LEAST_LIMIT, LARGEST_RATIO * packed), MOST_BYTES)
        try:
            with zipfile.ZipFile(stream) as archive:
                members = _members(archive, None if names is None else set(names))
                size = sum(_checked_size(archive, info) for info in members.values())
                if size > limit:
                    raise BadInput(
                        f"it would unpack to {size >> 20} MB, wanted {limit >> 20} MB at most"
                    )
                return {name: _read(archive, info) for name, info in members.items()}
        except BadInput as error:
            raise BadInput(f"{file} is no npz of plain arrays: {error}") from None
        except Exception as error:  # zipfile, zlib and numpy raise many kinds, all meaning this
            reason = " ".join(str(error).split())[:150] or type(error).__name__
            raise BadInput(f"{file} is no npz of plain arrays: {reason}") from None


def open_npy(file: Path) -> NDArray[Any]:
    """The array of an npy file, left on the disk and read-only; BadInput where it is none."""
    with input_files.open_regular(file) as stream:
        try:
            _check_header(stream, file.stat().st_size)
            return np.load(file, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # numpy raises many kinds, all meaning this
            reason = " ".join(str(error).split())[:150] or type(error).__name__
            raise BadInput(f"{file} is no npy of a plain array: {reason}") from None


# Kinds of numbers or text, one letter each as in numpy, and a shape: a letter is a length that is
# the same wherever it stands, None any length
Form = tuple[str, tuple[int | str | None, ...]]


def check(file: Path, arrays: Mapping[str, NDArray[Any]], wanted: Mapping[str, Form]) -> None:
    """BadInput where an array is missing or has another kind or shape."""
    lengths: dict[str, int] = {}
    for name, (kinds, shape) in wanted.items():
        if name not in arrays:
            raise BadInput(f"{file} has no array {name}")
        found = arrays[name]
        fits = found.dtype.kind in kinds and found.ndim == len(shape)
        for length, size in zip(shape, found.shape, strict=False):
            known = lengths.setdefault(length, size) if isinstance(length, str) else length
            fits = fits and known in (None, size)
        if not fits:
            text = ", ".join("any" if one is None else str(lengths.get(str(one), one))
                             for one in shape)  # fmt: skip
            raise BadInput(
                f"{file}: {name} is {found.dtype} {found.shape}, wanted {_words(kinds)} ({text})"
            )


def _words(kinds: str) -> str:
    return "text" if kinds == "U" else "true or false" if kinds == "b" else "numbers"


def inside(file: Path, name: str) -> Path:
    """Where a picture lies that a file of labels names; BadInput where that leads elsewhere.

    file  the labels; pictures lie in its folder or below
    """
    return input_files.below(file.parent, name, f"{file}: ")


def _members(archive: zipfile.ZipFile, names: set[str] | None) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise BadInput(f"it has {len(infos)} members, wanted {MOST_MEMBERS} at most")
    for info in infos:
        name = info.filename.removesuffix(".npy")
        if name in found:
            raise BadInput(f"it has {name[:60]!r} twice")
        if names is None or name in names:
            found[name] = info
    return found


def _checked_size(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """Bytes of a member's array by its header, which agrees with the archive's own word."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadInput(f"{info.filename[:60]!r} is packed in a way that numpy does not use")
    with archive.open(info) as member:
        _check_header(member, info.file_size)
    return info.file_size


def _check_header(member: IO[bytes], file_size: int) -> None:
    """BadInput for objects, records, and more entries than the file has bytes for."""
    version = np.lib.format.read_magic(member)  # type: ignore[no-untyped-call]
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise BadInput(f"it has an array of format {version}, wanted 1.0 or 2.0")
    shape, _, dtype = readers[version](member)  # type: ignore[no-untyped-call]
    if dtype.kind not in _PLAIN:
        raise BadInput(f"it has an array of {str(dtype)[:60]}, wanted numbers or text")
    count = 1
    for size in shape:
        if isinstance(size, bool) or size < 0:
            raise BadInput(f"it has an array of shape {shape}")
        count *= size
    if count * dtype.itemsize > file_size or (not dtype.itemsize and count > _MOST_EMPTY):
        raise BadInput(f"it has an array of shape {str(shape)[:60]}, and no bytes for it")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(info) as member:
        found = np.lib.format.read_array(member, allow_pickle=False)  # type: ignore[no-untyped-call]
        if member.read(1):
            raise BadInput(f"{info.filename[:60]!r} has more bytes than its array")
        return found
