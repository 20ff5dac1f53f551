"""Writes files whole or not at all, and reads and writes JSON that names its schema.

A file is written under a temporary name in its own folder and renamed when it is complete and on
the disk. A reader sees the old file or the new one, never half of one. Every failure is BadInput:
one line with the file, the reason and what to do.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge3dpose import bounded_json, input_files
from edge3dpose.errors import BadInput

HINT = "make room or name another file"


def write_bytes(path: Path, content: bytes, hint: str = HINT) -> None:
    """Write a file; its folder is made where it is missing.

    hint  what the user can do when the file cannot be written
    """
    with writing(path, hint) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str, hint: str = HINT) -> None:
    """Write a text file: UTF-8, line ends as they are in ``text``."""
    write_bytes(path, text.encode("utf-8"), hint)


def save_json(path: Path, content: dict[str, Any], hint: str = HINT) -> None:
    """Write a JSON object; readers of ``load_json`` want its "schema"."""
    write_text(path, json_text(content), hint)


def json_text(content: dict[str, Any]) -> str:
    """A JSON object as the files hold it."""
    return json.dumps(content, indent=1) + "\n"


def read_json(path: Path, most_bytes: int = bounded_json.MOST_BYTES) -> dict[str, Any]:
    """The JSON object in a file, within bounds (bounded_json); BadInput where there is none."""
    content = bounded_json.parse(input_files.read(path, most_bytes), str(path))
    if not isinstance(content, dict):
        raise BadInput(f"{path} holds a JSON {type(content).__name__}, wanted an object")
    return content


def load_json(path: Path, schema: str) -> dict[str, Any]:
    """The JSON object in a file of this schema; BadInput where the file is something else."""
    content = read_json(path)
    if content.get("schema") != schema:
        found = repr(content.get("schema"))[:60]
        raise BadInput(f"{path} has schema {found}, wanted {schema!r}")
    return content


def append_text(path: Path, text: str) -> None:
    """Append to a text file: all of it, or nothing where that fails, which is BadInput."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    with _bad_input(path, HINT):
        handle = os.open(path, flags, 0o666)
        try:
            before, left = os.fstat(handle).st_size, memoryview(text.encode("utf-8"))
            try:
                while left:
                    left = left[os.write(handle, left) :]
            except OSError:
                os.ftruncate(handle, before)
                raise
        finally:
            os.close(handle)


@contextlib.contextmanager
def writing(path: Path, hint: str = HINT) -> Iterator[Path]:
    """Yields a temporary path for a writer that wants a file name: np.savez, cv2.imwrite, savefig.

    The temporary file ends like ``path`` and lies in the same folder. It takes the name when the
    block ends well and is removed otherwise.
    """
    path = file_to_write(path)
    temporary = path.with_name(f".{path.stem[:100]}.{uuid.uuid4().hex[:12]}.tmp{path.suffix}")
    try:
        with _bad_input(path, hint):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.touch(exist_ok=False)
            yield temporary
        move(temporary, path, hint)
    finally:
        with contextlib.suppress(OSError):  # a file system gone away: the first error is told
            temporary.unlink(missing_ok=True)


def move(source: Path, path: Path, hint: str = HINT) -> None:
    """Give a complete file its final name on the same disk, in place of what had it before."""
    path = file_to_write(path)  # it may have become something else meanwhile
    with _bad_input(path, hint):
        with open(source, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(source, path)


def world_writable(folder: Path) -> bool:
    """Whether everybody on this machine may write in a folder, as far as POSIX modes say it."""
    return os.name == "posix" and bool(folder.stat().st_mode & stat.S_IWOTH)


def publish(part: Path, path: Path, *, replace: bool) -> None:
    """Give a file that is complete and on the disk its final name.

    Raises BadInput where another file has that name, unless it is to be replaced.
    """
    with _bad_input(path, HINT):
        if replace:
            os.replace(part, path)
            return
        try:
            os.link(part, path)
        except FileExistsError:
            raise BadInput(f"{path} is there already") from None
        except (OSError, NotImplementedError, AttributeError):  # a file system without hard links
            if os.path.lexists(path):
                raise BadInput(f"{path} is there already") from None
            os.replace(part, path)
            return
        part.unlink()


def set_aside(path: Path) -> Path:
    """Give a file the first free name of NAME-1.SUFFIX, NAME-2.SUFFIX ...; returns the new path."""
    number = 1
    while os.path.lexists(to := path.with_name(f"{path.stem}-{number}{path.suffix}")):
        number += 1
    with _bad_input(path, HINT):
        os.rename(path, to)
    return to


@contextlib.contextmanager
def _bad_input(path: Path, hint: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror or error}; {hint}") from error


def file_to_write(path: Path) -> Path:
    """Where a file is written: a link's own target. BadInput for what is there and is no file.

    A finished file takes its name by a rename, which would put it in the place of a device, a pipe
    or a link.
    """
    if not path.name or "\0" in str(path):
        raise BadInput(f"{str(path)!r} is no name of a file to write")
    try:
        path = path.resolve() if path.is_symlink() else path
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, RuntimeError) as error:  # a name too long, links in a circle
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot write {path}: {reason}; {HINT}") from None
    if stat.S_ISDIR(mode):
        raise BadInput(f"{path} is a folder, wanted a file to write")
    if not stat.S_ISREG(mode):
        raise BadInput(f"{path} is a device or a pipe, wanted a file to write")
    return path
