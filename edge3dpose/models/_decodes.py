"""How the outputs of a network become joints: the options of each decode of a model's spec file.

The nodes themselves are put into the graph by compiler.decodes. Outputs are named as in the ONNX
file; an empty name is that of the only output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from edge3dpose.errors import BadInput
from edge3dpose.records import Within, from_json

Cells = Literal["stride", "udp", "centres", "ends"]
Output = str
Index = Annotated[int, Within(-64, 1023)]
Bins = Annotated[int, Within(2, 4096)]
SpanMm = Annotated[float, Within(1, 1e5)]


@dataclass(frozen=True)
class Heatmap:
    """The highest cell of a map (J, h, w) a joint; the score is its height.

    refine      "quarter": a quarter of a cell towards the higher neighbour (Newell et al.);
                "dark": Zhang et al., arXiv 1910.06278; "udp": the same after Huang et al.,
                arXiv 1911.07524; or "none"
    cells       where cell n lies in the input: "stride" n * W / w, "udp" n * (W - 1) / (w - 1),
                "centres" its middle, "ends" from border to border; None: as refine is trained
    activation  of the maps
    stage       of maps (stages, J, h, w): which one, -1 the last
    channels    which of more maps are joints, such as without a background
    kernel      of the blur of dark and udp: odd, 11 for a sigma of 2
    """

    maps: Output = ""
    layout: Literal["nchw", "nhwc"] = "nchw"
    refine: Literal["quarter", "dark", "udp", "none"] = "quarter"
    cells: Cells | None = None
    activation: Literal["none", "sigmoid"] = "none"
    stage: Index | None = None
    channels: tuple[Index, ...] = ()
    kernel: Annotated[int, Within(3, 63)] = 11

    has_depth = False


@dataclass(frozen=True)
class SoftArgmax:
    """The mean place of a map a joint, by its shares (Sun et al., arXiv 1711.08229).

    depth      bins of a volume: maps (J * depth, h, w) or (J, depth, h, w); None for 2D maps
    share      how a map becomes shares: "softmax", "sum" (of what is above 0) or "sigmoid"
    beta       the maps are multiplied by it before a softmax
    cells      as of a heatmap
    z_span_mm  of the depth bins, the middle of which is the root's depth
    """

    maps: Output = ""
    layout: Literal["nchw", "nhwc"] = "nchw"
    depth: Bins | None = None
    share: Literal["softmax", "sum", "sigmoid"] = "softmax"
    beta: Annotated[float, Within(1e-3, 1e4)] = 1.0
    cells: Cells = "stride"
    z_span_mm: SpanMm = 2000.0

    @property
    def has_depth(self) -> bool:
        """Whether the maps are volumes."""
        return self.depth is not None


@dataclass(frozen=True)
class Simcc:
    """The highest bin along each axis (Li et al., SimDR/SimCC, arXiv 2107.03332): x, y, maybe z.

    z          output of the depth's bins; empty for none
    score      the lesser of the two heights: as it is ("raw"), or of "softmax" or "sigmoid"
    z_span_mm  of the depth bins, the middle of which is the root's depth (RTMW3D: 4349)
    """

    x: Output
    y: Output
    z: Output = ""
    score: Literal["raw", "softmax", "sigmoid"] = "raw"
    z_span_mm: SpanMm = 4349.0

    @property
    def has_depth(self) -> bool:
        """Whether there are bins of depth."""
        return bool(self.z)


@dataclass(frozen=True)
class Regression:
    """Coordinates as they are (Toshev and Szegedy, DeepPose, arXiv 1312.4659).

    columns     of a joint's row, in their order
    units       of x and y, and of z, which counts from the root: "px" of the input, or what its
                width and height span
    score       output of the scores; empty: the column of that name, or 1 without one
    activation  of the scores
    """

    points: Output = ""
    columns: tuple[Literal["x", "y", "z", "score", "skip"], ...] = ("x", "y")
    units: Literal["px", "0..1", "-1..1", "-0.5..0.5"] = "0..1"
    score: Output = ""
    activation: Literal["none", "sigmoid"] = "none"

    @property
    def has_depth(self) -> bool:
        """Whether a column is z."""
        return "z" in self.columns


@dataclass(frozen=True)
class Blazepose:
    """MediaPipe's landmarks (arXiv 2006.10204): x, y, z in px, visibility, presence.

    flag   output that says whether there is anybody
    world  output of the landmarks in metres from the middle of the hips: better depths than z
    """

    points: Output
    flag: Output = ""
    world: Output = ""

    has_depth = True


_Peak = Annotated[float, Within(1e-6, 1e6)]


@dataclass(frozen=True)
class Paf:
    """Part affinity fields, bottom-up (Cao et al., OpenPose, arXiv 1611.08050).

    limbs       pairs of joints by name, in the order of the fields' channels: x, y of each
    heat, paf   outputs; may be the same one
    heat_from   channel of the first joint; paf_from of the first field
    stride      pixels of the input for a cell
    """

    limbs: tuple[tuple[str, str], ...]
    heat: Output = ""
    paf: Output = ""
    heat_from: Annotated[int, Within(0, 1023)] = 0
    paf_from: Annotated[int, Within(0, 1023)] = 0
    stride: Annotated[int, Within(1, 64)] = 8
    cells: Cells = "stride"
    least_peak: _Peak = 0.1
    least_joints: Annotated[int, Within(1, 64)] = 4

    has_depth = False


@dataclass(frozen=True)
class Tags:
    """Associative embedding, bottom-up (Newell et al., arXiv 1611.05424; HigherHRNet, SWAHR).

    heat, tags    outputs; may be the same one
    heat_from     channel of the first joint; tags_from of the first tag
    stride        pixels of the input for a cell
    activation    of the joints' maps
    tag_distance  joints whose tags differ by more are of two people
    """

    heat: Output = ""
    tags: Output = ""
    heat_from: Annotated[int, Within(0, 1023)] = 0
    tags_from: Annotated[int, Within(0, 1023)] = 0
    stride: Annotated[int, Within(1, 64)] = 4
    cells: Cells = "stride"
    activation: Literal["none", "sigmoid"] = "none"
    least_peak: _Peak = 0.1
    least_joints: Annotated[int, Within(1, 64)] = 4
    tag_distance: Annotated[float, Within(1e-6, 1e6)] = 1.0

    has_depth = False


Decode = Heatmap | SoftArgmax | Simcc | Regression | Blazepose | Paf | Tags
KINDS: dict[str, type] = {
    "heatmap": Heatmap,
    "soft-argmax": SoftArgmax,
    "simcc": Simcc,
    "regression": Regression,
    "blazepose": Blazepose,
    "paf": Paf,
    "tags": Tags,
}


def read(content: dict[str, Any], where: str) -> tuple[str, Decode]:
    """The [output] table of a spec: the decode's name and options; BadInput for what cannot be."""
    name = content.get("decode")
    if not isinstance(name, str) or name not in KINDS:
        raise BadInput(f"{where}: output.decode is {name!r:.40}, wanted one of {', '.join(KINDS)}")
    options = {key: value for key, value in content.items() if key != "decode"}
    decode: Decode = from_json(KINDS[name], options, f"{where}, output")
    if isinstance(decode, Regression):
        named = [column for column in decode.columns if column != "skip"]
        if len(set(named)) < len(named) or not {"x", "y"} <= set(named) or len(named) > 16:
            raise BadInput(f"{where}: output.columns wants x and y, and each name once")
    if isinstance(decode, Heatmap) and decode.kernel % 2 == 0:
        raise BadInput(f"{where}: output.kernel is {decode.kernel}, wanted an odd number")
    return name, decode
