"""Pictures and video frames in which people were boxed by hand, as a source of frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import input_files, paths
from edge3dpose.errors import BadInput
from edge3dpose.records import Count, Pixel, from_json
from edge3dpose.runtime.sources import Source, open_source
from edge3dpose.runtime.tracking.assignment import assigned
from edge3dpose.storage import read_json
from edge3dpose.types import Frame

FILE = Path("truth") / "people_boxes.json"

Corners = tuple[Pixel, Pixel, Pixel, Pixel]  # x0 y0 x1 y1 in px


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The people of one picture."""

    size: tuple[Count, Count]  # width, height
    boxes: tuple[Corners, ...]
    all_marked: bool  # False: a crowd in which some have no box


class LabelledPictures(Source):
    """The pictures of a folder with labels, unrelated, each under its name in the label file."""

    related = False

    def __init__(self, root: Path) -> None:
        """Read ``root/truth/people_boxes.json``; BadInput where it or a file it names is missing.

        Its keys are files under root, of a video with @ and the number of the frame.
        """
        self._root = root
        file = root / FILE
        content = read_json(file)
        self.labels: dict[str, Labels] = {
            name: from_json(Labels, value, f"{file}: {name}") for name, value in content.items()
        }
        if not self.labels:
            raise BadInput(f"{file} names no picture")
        self.sha256 = paths.sha256_of(file)
        self.name, self.frames = str(file), len(self.labels)

    def __iter__(self) -> Iterator[Frame]:
        """The pictures in the order of the file."""
        by_file: dict[str, dict[int, str]] = {}
        for name in self.labels:
            path, _, number = name.rpartition("@") if "@" in name else (name, "", "0")
            input_files.below(self._root, path, f"{self.name}: ")
            if not (number.isascii() and number.isdigit() and len(number) < 10):
                raise BadInput(f"{self.name} has {name!r}, wanted FILE or FILE@NUMBER")
            by_file.setdefault(path, {})[int(number)] = name
        for path, wanted in by_file.items():
            for name, frame in self._frames(path, wanted):
                height, width = frame.image.shape[:2]
                if (width, height) != self.labels[name].size:
                    size = "x".join(str(side) for side in self.labels[name].size)
                    raise BadInput(f"{name} is {width}x{height}, its boxes are for {size}")
                index = list(self.labels).index(name)
                yield replace(frame, index=index, time_s=float(index), name=name)

    def _frames(self, path: str, wanted: Mapping[int, str]) -> Iterator[tuple[str, Frame]]:
        """Each wanted frame of a file with its name; BadInput for one that is not in it."""
        if not (self._root / path).is_file():
            raise BadInput(f"there is no file {self._root / path}, which {self.name} names")
        left = dict(wanted)
        with closing(open_source(self._root / path)) as source:
            for number, frame in enumerate(source):
                if number in left:
                    yield left.pop(number), frame
                if not left:
                    return
        raise BadInput(f"{self._root / path} has no frame {min(left)}")


class Unrelated(Source):
    """Frames in memory that have nothing to do with each other."""

    related, prefetch = False, False

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames, self._frames = len(frames), frames

    def __iter__(self) -> Iterator[Frame]:
        """The frames as they are."""
        return iter(self._frames)


def paired(fits: Sequence[Sequence[bool]]) -> dict[int, int]:
    """The most pairs of a row and a column that fit, each in one pair at most: row -> column."""
    return dict(assigned(np.array(fits, float), 1.0))


def facts(pictures: LabelledPictures) -> dict[str, Any]:
    """What a report says of the labels."""
    labels = pictures.labels.values()
    return {
        "pictures": len(labels),
        "people": sum(len(one.boxes) for one in labels),
        "all_marked": sum(one.all_marked for one in labels),
        "labels_sha256": pictures.sha256,
    }
