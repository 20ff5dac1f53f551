"""A model's spec file: TOML in, all that is needed to take a stranger's network for a model, out.

What a key means is told in docs/own-models.md.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from edge3dpose import bounded_json, input_files
from edge3dpose.engine_types import CropRule, ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.joint_lists import listed_skeleton, with_map
from edge3dpose.joint_sets import SKELETONS, mirror_of
from edge3dpose.models import _decodes, _maps
from edge3dpose.records import Like, Within, from_json
from edge3dpose.skeletons import H36M17, Skeleton, has_h36m17

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same reader, under the name it had before
    import tomli as tomllib

MOST_BYTES = 1 << 17
ZOO = Path(__file__).with_name("zoo")

Side = Annotated[int, Within(16, 1024)]
ModelName = Annotated[str, Like(r"[a-z0-9][a-z0-9._-]{0,59}", "small letters, digits, . _ -")]
Value = Annotated[float, Within(-1e6, 1e6)]
Three = tuple[Value, Value, Value]


@dataclass(frozen=True)
class Input:
    """The picture that the network is given.

    size      width, height in pixels
    range     what pixel values 0..255 become; or mean_rgb and std_rgb, in 0..255, red first
    """

    size: tuple[Side, Side]
    layout: Literal["nchw", "nhwc"] = "nchw"
    colour: Literal["rgb", "bgr"] = "rgb"
    range: tuple[Value, Value] | None = None
    mean_rgb: Three | None = None
    std_rgb: Three | None = None


@dataclass(frozen=True)
class Crop:
    """The part of the frame that it shows; see engine_types.CropRule."""

    rule: Literal["box", "circle", "roi"] = "box"
    padding: Annotated[float, Within(1, 3)] = 1.25
    min_score: Annotated[float, Within(0, 1)] = 0.3


@dataclass(frozen=True)
class _File:
    """The tables of the file."""

    name: ModelName
    skeleton: Any
    input: Input
    output: dict[str, Any]
    crop: Crop = Crop()
    kind: Literal["top-down", "bottom-up"] = "top-down"
    onnx: str = ""
    licence: str = ""
    source: str = ""


@dataclass(frozen=True)
class SpecFile:
    """A spec file that was read.

    spec    what the runtime knows of the model
    onnx    where the file says its network lies; None where it does not
    sha256  of the file's text
    """

    path: Path
    text: str
    sha256: str
    spec: ModelSpec
    input: Input
    decode_name: str
    decode: _decodes.Decode
    onnx: Path | None
    licence: str
    source: str

    @property
    def shift_px(self) -> tuple[int, int]:
        """Where the network's picture begins in the middle of the square crop: across, down."""
        width, height = self.input.size
        side = self.spec.input_size
        return (side - width) // 2, (side - height) // 2


def read(path: Path) -> SpecFile:
    """Read a spec file; BadInput, in one line with the key, for what cannot be."""
    content = input_files.read(path, MOST_BYTES)
    where = str(path)
    try:
        text = content.decode("utf-8")
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise BadInput(f"{where} is no spec file (TOML): {reason}") from None
    bounded_json.check(tables, where)
    _refuse_unknown(_File, tables, where, skip=("skeleton", "output"))
    file = from_json(_File, tables, where)
    name, decode = _decodes.read(file.output, where)
    _refuse_unknown(type(decode), file.output, f"{where}, output", also=("decode",))
    if isinstance(decode, _decodes.Paf | _decodes.Tags) != (file.kind == "bottom-up"):
        raise BadInput(f'{where}: kind = "bottom-up" goes with the decodes paf and tags')
    skeleton = _skeleton(file.skeleton, where)
    onnx = path.parent / file.onnx if file.onnx else None
    spec = _model_spec(file, decode, skeleton, where)
    digest = hashlib.sha256(content).hexdigest()
    facts = (file.licence[:200], file.source[:200])
    return SpecFile(path, text, digest, spec, file.input, name, decode, onnx, *facts)


def in_zoo() -> dict[str, Path]:
    """The spec files that come with the package, by name."""
    return {file.stem: file for file in sorted(ZOO.glob("*.toml"))}


def _model_spec(file: _File, decode: _decodes.Decode, skeleton: Skeleton, where: str) -> ModelSpec:
    width, height = file.input.size
    mean, std = _mean_std(file.input, where)
    rule = file.crop.rule
    if rule == "circle" and not has_h36m17(skeleton):
        raise BadInput(f"{where}: crop.rule circle needs a skeleton with a map to {H36M17.name}")
    if rule == "roi" and not (decode.has_depth and has_h36m17(skeleton)):
        raise BadInput(f"{where}: crop.rule roi needs depths and a map to {H36M17.name}")
    z_range_mm = getattr(decode, "z_span_mm", 2250.0)  # else z is in the units of x
    return ModelSpec(
        name=file.name,
        input_size=max(width, height),
        cuts=1,
        skeleton=skeleton,
        mean_rgb=mean,
        std_rgb=std,
        z_range_mm=float(z_range_mm),
        has_depth=decode.has_depth,
        crop=CropRule(rule, file.crop.padding, width / height, file.crop.min_score),
        maps=_maps.rule_of(file.input.size, decode, skeleton, where),
    )


