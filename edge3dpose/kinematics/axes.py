"""Axes and units of other programs, by name: one table for every file, stream and message.

Everything here comes from the camera's axes (``opencv``: x right, y down, z forward, mm). A person
who raises the left hand and looks at the camera does so in each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.errors import BadInput

# From the axes of the rest pose (x to the person's left, y up, z forward) and of posed skeletons
# (x right in the picture, y up, z to the camera) to the camera's.
Y_UP_FROM_OPENCV = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class Axes:
    """The axes of a program.

    scene     (3, 3) from the camera's axes; a reflection where the program is left-handed
    body      (3, 3) from the axes of the rest pose (left, up, forward) to where such a person's
              left, up and forward lie when the program puts a person at rest
    per_mm    of the program's unit: 0.001 for metres
    summary   the axes in words
    """

    name: str
    scene: NDArray[np.float64]
    body: NDArray[np.float64]
    per_mm: float
    unit: str
    summary: str

    @property
    def up(self) -> int:
        """Which of the program's axes points up: 0, 1 or 2. Of opencv, y points down."""
        return int(np.abs(self.scene[:, 1]).argmax())

    def points(self, camera_mm: NDArray) -> NDArray[np.float64]:
        """Positions or directions (..., 3) in the camera's axes, mm -> the program's, its unit."""
        return np.asarray(camera_mm, float) @ self.scene.T * self.per_mm

    def directions(self, camera: NDArray) -> NDArray[np.float64]:
        """Vectors (..., 3) in the camera's axes -> the program's axes; the unit stays."""
        return np.asarray(camera, float) @ self.scene.T

    def y_up_points(self, y_up_mm: NDArray) -> NDArray[np.float64]:
        """The same of positions in the axes of posed skeletons, mm."""
        return np.asarray(y_up_mm, float) @ (self.scene @ Y_UP_FROM_OPENCV).T * self.per_mm

    def rest_points(self, rest_mm: NDArray) -> NDArray[np.float64]:
        """Offsets (..., 3) of a rest pose, mm -> those of a person at rest in the program."""
        return np.asarray(rest_mm, float) @ self.body.T * self.per_mm

    def local_turns(self, turns: NDArray) -> NDArray[np.float64]:
        """Turns (..., 4) w x y z against the parent bone, for bones at ``rest_points``."""
        return _conjugated(self.body, turns)

    def world_turns(self, turns: NDArray) -> NDArray[np.float64]:
        """Turns (..., 4) from rest to the scene, such as the hips': rest in body axes."""
        whole = rotations.matrix(np.asarray(turns, float))
        return rotations.from_matrix(self.scene @ Y_UP_FROM_OPENCV @ whole @ self.body.T)


def _conjugated(matrix: NDArray, turns: NDArray) -> NDArray[np.float64]:
    """A turn told in other axes; a reflection turns the other way."""
    turns = np.asarray(turns, float)
    axis = turns[..., 1:] @ matrix.T * round(float(np.linalg.det(matrix)))
    return np.concatenate([turns[..., :1], axis], -1)


def _axes(name: str, scene: str, body: str, unit: str, summary: str) -> Axes:
    """scene and body name, for each axis of the program, the one it comes from."""
    per_mm = {"mm": 1.0, "cm": 0.1, "m": 0.001}[unit]
    return Axes(name, _matrix(scene, "xyz"), _matrix(body, "luf"), per_mm, unit, summary)


def _matrix(words: str, letters: str) -> NDArray[np.float64]:
    rows = np.zeros((3, 3))
    for row, word in enumerate(words.split()):
        rows[row, letters.index(word[-1])] = -1.0 if word[0] == "-" else 1.0
    return rows


# scene: x y z of the camera; body: l u f are the left, up and forward of a person
TABLE = {
    axes.name: axes
    for axes in (
        _axes("opencv", "x y z", "l -u -f", "mm", "x right, y down, z forward, mm"),
        _axes("gltf", "x -y -z", "l u f", "m", "x right, y up, z to the camera, m"),
        _axes("ros", "z -x -y", "f l u", "m", "x forward, y left, z up, m (REP-103)"),
        _axes("unity", "x -y z", "-l u f", "m", "x right, y up, z forward, left-handed, m"),
        _axes("unreal", "z x -y", "f -l u", "cm", "x forward, y right, z up, left-handed, cm"),
        _axes("blender", "x z -y", "l -f u", "m", "x right, y forward, z up, m"),
        _axes("opensim", "-z -y -x", "f u -l", "m", "x to the camera, y up, z left, m"),
    )
}
NAMES = tuple(TABLE)


def find(name: str) -> Axes:
    """The axes of a program; BadInput with the ones there are."""
    if name not in TABLE:
        raise BadInput(f"no axes called {name!r}; there are: {', '.join(NAMES)}")
    return TABLE[name]
