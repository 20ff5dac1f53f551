"""The network that a training starts from: random, exported, or with a pretrained encoder."""

from __future__ import annotations

from pathlib import Path

from edge3dpose import models
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.training.feature_distillation import FeatureDistillation
from edge3dpose.training.layers.blazepose_encoder import BlazePoseEncoder, load_published
from edge3dpose.training.load_exported import load_exported
from edge3dpose.training.nets import PoseNet, build
from edge3dpose.training.recipes import Recipe


def create(
    spec: ModelSpec, recipe: Recipe, encoder: Path | None, exported: Path | None = None
) -> PoseNet:
    """A network with the weights of an exported file, or else as ``create_random`` gives it."""
    if exported is None:
        return create_random(recipe, encoder)
    weights = models.open_weights(spec, exported)
    net = build(spec.name, recipe.growth, recipe.bins)
    load_exported(net, weights)
    return net


def create_random(recipe: Recipe, encoder: Path | None) -> PoseNet:
    """Random weights; those of a BlazePose encoder are read from ``encoder``.

    Raises BadInput where the network has such an encoder and no file is given.
    """
    net = build(recipe.model, recipe.growth, recipe.bins)
    if _encoder_of(net) is not None:
        if encoder is None:
            raise BadInput(
                f"{recipe.model} starts from a trained encoder: pass --encoder FILE.onnx"
            )
        load_encoder(net, encoder)
    return net


def load_encoder(net: PoseNet, file: Path) -> None:
    """Read a pretrained encoder's weights into the network's; BadInput where it has none."""
    own = _encoder_of(net)
    if own is None:
        raise BadInput(f"--encoder {file}: this model has no such encoder")
    load_published(own, file)


def distillation(net: PoseNet, encoder: Path | None, spec: ModelSpec) -> FeatureDistillation:
    """Feature distillation from a pretrained encoder; BadInput where it cannot be."""
    if encoder is None:
        raise BadInput("feature distillation takes a trained encoder: pass --encoder FILE.onnx")
    if _encoder_of(net) is not None:
        raise BadInput(f"{spec.name} has that encoder itself: there is nothing to distil")
    teacher = BlazePoseEncoder()
    load_published(teacher, encoder)
    return FeatureDistillation(net, teacher, spec)


def _encoder_of(net: PoseNet) -> BlazePoseEncoder | None:
    own = dict(net.entry.named_children()).get("encoder")
    return own if isinstance(own, BlazePoseEncoder) else None