def _mean_std(picture: Input, where: str) -> tuple[Three, Three]:
    """Of pixel values scaled to 0..1."""
    given = picture.mean_rgb is not None or picture.std_rgb is not None
    if given == (picture.range is not None):
        raise BadInput(f"{where}: input wants range, or mean_rgb and std_rgb")
    if picture.range is not None:
        low, high = picture.range
        if not high > low:
            raise BadInput(f"{where}: input.range is {low:g} to {high:g}, wanted a rising one")
        return (-low / (high - low),) * 3, (1 / (high - low),) * 3
    mean, std = picture.mean_rgb or (0.0, 0.0, 0.0), picture.std_rgb or (255.0, 255.0, 255.0)
    if min(std) <= 0:
        raise BadInput(f"{where}: input.std_rgb has a number that is not above 0")
    r, g, b = ((m / 255, s / 255) for m, s in zip(mean, std, strict=True))
    return (r[0], g[0], b[0]), (r[1], g[1], b[1])


def _skeleton(value: Any, where: str) -> Skeleton:
    """A known joint set by its name, or one that the table lists."""
    if isinstance(value, str):
        if value not in SKELETONS:
            names = ", ".join(SKELETONS)
            raise BadInput(f"{where}: skeleton is {value!r:.40}, wanted a table or one of {names}")
        return SKELETONS[value]
    if not isinstance(value, dict):
        raise BadInput(f"{where}: skeleton is {value!r:.40}, wanted a name or a table")
    keys = ("name", "joints", "bones", "pairs", "root", "h36m17")
    if unknown := next((key for key in value if key not in keys), None):
        raise BadInput(f"{where}: skeleton.{unknown} is no key; there is: {', '.join(keys)}")
    name = value.get("name")
    if not isinstance(name, str) or not name or name in SKELETONS:
        raise BadInput(f"{where}: skeleton.name wants a name of its own")
    try:
        return _listed(name[:40], value)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"{where}: skeleton: {error}") from None


def _listed(name: str, value: Mapping[str, Any]) -> Skeleton:
    joints = value.get("joints")
    if not isinstance(joints, list) or not all(isinstance(one, str) for one in joints):
        raise ValueError("joints is no list of names")
    index = {joint: n for n, joint in enumerate(joints)}

    def pairs(key: str) -> list[list[int]]:
        found = value.get(key, [])
        try:
            return [[index[a], index[b]] for a, b in found]
        except (KeyError, ValueError, TypeError):
            raise ValueError(f"{key} is no list of pairs of joints") from None

    parents, links = [-1] * len(joints), []
    for a, b in pairs("bones"):
        if parents[b] < 0 and not _reaches(parents, a, b):
            parents[b] = a
        else:
            links.append([a, b])
    unknown = [one for one in value.get("root", joints[:1]) if one not in index]
    if unknown:
        raise ValueError(f"root names {unknown[0]!r:.40}, which is no joint")
    listed = {
        "joints": joints,
        "parents": parents,
        "links": links,
        "mirror": list(mirror_of(tuple(joints), [(a, b) for a, b in pairs("pairs")])),
        "root": [index[one] for one in value.get("root", joints[:1])],
    }
    skeleton = listed_skeleton(name, listed)
    if "h36m17" not in value:
        return skeleton
    names = {
        joint: {parts: 1.0} if isinstance(parts, str) else {k: float(v) for k, v in parts.items()}
        for joint, parts in value["h36m17"].items()
    }
    return with_map(skeleton, names)


def _reaches(parents: list[int], start: int, end: int) -> bool:
    while start >= 0:
        if start == end:
            return True
        start = parents[start]
    return False


def _refuse_unknown(
    kind: type, tables: Any, where: str, *, skip: tuple[str, ...] = (), also: tuple[str, ...] = ()
) -> None:
    """BadInput for a key that means nothing: a slip would otherwise pass unseen."""
    if not isinstance(tables, dict):
        return
    hints = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind)] + list(also)
    for key, value in tables.items():
        if key not in known:
            raise BadInput(f"{where}: {key[:40]!r} is no key; there is: {', '.join(known)}")
        if key not in skip and dataclasses.is_dataclass(hints.get(key)):
            _refuse_unknown(hints[key], value, f"{where}, {key}")
