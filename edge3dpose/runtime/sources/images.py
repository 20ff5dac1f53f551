"""A folder of pictures, or one picture: unrelated frames in the order of their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import PICTURES, as_bgr
from edge3dpose.types import Frame


def open_source(arg: str) -> Images:
    """List a folder; BadInput where it holds no picture."""
    path = Path(arg).expanduser()
    if path.is_file():
        return Images(arg, [path])
    if not path.is_dir():
        raise BadInput(f"no picture or folder {arg}")
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES)
    if not files:
        raise BadInput(
            f"{arg} holds no picture; wanted files ending in {' '.join(sorted(PICTURES))}"
        )
    return Images(arg, files)


class Images:
    """Pictures that have nothing to do with each other; each is a second, so that none blurs."""

    live = False
    related = False
    fps: float | None = None
    dropped = 0

    def __init__(self, name: str, files: list[Path]) -> None:
        self.name = name
        self.frames = len(files)
        self._files = files

    def __iter__(self) -> Iterator[Frame]:
        """Frames with the name of their file; BadInput at the first that is no picture."""
        for index, file in enumerate(self._files):
            image = cv2.imread(str(file), cv2.IMREAD_COLOR)  # grey, alpha, 16 bit: all become BGR
            if image is None:
                size = file.stat().st_size
                raise BadInput(f"{file} ({size} bytes) is no picture that OpenCV can read")
            yield Frame(as_bgr(image), index, float(index), name=file.name)

    def age_s(self, frame: Frame) -> float:
        """A file has no age."""
        return 0.0

    def close(self) -> None:
        """Nothing is held open."""
