"""Files of measured cameras: this project's JSON, OpenCV's YAML and ROS's camera_info YAML.

The kind is told by the content. OpenCV and ROS count pixels from centres; here (0, 0) is a corner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge3dpose import storage
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.types import Camera

LARGEST_FILE = 1 << 20  # bytes; such a file has some hundred
MOST_BRACKETS = 16  # in each other
LARGEST_SIDE_PX = 100_000
FOCAL = (0.05, 200.0)  # of the longer side: fields of view of a fisheye and of a telescope
LARGEST_COEFFICIENT = 1e4
FARTHEST_MM = 1e8  # of a camera from the origin of the world
_FISHEYE = ("equidistant", "fisheye", "kannala_brandt", "kannala_brandt4")
_MATRIX = ("camera_matrix", "cameraMatrix", "Camera_Matrix", "K", "k")
_MOUNT = "camera_to_world_mm"
_WORLD_UP = ("z", "y", "-y", "-z", "x", "-x")
_PLAIN = ("plumb_bob", "rational_polynomial", "radtan", "none", "")

Size = tuple[int, int]


def read_intrinsics(path: Path) -> tuple[Camera, Size]:
    """Read a file of a measured camera.

    Returns the camera, and the (width, height) in pixels of the images it was measured on. Raises
    BadInput where the file is missing or holds something else.
    """
    if not path.is_file():
        raise BadInput(f"no intrinsics file {path}")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{path} has {path.stat().st_size} bytes, wanted one camera")
        text = path.read_text(encoding="utf-8")
        content = _read_yaml(path, text) if _is_yaml(text) else storage.read_json(path)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"not an intrinsics file: {path} cannot be read: {error}") from None
    except BadInput as error:
        raise BadInput(f"not an intrinsics file: {error}") from None
    foreign = _first(content, *_MATRIX) is not None and "focal_px" not in content
    return _camera(_Numbers(path, _plain(path, content) if foreign else content))


def content_of(camera: Camera, size: Size, **facts: Any) -> dict[str, Any]:
    """The JSON object of an intrinsics file, with more facts of how it was measured."""
    return {
        "size": list(size),
        "focal_px": [round(float(f), 4) for f in camera.focal_px],
        "centre_px": [round(float(c), 4) for c in camera.centre_px],
        "distortion": [round(float(k), 8) for k in camera.distortion],
        "fisheye": camera.fisheye,
        **facts,
    }


class _Numbers:
    """The numbers of a file, checked as they are asked for."""

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        self.path, self.content = path, content

    def get(self, key: str, lengths: tuple[int, ...], least: float, most: float) -> list[float]:
        """The finite numbers under a key, within limits; BadInput for anything else."""
        values = self.content.get(key)
        positive = " positive" if least > 0 else ""
        wanted = f"{' or '.join(map(str, lengths))}{positive} numbers"
        if isinstance(values, list) and len(values) in lengths:
            found = [_number(value) for value in values]
            if all(least <= value <= most for value in found):
                return found
            if all(math.isfinite(value) for value in found) and not (positive and min(found) <= 0):
                wanted += f" from {least:g} to {most:g}"
        raise BadInput(f"{self.path}: {key} is {_short(values)}, wanted {wanted}")


def _camera(numbers: _Numbers) -> tuple[Camera, Size]:
    fisheye = numbers.content.get("fisheye", False)
    if not isinstance(fisheye, bool):
        raise BadInput(f"{numbers.path}: fisheye is {_short(fisheye)}, wanted true or false")
    numbers.get("focal_px", (2,), 1e-9, math.inf)
    width, height = numbers.get("size", (2,), 1, LARGEST_SIDE_PX)
    longer = max(width, height)
    focal = numbers.get("focal_px", (2,), FOCAL[0] * longer, FOCAL[1] * longer)
    centre = numbers.get("centre_px", (2,), -longer, 2 * longer)
    distortion: list[float] = []
    if numbers.content.get("distortion"):
        lengths = (4,) if fisheye else (4, 5, 8)
        limit = LARGEST_COEFFICIENT
        distortion = numbers.get("distortion", lengths, -limit, limit)
    camera = Camera(
        *((focal[0], focal[1]), (centre[0], centre[1]), tuple(distortion)),
        fisheye=fisheye,
        **_mount(numbers),
    )
    return camera, (int(width), int(height))


def _mount(numbers: _Numbers) -> dict[str, Any]:
    """Where the camera is above a level floor, of its matrix camera to world; or nothing."""
    if numbers.content.get(_MOUNT) is None:
        return {}
    world_up = numbers.content.get("world_up", "z")
    if world_up not in _WORLD_UP:
        wanted = ", ".join(_WORLD_UP)
        raise BadInput(f"{numbers.path}: world_up is {_short(world_up)}; wanted one of {wanted}")
    flat = {_MOUNT: _data(numbers.content[_MOUNT])}
    values = _Numbers(numbers.path, flat).get(_MOUNT, (12, 16), -FARTHEST_MM, FARTHEST_MM)
    rows = [values[4 * n : 4 * n + 4] for n in range(3)]
    axis, sign = "xyz".index(world_up[-1]), -1.0 if world_up[0] == "-" else 1.0
    for a in range(3):
        for b in range(3):
            product = sum(rows[a][n] * rows[b][n] for n in range(3))
            if abs(product - (a == b)) > 0.01:
                raise BadInput(f"{numbers.path}: the first 3 columns of {_MOUNT} are no rotation")
    above_mm = sign * rows[axis][3]
    if above_mm <= 0:
        raise BadInput(
            f"{numbers.path}: by {_MOUNT} the camera is {-above_mm:g} mm below the floor; wanted "
            f"camera to world, with {world_up} up and 0 at the floor (world_up)"
        )
    length = math.hypot(*rows[axis][:3])
    up = tuple(sign * value / length for value in rows[axis][:3])
    return {"up": up, "above_floor_mm": above_mm}


def _plain(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """What OpenCV or ROS wrote, in this project's words; missing parts are left out."""
    found = {name: content[name] for name in (_MOUNT, "world_up") if name in content}
    matrix = _data(_first(content, *_MATRIX))
    if isinstance(matrix, list) and len(matrix) == 9:
        numbers = [_number(value) for value in matrix]
        found["focal_px"] = [numbers[0], numbers[4]]
        found["centre_px"] = [numbers[2] + 0.5, numbers[5] + 0.5]
    width, height = (
        _first(content, "image_width", "width"),
        _first(content, "image_height", "height"),
    )
    both = _data(_first(content, "image_size", "imageSize"))
    found["size"] = [width, height] if both is None else both
    model = str(_first(content, "distortion_model", "camera_model") or "").lower()
    if model not in (*_FISHEYE, *_PLAIN, "pinhole"):
        raise BadInput(
            f"{path}: distortion_model is {_short(model)}; wanted plumb_bob, rational_polynomial "
            "or equidistant"
        )
    found["fisheye"] = model in _FISHEYE or bool(_first(content, "fisheye_model", "fisheye"))
    names = ("distortion_coefficients", "Distortion_Coefficients", "dist_coeffs", "distCoeffs")
    lens = _data(_first(content, *names, "dist_coeff", "distortion", "D", "d"))
    if isinstance(lens, list) and lens:
        lens = [_number(value) for value in lens]
        most = 4 if found["fisheye"] else 8
        while len(lens) > most and lens[-1] == 0:  # OpenCV writes terms that it does not use
            lens.pop()
        found["distortion"] = lens
    return found


