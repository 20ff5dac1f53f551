"""Which engine runs: the model, its weights, what is asked for, what is settled, and the engine.

Axis letters: N people, J joints, S crop side in pixels, C columns of a joint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge3dpose import input_files, onnx_bytes
from edge3dpose.skeletons import Skeleton
from edge3dpose.types import Array

Precision = Literal["fp32", "bf16", "fp16", "int8"]

MEND = "reinstall the package or export it again"  # of weights that are not as their card says
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "fp16", "int8")


@dataclass(frozen=True, slots=True)
class CropRule:
    """How a model of a spec file sees a person, where that is not the ROI of our own models.

    kind       "box": upright, about the tight box of the person; "circle": about the root, turned
               with the trunk, as wide as the joint that is farthest away; "roi": the ROI of our
               own models, 2.25 m about the pelvis
    padding    of the box's or the circle's size
    aspect     width over height of the network's input, which lies in the middle of the square
    min_score  mean score of the joints; below it there is no person
    """

    kind: Literal["box", "circle", "roi"] = "box"
    padding: float = 1.25
    aspect: float = 1.0
    min_score: float = 0.3


@dataclass(frozen=True, slots=True)
class MapsRule:
    """What a bottom-up network says of a whole frame, and how people are made of it.

    kind          "paf": part affinity fields; "tags": associative embedding
    input_px      width and height of the network's picture, in the middle of the square crop
    size          width and height of the maps
    cells         where their cells lie, see docs/own-models.md
    limbs         of "paf": pairs of joints, in the order of the fields
    least_peak    of a joint's map; a lower peak is no joint
    least_joints  a person has so many at least
    tag_distance  of "tags": joints whose tags differ by more are of two people
    """

    kind: Literal["paf", "tags"]
    input_px: tuple[int, int]
    size: tuple[int, int]
    cells: str = "stride"
    limbs: tuple[tuple[int, int], ...] = ()
    least_peak: float = 0.1
    least_joints: int = 4
    tag_distance: float = 1.0

    def channels(self, joints: int) -> int:
        """Maps of the joints, then x and y of each limb's field, or a tag a joint."""
        return joints + (2 * len(self.limbs) if self.kind == "paf" else joints)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """All that the runtime must know of a model.

    Every cut gives (N, J, C): u, v, z, score; with has_std also the standard deviations of u, v, z.
    Without has_depth the z means nothing, and poses are 2D. With maps it gives (1, maps, cells).
    """

    name: str
    input_size: int  # S
    cuts: int  # heads are named cut01 ... cut<cuts>
    skeleton: Skeleton
    mean_rgb: tuple[float, float, float]  # of pixel values scaled to 0..1
    std_rgb: tuple[float, float, float]
    crop_side_mm: float = 2250.0  # what the side of a training crop spans at root depth
    z_range_mm: float = 2000.0  # what z 0..1 spans in a training crop
    has_std: bool = False  # C is 7, and not 4
    has_depth: bool = True
    crop: CropRule | None = None  # of a model of a spec file; None for our own ROI and depths
    maps: MapsRule | None = None  # of a bottom-up network, which sees the whole frame

    def output_shape(self, people: int) -> tuple[int, int, int]:
        """(N, J, C) of what a cut says of so many people; (N, maps, cells) of a bottom-up one."""
        if self.maps is not None:
            width, height = self.maps.size
            return (people, self.maps.channels(len(self.skeleton.joints)), width * height)
        return (people, len(self.skeleton.joints), 7 if self.has_std else 4)

    def head(self, cut: int) -> str:
        """Name of the graph output of a cut, 1 <= cut <= cuts."""
        return f"cut{cut:02d}"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's ONNX file with every head, and what its card says of it; the hash was verified."""

    spec: ModelSpec
    onnx: Path
    sha256: str
    card: dict

    def verify(self) -> None:
        """Check the file's hash; EngineMismatch for another one. ``read`` also looks inside."""
        input_files.read_verified(self.onnx, self.sha256, MEND)

    def read(self) -> bytes:
        """The file's bytes, verified again; EngineMismatch where it has changed meanwhile."""
        return onnx_bytes.read(self.onnx, self.sha256, MEND)


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """Which engine is asked for; ``auto`` is settled by selection.defaults.resolve."""

    model: str = "sspnet-lite"
    weights: Path | None = None  # an ONNX file of the user's own; None for the one shipped
    cut: str | int = "auto"
    precision: str = "auto"
    backend: str = "auto"
    threads: int | None = None  # of a CPU backend; None for its own default


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Which engine is used: everything is settled, and ``why`` holds a reason for each ``auto``."""

    weights: Weights
    cut: int
    precision: Precision
    backend: str
    threads: int | None = None  # of a CPU backend; None for its own default
    why: tuple[str, ...] = ()

    @property
    def spec(self) -> ModelSpec:
        """The model's spec."""
        return self.weights.spec

    @property
    def text(self) -> str:
        """The engine in words: 'sspnet-lite cut 11, bf16, openvino'."""
        return f"{self.spec.name} cut {self.cut}, {self.precision}, {self.backend}"

    def __str__(self) -> str:
        """One line of the engine, then a line for each reason."""
        threads = "" if self.threads is None else f", threads {self.threads}"
        return "\n".join([f"{self.text}{threads}", *(f"  {reason}" for reason in self.why)])


class Engine:
    """A compiled cut: base class. Not thread-safe; a returned array is valid until the next call.

    The estimator calls ``infer_crops`` of an engine that cuts the crops itself (on a GPU), else it
    makes the crops and calls the engine.
    """

    cuts_crops: bool = False

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) float32 RGB, normalised -> (N, J, C), see ModelSpec."""
        raise NotImplementedError

    def infer_crops(self, picture: Any, views: Sequence[Any]) -> Array:
        """A picture and N crops of it -> (N, J, C). Only where ``cuts_crops``.

        picture  BGR (H, W, 3) or runtime.planes.Nv12, in memory of the host or of the device
        views    runtime.preprocess.View of each crop
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free what it holds; a second call does nothing."""
