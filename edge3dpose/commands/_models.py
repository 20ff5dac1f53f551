"""One model as the models command shows it: a line on its training, a table of its cuts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge3dpose import models, paths
from edge3dpose.compiler import graph, inspect
from edge3dpose.reports.columns import CUT, FIGURES, Column, Figure, Table, make_table, wide_console
from edge3dpose.types import ModelSpec, Weights

# Figures of a card: on widened poses, on captured poses and in 2D
_ERRORS = (
    FIGURES["mpjpe_mm"],
    FIGURES["pa_mpjpe_mm"],
    Figure("mocap_mpjpe_mm", "captured poses, MPJPE", "mm", better="lower"),
    Figure("mocap_pa_mpjpe_mm", "captured poses, PA-MPJPE", "mm", better="lower"),
    FIGURES["pck50"],
    FIGURES["pck20"],
)


def print_model(spec: ModelSpec, onnx: Path | None) -> None:
    """Print what is known of a model; one without weights has only its shape."""
    S = spec.input_size
    shape = f"{spec.name}: {spec.cuts} cuts, input {S}x{S}, {spec.skeleton.name}"
    if onnx is None and not paths.weights_file(spec.name).is_file():
        click.echo(f"{shape}\n  no weights: edge3dpose train --model {spec.name}\n")
        return
    weights = models.open_weights(spec, onnx)
    size = weights.onnx.stat().st_size / 1e6
    click.echo(f"{shape}, {size:.1f} MB with every head\n  {_training(weights.card)}")
    _table(weights).print_to(wide_console())


def _training(card: dict[str, Any]) -> str:
    """'trained: 3.2 h, 400000 samples, Apache-2.0'."""
    run = card.get("training") or {}
    facts = [f"{run[name]} {name}" for name in ("hours", "samples") if name in run]
    return (
        f"{card.get('state', 'training unknown')}: {', '.join([*facts, card.get('licence', '')])}"
    )


def _table(weights: Weights) -> Table:
    """A row a cut; errors that the card does not have are left out."""
    card_cuts = weights.card.get("cuts") or {}
    costs = inspect.costs(graph.load(weights.onnx))
    rows = [(int(head.removeprefix("cut")), cost) for head, cost in costs.items()]

    def error(key: str) -> Callable[[Any], float | None]:
        return lambda row: (card_cuts.get(str(row[0])) or {}).get(key)

    columns: list[Column] = [
        (CUT, lambda row: row[0]),
        (Figure("", "parameters", "M", ".3f"), lambda row: row[1].params / 1e6),
        (Figure("", "GMACs", form=".3f"), lambda row: row[1].macs / 1e9),
        (Figure("", "FP32 weights", "MB"), lambda row: row[1].weight_bytes / 1e6),
        (Figure("", "nodes", form="d"), lambda row: row[1].nodes),
        *((figure, error(figure.key)) for figure in _ERRORS),
    ]
    return make_table("", rows, columns)
