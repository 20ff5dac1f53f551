"""How a network is trained: the fields of a recipe, read and changed by name.

The recipe of a model lies beside its network in training/nets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from edge3dpose.errors import BadInput

AnyRecipe = TypeVar("AnyRecipe", bound=Any)  # a dataclass of numbers and switches


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. A checkpoint and a model card hold every field."""

    model: str
    growth: int  # width of the network
    samples: int  # in all; the length of the learning rate's cosine
    batch: int = 32
    peak_lr: float = 2e-3
    final_lr: float = 2e-5
    warmup: float = 0.02  # share of the training
    weight_decay: float = 1e-2
    clip_norm: float = 10.0  # of the gradient; 24 summed heads can burst early on
    ema: float = 0.999  # decay of the averaged weights, which are exported
    freeze_entry: bool = False  # keep a pretrained encoder's weights
    # Share of the training after which its deep layers are trained too. What they learn from
    # renders costs accuracy on real pictures: see docs/sspnet-lite.md
    tune_entry_from: float = 1.0
    tune_entry_lr: float = 0.2  # their learning rate, as a share of the others'
    short_until: float = 0.0  # share of the training in which only the first heads are trained
    short_cuts: int = 11  # how many heads that is: a step takes half as long
    deep_every: int = 1  # afterwards: all heads are trained in every n-th step
    replay: int = 0  # capacity of the replay pool, in samples; 0: each sample is seen once
    draws: int = 0  # from the pool for each sample that enters it; 0: no limit on rendering
    real: float = 0.15  # share of real crops with agreed 2D labels, where there are any
    heat: float = 0.0  # weight of the heatmap loss; SSP-Net's falls to 0
    feature_distillation: float = 0.0  # weight of that loss at the start; it falls to 0
    bf16: bool = True  # trunk and pyramids; decoding and losses are always in FP32
    upright: float = 0.7  # share of the crops that are turned until the trunk is upright
    overhead: float = 0.1  # share of the renders seen from 50 to 85 degrees above
    widen: bool = True  # poses beyond the captured ones
    weak: float = 0.0  # share of the renders that get no depth label
    weak_polarity: bool = True  # those keep the polarity of the bones, for networks that use it
    bins: int = 0  # depth bins of a HEMlets' volume; 0: the model's own
    augment: bool = True  # blur, noise, colour casts, occluders and frame edges on renders


FORMER_NAMES = {  # in checkpoints of earlier versions -> the field
    "worn": "augment",
    "eagle": "overhead",
    "distil": "feature_distillation",
    "weak_told": "weak_polarity",
}


def from_json(fields: Mapping[str, Any]) -> Recipe:
    """The recipe that a checkpoint holds; fields that had another name once are renamed.

    Raises TypeError for a field that no recipe has.
    """
    return Recipe(**{FORMER_NAMES.get(name, name): value for name, value in fields.items()})


def changed(recipe: AnyRecipe, settings: Sequence[str]) -> AnyRecipe:
    """A recipe with fields set by NAME=VALUE, the value as JSON writes it.

    Raises BadInput for a field that a recipe does not have, or a value of another type.
    """
    fields = {name: value for name, value in asdict(recipe).items() if name != "model"}
    return replace(recipe, **dict(_value(fields, setting) for setting in settings))


def _value(fields: Mapping[str, Any], setting: str) -> tuple[str, Any]:
    name, _, text = setting.partition("=")
    if name not in fields:
        raise BadInput(f"--set {setting}: a recipe has {', '.join(fields)}")
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    kind = type(fields[name])
    if type(value) is int and kind is float:
        value = float(value)
    if type(value) is list and kind is tuple and len(value) == len(fields[name]):
        value = tuple(value)
    if type(value) is not kind:
        wanted = f"{'list' if kind is tuple else kind.__name__}, such as {json.dumps(fields[name])}"
        raise BadInput(f"--set {setting}: wanted {wanted}")
    return name, value