def _first(content: Mapping[str, Any], *names: str) -> Any:
    return next((content[name] for name in names if content.get(name) is not None), None)


def _data(value: Any) -> Any:
    """The numbers of a matrix: {rows, cols, data}, a list, or a list of rows."""
    if isinstance(value, dict):
        value = value.get("data")
    if isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        return [number for row in value for number in row]
    return value


def _number(value: Any) -> float:
    """A number, also where YAML takes 1e-05 for text; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _short(value: Any) -> str:
    shown = " ".join(repr(value)[:200].split())
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _is_yaml(text: str) -> bool:
    head = text.lstrip("\ufeff \t\r\n")
    return head.startswith("%YAML") or (not head.startswith(("{", "[")) and ":" in head)


def _read_yaml(path: Path, text: str) -> dict[str, Any]:
    """The mapping in a YAML file: plain values alone, no aliases, which could grow without end."""
    try:
        import yaml
    except ImportError:
        raise MissingDependency(f"{path} is YAML; pip install pyyaml") from None

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise yaml.YAMLError("it has aliases")
            return super().compose_node(parent, index)

    matrix = "tag:yaml.org,2002:opencv-matrix"
    Loader.add_constructor(matrix, lambda loader, node: loader.construct_mapping(node, deep=True))
    lines = text.lstrip("\ufeff").splitlines()
    if lines and lines[0].startswith("%YAML:"):  # as OpenCV writes it, which is no YAML
        lines = lines[1:]
    opened = 0
    for letter in text:  # many in each other cost the reader minutes, before it gives up
        opened += (letter in "[{") - (letter in "]}")
        if opened > MOST_BRACKETS:
            raise BadInput(f"{path} is not YAML of a camera: {opened} brackets in each other")
    try:
        content = yaml.load("\n".join(lines), Loader)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError, TypeError) as error:
        raise BadInput(f"{path} is not YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(content, dict):
        raise BadInput(f"{path} holds a YAML {type(content).__name__}, wanted a mapping")
    return content
