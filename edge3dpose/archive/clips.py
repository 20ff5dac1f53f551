"""Which clips an archive has: the videos under a folder, or the lines of a list."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge3dpose.errors import BadInput

SUFFIXES = {  # of videos, when a folder is searched; a list may name any file
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"),
    *(".wmv", ".flv", ".3gp", ".ogv", ".vob", ".mxf", ".mjpeg", ".mjpg", ".h264", ".hevc", ".dav"),
}
ELSEWHERE = "elsewhere"  # where the parts of listed clips lie that are not below the list's folder
_WANTED = "wanted a folder of videos, or a list of them: a path a line"
_MOST_LISTED = 64 << 20  # bytes of a list


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file as the archive found it.

    key       its name in the archive: the path below the folder or list, with / between
    size      bytes; None where no plain file is there
    mtime_ns  when it was changed last
    """

    path: Path
    key: str
    size: int | None
    mtime_ns: int


def find_clips(source: Path, out: Path) -> list[Clip]:
    """The clips of a folder, searched with all its folders, or of a list with a path a line.

    Paths of a list are relative to the list's folder; empty lines and those that begin with # are
    left out. Of a folder, hidden files and the folder ``out`` are left out.

    Raises BadInput where there is no clip, or where two clips would have one part.
    """
    if source.is_dir():
        clips = list(_in_folder(Path(os.path.abspath(source)), Path(os.path.abspath(out))))
        if not clips:
            raise BadInput(f"no video in {source}; looked for {', '.join(sorted(SUFFIXES))}")
    elif source.is_file():
        clips = list(_in_list(source))
        if not clips:
            raise BadInput(f"{source} names no clip; wanted the path of a video in each line")
    else:
        raise BadInput(f"no folder or list {source}")
    return sorted({clip.key: clip for clip in clips}.values(), key=lambda clip: clip.key)


def clip_at(path: Path, key: str) -> Clip:
    """A clip with its size and time; without where there is no plain file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return Clip(path, key, None, 0)
    if not stat.S_ISREG(status.st_mode):
        return Clip(path, key, None, 0)
    return Clip(path, key, status.st_size, status.st_mtime_ns)


def _in_folder(folder: Path, out: Path) -> Iterator[Clip]:
    for place, below, files in os.walk(folder):
        here = Path(place)
        below[:] = [b for b in sorted(below) if not b.startswith(".") and here / b != out]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                path = here / name
                yield clip_at(path, path.relative_to(folder).as_posix())


def _in_list(file: Path) -> Iterator[Clip]:
    folder = Path(os.path.abspath(file)).parent
    for line in _lines(file):
        path = Path(os.path.normpath(folder / line))
        try:
            key = path.relative_to(folder).as_posix()
        except ValueError:
            place = hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:12]
            key = f"{ELSEWHERE}/{place}/{path.name}"
        yield clip_at(path, key)


def _lines(file: Path) -> Iterator[str]:
    try:
        if file.stat().st_size > _MOST_LISTED:
            raise BadInput(f"{file} has more than {_MOST_LISTED >> 20} MB, wanted a list of paths")
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{file} is no text; {_WANTED}") from None
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    for line in text.splitlines():
        if "\0" in line:
            raise BadInput(f"{file} is no text; {_WANTED}")
        if line.strip() and not line.startswith("#"):
            yield line.strip()
