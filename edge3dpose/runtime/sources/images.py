"""Pictures: one, a folder of them in natural order, a pattern such as %04d.png, or an animation."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from edge3dpose.errors import BadInput, EndedEarly, MissingDependency
from edge3dpose.runtime.sources import (
    IMAGE_SUFFIXES,
    NO_OPTIONS,
    Source,
    SourceOptions,
    SourcePlugin,
)
from edge3dpose.types import Frame

PATTERN_FPS = 25.0  # of a pattern, where nobody says: as FFmpeg takes it
_TOLD = 3  # names of unreadable files in the last message

_log = logging.getLogger(__name__)


class ImagesPlugin(SourcePlugin):
    """Opens picture files, and folders and patterns of them."""

    name = "images"
    priority = 30
    options = ("sequence_fps",)

    def takes(self, arg: str | int) -> bool:
        """Folders, patterns, files that hold a picture, unknown ones that end as pictures do."""
        from edge3dpose.runtime.sources._folder import is_pattern
        from edge3dpose.runtime.sources._kinds import VIDEO, kind_of

        if not isinstance(arg, str) or not arg:
            return False
        path = Path(arg).expanduser()
        if path.is_dir() or is_pattern(arg):
            return True
        kind = kind_of(path)
        if kind is None:
            return path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES
        return kind != VIDEO

    def open(self, arg: str | int) -> Source:
        """List a folder; BadInput where it holds no picture."""
        return self.open_with(arg, NO_OPTIONS)

    def open_with(self, arg: str | int, options: SourceOptions) -> Source:
        """List a folder, of unrelated pictures or of frames of one film."""
        from edge3dpose.runtime.sources._animation import Animation, is_animation
        from edge3dpose.runtime.sources._folder import is_pattern, numbered, pictures_of
        from edge3dpose.runtime.sources._kinds import kind_of

        name, path, fps = str(arg), Path(str(arg)).expanduser(), options.sequence_fps
        if path.is_dir():
            return Images(name, pictures_of(path, name), fps)
        if is_pattern(name):
            film = Images(name, numbered(name), fps or PATTERN_FPS)
            if fps is None:
                film.said = (
                    f"{name}: {PATTERN_FPS:g} pictures a second; --sequence FPS changes it",
                )
            return film
        if not path.is_file():
            raise BadInput(f"no picture or folder {arg}")
        if fps is not None:
            raise BadInput(f"--sequence makes the pictures of a folder one film; {arg} is a file")
        if is_animation(path, kind_of(path)):
            return Animation(name, path)
        return Images(name, [path])


class Images(Source):
    """Pictures that have nothing to do with each other, stamped one second apart; or one film.

    fps  pictures a second of a film; None where they are unrelated
    """

    def __init__(self, name: str, files: list[Path], fps: float | None = None) -> None:
        self.name, self.fps, self.related = name, fps, fps is not None
        self.frames = len(files)
        self._files = files

    def __iter__(self) -> Iterator[Frame]:
        """Frames, of unrelated pictures with the name of their file.

        A file that cannot be read is left out with a warning. Raises EndedEarly after the last
        where there was one, BadInput where there was no other.
        """
        from edge3dpose.runtime.sources._picture import read_picture

        step_s = 1 / self.fps if self.fps else 1.0
        faults: list[BadInput | MissingDependency] = []
        for index, file in enumerate(self._files):
            try:
                image = read_picture(file)
            except (BadInput, MissingDependency) as error:
                faults.append(error)
                if len(self._files) > 1:
                    _log.warning("left out: %s", error)
                continue
            yield Frame(image, index, index * step_s, name=None if self.related else file.name)
        if len(faults) == len(self._files):
            raise faults[0]
        if faults:
            raise EndedEarly(_left_out(self.name, len(self._files), faults))


def _left_out(name: str, count: int, faults: list[BadInput | MissingDependency]) -> str:
    first = "; ".join(str(fault) for fault in faults[:_TOLD])
    more = f"; and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
    return f"{len(faults)} of {count} pictures of {name} are left out: {first}{more}"


PLUGIN = ImagesPlugin()
