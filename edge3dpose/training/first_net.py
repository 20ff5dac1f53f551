"""The network that a training begins with: fresh, on a trained encoder, or an exported file."""

from __future__ import annotations

from pathlib import Path

from edge3dpose import models
from edge3dpose.errors import BadInput
from edge3dpose.training import start_from
from edge3dpose.training.feature_distillation import FeatureDistillation
from edge3dpose.training.nets import build
from edge3dpose.training.nets.blazepose import BlazePoseEncoder, load_published
from edge3dpose.training.nets.posenet import PoseNet
from edge3dpose.training.recipes import Recipe
from edge3dpose.types import ModelSpec


def first(
    spec: ModelSpec, recipe: Recipe, encoder: Path | None, exported: Path | None = None
) -> PoseNet:
    """With the weights of an exported file, or as ``fresh`` gives it."""
    if exported is None:
        return fresh(recipe, encoder)
    weights = models.open_weights(spec, exported)
    net = build(spec.name, recipe.growth, recipe.bins)
    start_from.load_exported(net, weights.onnx)
    return net


def fresh(recipe: Recipe, encoder: Path | None) -> PoseNet:
    """Random weights, but for an encoder of BlazePose's; BadInput where that has no file."""
    net = build(recipe.model, recipe.growth, recipe.bins)
    if _encoder_of(net) is not None:
        if encoder is None:
            raise BadInput(
                f"{recipe.model} starts from a trained encoder: pass --encoder FILE.onnx"
            )
        put_encoder(net, encoder)
    return net


def put_encoder(net: PoseNet, file: Path) -> None:
    """Read a trained encoder's weights into the network's own; BadInput where it has none."""
    own = _encoder_of(net)
    if own is None:
        raise BadInput(f"--encoder {file}: this model has no such encoder")
    load_published(own, file)


def likeness(net: PoseNet, encoder: Path | None, spec: ModelSpec) -> FeatureDistillation:
    """The trained encoder as a teacher of the network's entry; BadInput where it cannot be."""
    if encoder is None:
        raise BadInput("to distil takes a trained encoder: pass --encoder FILE.onnx")
    if _encoder_of(net) is not None:
        raise BadInput(f"{spec.name} has that encoder itself: there is nothing to distil")
    teacher = BlazePoseEncoder()
    load_published(teacher, encoder)
    return FeatureDistillation(net, teacher, spec)


def _encoder_of(net: PoseNet) -> BlazePoseEncoder | None:
    own = getattr(net.entry, "encoder", None)
    return own if isinstance(own, BlazePoseEncoder) else None
