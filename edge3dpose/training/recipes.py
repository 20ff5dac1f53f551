"""Training recipes: named, frozen, a comment a number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from edge3dpose.errors import BadInput


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; every field can be seen in a checkpoint."""

    model: str
    growth: int
    samples: int  # renders in all: the length of the learning rate's cosine
    batch: int = 32
    peak_lr: float = 2e-3
    final_lr: float = 2e-5
    warmup: float = 0.02  # share of the training
    weight_decay: float = 1e-2
    clip_norm: float = 10.0  # 24 summed heads can burst early on
    ema: float = 0.999  # of the weights that are exported
    freeze_entry: bool = False  # keep a trained encoder as it is
    # Share of the training after which its deep layers learn too. What they learn from renders
    # costs on real pictures: see docs/sspnet-lite.md
    tune_entry_from: float = 1.0
    tune_entry_lr: float = 0.2  # of the learning rate: they have learned already
    short_until: float = 0.0  # share of the training in which only the first heads are trained
    short_cuts: int = 11  # that many: a step costs half as much
    deep_every: int = 1  # afterwards, every how many steps all heads are trained
    replay: int = 0  # renders kept and drawn from again, where rendering is slower than training
    draws: int = 0  # of each of them before more are rendered; 0: render as fast as it goes
    real: float = 0.15  # share of real crops with agreed 2D, where there are any
    heat: float = 0.0  # weight of the maps' own loss; SSP-Net's fades to none
    feature_distillation: float = 0.0  # weight of that loss at the start; it falls to 0
    bf16: bool = True  # trunk and pyramids; decode and losses are FP32 always
    upright: float = 0.7  # share of the crops that are turned until the trunk stands, as in run
    overhead: float = 0.1  # share of the renders seen from 50 to 85 degrees above
    widen: bool = True  # poses beyond those that were captured
    weak: float = 0.0  # share of the renders whose depth is thrown away but for the bones' polarity
    weak_polarity: bool = True  # and whether that is kept, where a network learns from it
    bins: int = 0  # depth bins of a HEMlets' volume; 0: the model's own
    augment: bool = True  # blur, noise, colour casts, occluders and frame edges on renders


FORMER_NAMES = {  # in checkpoints of earlier versions -> the field
    "worn": "augment",
    "eagle": "overhead",
    "distil": "feature_distillation",
    "weak_told": "weak_polarity",
}

RECIPES = {
    "sspnet": Recipe(model="sspnet", growth=96, samples=2_000_000, peak_lr=1e-3),
    "sspnet-lite": Recipe(
        model="sspnet-lite",
        growth=32,
        samples=300_000,
        freeze_entry=True,
        batch=16,
        short_until=0.75,
        deep_every=3,
        heat=0.03,
        replay=24_000,
        draws=4,
    ),
    "hemlets": Recipe(model="hemlets", growth=256, samples=2_000_000, peak_lr=1e-3, heat=0.05),
    "hemlets-edge": Recipe(
        model="hemlets-edge",
        growth=32,
        samples=300_000,
        freeze_entry=True,
        batch=16,
        heat=0.05,
        replay=24_000,
        draws=4,
    ),
}


def find(model: str) -> Recipe:
    """The recipe of a model; BadInput lists those there are."""
    if model not in RECIPES:
        raise BadInput(f"no recipe for {model!r}; there is: {', '.join(sorted(RECIPES))}")
    return RECIPES[model]


def from_json(fields: Mapping[str, Any]) -> Recipe:
    """The recipe that a checkpoint holds; fields that had another name once are renamed.

    Raises TypeError for a field that no recipe has.
    """
    return Recipe(**{FORMER_NAMES.get(name, name): value for name, value in fields.items()})


def changed(recipe: Recipe, said: Sequence[str]) -> Recipe:
    """A recipe with fields set by NAME=VALUE, the value as JSON writes it.

    Raises BadInput for a name that it lacks, or a value of another kind.
    """
    fields = {name: value for name, value in asdict(recipe).items() if name != "model"}
    changes = {}
    for one in said:
        name, _, text = one.partition("=")
        if name not in fields:
            raise BadInput(f"--set {one}: a recipe has {', '.join(fields)}")
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        kind = type(fields[name])
        if type(value) is int and kind is float:
            value = float(value)
        if type(value) is not kind:
            raise BadInput(
                f"--set {one}: wanted {kind.__name__}, such as {json.dumps(fields[name])}"
            )
        changes[name] = value
    return replace(recipe, **changes)
