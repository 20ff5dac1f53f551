"""Files that others may have made: regular, of bounded size, hashed in the act of reading.

What was hashed is what is used: the bytes are read once, and the caller opens them from memory.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, NoReturn

from edge3dpose.errors import BadInput, EngineMismatch

MOST_MODEL = (1 << 31) - 1  # bytes: protobuf takes no more


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read; BadInput for a folder, a device, a pipe, or where it is missing.

    A pipe without a writer does not hold the caller up.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        if path.is_dir():
            raise BadInput(f"{path} is a folder, wanted a file") from None
        raise BadInput(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        found = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise BadInput(f"{path} is {found}, wanted a file")
    return os.fdopen(descriptor, "rb")


def read(path: Path, most_bytes: int = MOST_MODEL) -> bytes:
    """The whole of a regular file; BadInput where it cannot be read or is larger."""
    with open_regular(path) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            if size > most_bytes:
                raise BadInput(f"{path} has {size} bytes, wanted {most_bytes} at most")
            content = file.read(most_bytes + 1)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or "there is too little memory"
            raise BadInput(f"{path} cannot be read: {reason}") from None
    if len(content) > most_bytes:
        raise BadInput(f"{path} grew beyond {most_bytes} bytes while it was read")
    return content


def read_verified(path: Path, sha256: str, mend: str) -> bytes:
    """The whole of a file whose hash is this one; EngineMismatch for any other.

    mend  what to do about another one
    """
    content = read(path)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        refuse_hash(path, found, sha256, mend)
    return content


def refuse_hash(path: Path, found: str, wanted: str, mend: str) -> NoReturn:
    """Raise the EngineMismatch of a file with another hash."""
    raise EngineMismatch(
        f"{path} has SHA-256 {found[:12]}..., wanted {wanted[:12]}...; "
        f"the file is damaged or was swapped: {mend}"
    )


def below(folder: Path, name: str, where: str = "") -> Path:
    """A file under a folder by the name that other people's labels give it.

    where  begins the error
    Raises BadInput where the name is a path of its own, or leads out of the folder.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    whole = PureWindowsPath(name)
    if not parts or "\0" in name or ".." in parts or parts[0] == "/" or whole.drive or whole.root:
        raise BadInput(f"{where}{name[:100]!r} leads out of {folder}; wanted a file in it")
    return folder / name
