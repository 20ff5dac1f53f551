"""A folder of images, or one image: unrelated frames in the order of their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import IMAGE_SUFFIXES, Source, SourcePlugin, as_bgr
from edge3dpose.types import Frame


class ImagesPlugin(SourcePlugin):
    """Opens image files and folders of them."""

    name = "images"
    priority = 30

    def takes(self, arg: str | int) -> bool:
        """Folders, and files that end as images do."""
        if not isinstance(arg, str):
            return False
        path = Path(arg).expanduser()
        return path.is_dir() or (path.exists() and path.suffix.lower() in IMAGE_SUFFIXES)

    def open(self, arg: str | int) -> Source:
        """List a folder; BadInput where it holds no image."""
        path = Path(str(arg)).expanduser()
        if path.is_file():
            return Images(str(arg), [path])
        if not path.is_dir():
            raise BadInput(f"no picture or folder {arg}")
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
        if not files:
            raise BadInput(
                f"{arg} holds no picture; wanted files ending in {' '.join(sorted(IMAGE_SUFFIXES))}"
            )
        return Images(str(arg), files)


class Images(Source):
    """Images that have nothing to do with each other, stamped one second apart."""

    related = False

    def __init__(self, name: str, files: list[Path]) -> None:
        self.name = name
        self.frames = len(files)
        self._files = files

    def __iter__(self) -> Iterator[Frame]:
        """Frames with the name of their file; BadInput at the first that is no image."""
        import cv2

        for index, file in enumerate(self._files):
            image = cv2.imread(str(file), cv2.IMREAD_COLOR)  # grey, alpha, 16 bit: all become BGR
            if image is None:
                size = file.stat().st_size
                raise BadInput(f"{file} ({size} bytes) is no picture that OpenCV can read")
            yield Frame(as_bgr(image), index, float(index), name=file.name)


PLUGIN = ImagesPlugin()
