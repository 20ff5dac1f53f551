"""Which files of a folder or pattern are its pictures, in the order that a person expects."""

from __future__ import annotations

import re
from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import IMAGE_SUFFIXES
from edge3dpose.runtime.sources._kinds import VIDEO, kind_of

_NUMBER = re.compile(r"%(?:0?(\d+))?d")


def pictures_of(folder: Path, name: str) -> list[Path]:
    """The pictures of a folder by content, and what ends like one; 2 comes before 10.

    Hidden files are left out, and with them the "._" companions of macOS. BadInput where the folder
    cannot be read or holds none.
    """
    try:
        shown = [file for file in folder.iterdir() if not file.name.startswith(".")]
    except OSError as error:
        raise BadInput(f"cannot read the folder {name}: {error.strerror or error}") from None
    found = [file for file in shown if _is_picture(file)]
    if not found:
        raise BadInput(f"{name} holds no picture, such as {', '.join(sorted(IMAGE_SUFFIXES))}")
    return sorted(found, key=natural)


def is_pattern(arg: str) -> bool:
    """Whether an argument is a name with one %d or %04d for a number, and no file itself."""
    path = Path(arg).expanduser()
    return len(_NUMBER.findall(path.name)) == 1 and not path.exists() and path.parent.is_dir()


def numbered(arg: str) -> list[Path]:
    """The files of a pattern by their numbers; BadInput where there is none."""
    path = Path(arg).expanduser()
    before, digits, after = _NUMBER.split(path.name)
    width = int(digits or 0)
    wanted = re.compile(f"{re.escape(before)}(\\d+){re.escape(after)}")
    found = []
    for file in path.parent.iterdir():
        match = wanted.fullmatch(file.name)
        if match and len(match[1]) == max(width, len(str(int(match[1])))):
            found.append((int(match[1]), file))
    if not found:
        raise BadInput(f"no file has a name of the pattern {arg}")
    return [file for _, file in sorted(found)]


def natural(path: Path) -> list[tuple[int, int, str]]:
    """A key that sorts numbers in names as numbers."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(p), p) if p.isdigit() and p.isascii() else (1, 0, p) for p in parts if p]


def _is_picture(file: Path) -> bool:
    kind = kind_of(file)
    if kind is None:
        return file.suffix.lower() in IMAGE_SUFFIXES
    return kind != VIDEO
