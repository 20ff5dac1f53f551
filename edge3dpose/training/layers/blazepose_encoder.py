"""The encoder of BlazePose (full), and how its published weights are read.

Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", arXiv 2006.10204; layers as
in the pose landmark model that MediaPipe publishes under Apache-2.0, in its ONNX form.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge3dpose import input_files, models
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.training import onnx_weights
from edge3dpose.training.layers.depthwise import FrozenDepthwise

# Convolutions of the ONNX file, by position, in the order in which the modules below hold them.
_ORDER = (
    *(0, 1, 2),
    *(4, 6, 7, 8, 9, 10),
    *(11, 14, 15, 16, 17, 18),
    *(20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38),
    *(40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52),
    *(53, 54, 55, 57, 56, 58, 39, 41, 19, 21),
)


PUBLISHED_SHA256 = "365429447414f2c08883712e4b271e817806a09e8ea638b8f7a153c21e790bad"
_EXPORTED = "entry.encoder."  # prefix of its weights' names in an exported model


class InvertedResidual(nn.Module):
    """1x1 expand, ReLU6, depthwise, ReLU6, 1x1 project; plus its input where shapes agree."""

    def __init__(self, c_in: int, wide: int, c_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.expand = nn.Conv2d(c_in, wide, 1)
        self.depthwise = FrozenDepthwise(wide, kernel, stride)
        self.project = nn.Conv2d(wide, c_out, 1)
        self.residual = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(F.relu6(self.depthwise(F.relu6(self.expand(x)))))
        return x + y if self.residual else y


class Separable(nn.Sequential):
    """Depthwise 3x3, ReLU6, 1x1, ReLU6."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(
            FrozenDepthwise(c_in, 3), nn.ReLU6(), nn.Conv2d(c_in, c_out, 1), nn.ReLU6()
        )


class BlazePoseEncoder(nn.Module):
    """images (B, 3, 256, 256) in 0..1 -> maps (B, 48, 32, 32), (B, 88, 16, 16), (B, 432, 8, 8).

    The finest one is the decoder's sum of three levels; the coarsest one joins the encoder's last
    map (144) with the one from which the published model regresses its landmarks (288).
    """

    channels = (48, 88, 432)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 24, 3, stride=2, padding=1),
            nn.ReLU6(),
            FrozenDepthwise(24, 3),
            nn.ReLU6(),
            nn.Conv2d(24, 16, 1),
        )
        self.to_64 = nn.Sequential(
            InvertedResidual(16, 64, 24, 3, 2), InvertedResidual(24, 144, 24, 3)
        )
        self.to_32 = nn.Sequential(
            InvertedResidual(24, 144, 32, 5, 2), InvertedResidual(32, 192, 32, 5)
        )
        self.to_16 = nn.Sequential(
            InvertedResidual(32, 192, 64, 3, 2),
            InvertedResidual(64, 384, 64, 3),
            InvertedResidual(64, 384, 64, 3),
            InvertedResidual(64, 384, 88, 5),
            InvertedResidual(88, 528, 88, 5),
            InvertedResidual(88, 528, 88, 5),
        )
        self.to_8 = nn.Sequential(
            InvertedResidual(88, 528, 144, 5, 2),
            *(InvertedResidual(144, 864, 144, 5) for _ in range(3)),
        )
        self.widen = nn.Sequential(
            nn.Conv2d(144, 864, 1), nn.ReLU6(), FrozenDepthwise(864, 3), nn.ReLU6()
        )
        self.regression = Separable(864, 288)
        self.top = Separable(864, 48)
        self.lateral_16 = Separable(88, 48)
        self.lateral_32 = Separable(32, 48)

    def tunable(self) -> list[nn.Parameter]:
        """Pointwise convolutions from the 16x16 map on: most of its weights, quick to train."""
        deep = (self.to_16, self.to_8, self.widen, self.regression, self.top)
        layers = [
            layer for part in (*deep, self.lateral_16, self.lateral_32) for layer in part.modules()
        ]
        pointwise = [m for m in layers if isinstance(m, nn.Conv2d) and m.groups == 1]
        return [p for m in pointwise for p in m.parameters()]

    def forward(self, images: Tensor) -> list[Tensor]:
        return self.deep(self.shallow(images))

    def shallow(self, images: Tensor) -> Tensor:
        """The first layers, which are never trained here: images -> (B, 32, 32, 32)."""
        return self.to_32(self.to_64(self.stem(images)))

    def deep(self, at_32: Tensor) -> list[Tensor]:
        """The other layers: (B, 32, 32, 32) -> the three maps."""
        at_16 = self.to_16(at_32)  # (B, 88, 16, 16)
        at_8 = self.to_8(at_16)  # (B, 144, 8, 8)
        wide = self.widen(at_8)  # (B, 864, 8, 8)
        fine = _doubled(self.top(wide)) + self.lateral_16(at_16)  # (B, 48, 16, 16)
        fine = _doubled(fine) + self.lateral_32(at_32)  # (B, 48, 32, 32)
        return [fine, at_16, torch.cat([at_8, self.regression(wide)], dim=1)]


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def load_published(encoder: BlazePoseEncoder, onnx_file: Path) -> None:
    """Read weights into the encoder: of pose_landmark_full.onnx, or of a model exported here.

    Raises BadInput without the file, EngineMismatch where it is neither the published one nor the
    one of its card, or its layers are others.
    """
    if not onnx_file.is_file():
        raise BadInput(f"no file {onnx_file}; wanted MediaPipe's pose_landmark_full.onnx")
    graph = onnx_weights.graph_of(_verified(onnx_file), onnx_file)
    values = onnx_weights.arrays_of(graph, onnx_file)
    names = encoder.state_dict()
    if all(f"{_EXPORTED}{name}" in values for name in names):
        state = {name: torch.from_numpy(values[f"{_EXPORTED}{name}"]) for name in names}
        try:
            encoder.load_state_dict(state)
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise EngineMismatch(f"{onnx_file} has another encoder: {reason}") from None
        return
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    convs = [m for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    for conv, position in zip(convs, _ORDER, strict=True):
        try:
            kernel, offset = (values[name] for name in nodes[position].input[1:3])
        except (IndexError, KeyError, ValueError):
            raise EngineMismatch(
                f"{onnx_file} has no convolution {position}; is it pose_landmark_full.onnx?"
            ) from None
        weight, bias = torch.from_numpy(kernel), torch.from_numpy(offset)
        if weight.shape != conv.weight.shape:
            raise EngineMismatch(
                f"{onnx_file}: convolution {position} has shape {tuple(weight.shape)}, "
                f"wanted {tuple(conv.weight.shape)}; is it pose_landmark_full.onnx?"
            )
        conv.weight.data.copy_(weight)
        assert conv.bias is not None
        conv.bias.data.copy_(bias)


def _verified(onnx_file: Path) -> bytes:
    """The bytes of the published file, or of one that agrees with the card beside it."""
    wanted = PUBLISHED_SHA256
    if onnx_file.with_suffix(".json").is_file():
        wanted = models.read_card(onnx_file)["sha256"]
    mend = "wanted pose_landmark_full.onnx, or an exported model with its card beside it"
    return input_files.read_verified(onnx_file, wanted, mend)
