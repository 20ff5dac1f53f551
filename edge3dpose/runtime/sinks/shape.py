"""Body shapes: at the end of a run, the height and limb lengths of each person (docs/shape.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import storage
from edge3dpose.errors import BadInput
from edge3dpose.outputs import Output
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.types import Frame, Pose3D

if TYPE_CHECKING:
    from edge3dpose.shape.body_shape import BodyShape

LEAST_FRAMES = 10  # who is seen in fewer is left out
MOST_ROWS = 2048  # kept of a person; then every second one is, and so on
MOST_PEOPLE = 100  # those seen longest


class ShapePlugin(SinkPlugin):
    """--shape."""

    name = "shape"
    order = 15
    needs_h36m17 = True
    options = (
        PluginOption(
            "--shape",
            "Measure each person's height and limbs: print them at the end, write them to a file.",
            kind=Path,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """With --shape."""
        return values["shape"] is not None

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """The sink."""
        if not context.related:
            raise BadInput(
                f"--shape follows people over time; {context.source} has single images: --sequence "
                "FPS if they are one film"
            )
        return Shapes(values["shape"], context.header, overwrite=values["overwrite"])


@dataclass(slots=True)
class _Person:
    """Bone lengths of one person, thinned when they become many."""

    frames: int = 0
    stride: int = 1
    rows: list[NDArray[np.float32]] = field(default_factory=list)  # 16 lengths, 16 weights
    time_s: list[float] = field(default_factory=list)

    def add(self, time_s: float, row: NDArray) -> None:
        self.frames += 1
        if self.frames % self.stride:
            return
        self.rows.append(row.astype(np.float32))
        self.time_s.append(time_s)
        if len(self.rows) >= MOST_ROWS:
            self.rows, self.time_s = self.rows[1::2], self.time_s[1::2]
            self.stride *= 2


class Shapes(Sink):
    """Collects bone lengths; fits a body to each person when it is closed."""

    def __init__(self, path: Path, header: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self._header = header
        self._people: dict[int | None, _Person] = {}
        self._file = Output(path, overwrite=overwrite)  # refuses now what cannot be written later
        self.path = path if self._file.part else None
        self._open = True

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Measure the people of a frame."""
        from edge3dpose.shape.bones import pair_lengths, pair_weights

        for pose in poses:
            row = np.concatenate([pair_lengths(pose.joints_mm), pair_weights(pose.score)])
            self._people.setdefault(pose.track_id, _Person()).add(frame.time_s, row)

    def close(self) -> None:
        """Fit the bodies, write the file."""
        if not self._open:
            return
        from edge3dpose.shape.body_shape import file_of

        self._open = False
        shapes = self._shapes()
        self.said = tuple(shape.text for shape in shapes) or (
            f"--shape: nobody was seen in {LEAST_FRAMES} frames or more, so nobody was measured",
        )
        try:
            self._file.write(storage.json_text(file_of(shapes, self._header)).encode("utf-8"))
        except BrokenPipeError:  # nobody reads it any more
            return
        except BadInput:
            self._file.discard()
            raise
        self._file.commit()

    def discard(self) -> None:
        """Write nothing."""
        self._open = False
        self._file.discard()

    def _shapes(self) -> list[BodyShape]:
        from edge3dpose.shape.body_shape import shape_of
        from edge3dpose.shape.bones import median_lengths

        seen = {n: person for n, person in self._people.items() if person.frames >= LEAST_FRAMES}
        longest = sorted(seen, key=lambda n: -seen[n].frames)[:MOST_PEOPLE]
        shapes = []
        for track_id in (n for n in seen if n in set(longest)):
            person = seen[track_id]
            lengths, weights = np.split(np.stack(person.rows).astype(float), 2, axis=1)
            try:
                measured = median_lengths(np.array(person.time_s), lengths, weights)
            except BadInput:  # of no body
                continue
            shapes.append(shape_of(measured, track_id, self._header))
        return shapes


PLUGIN = ShapePlugin()
