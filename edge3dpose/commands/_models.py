"""One model as the models command shows it: a line on its training, a table of its cuts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from edge3dpose import models, paths
from edge3dpose.compiler import graph, inspect
from edge3dpose.types import ModelSpec, Weights

# Figures of a card that are shown, and how
_SHOWN = {
    "mpjpe_mm": ".1f",
    "pa_mpjpe_mm": ".1f",
    "mocap_mpjpe_mm": ".1f",
    "mocap_pa_mpjpe_mm": ".1f",
    "pck50": ".3f",
    "pck20": ".3f",
}


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
    console = Console()
    console.print(_table(weights))


def _training(card: dict[str, Any]) -> str:
    """'trained: 3.2 h, 400000 samples, Apache-2.0'."""
    run = card.get("training") or {}
    facts = [f"{run[name]} {name}" for name in ("hours", "samples") if name in run]
    return (
        f"{card.get('state', 'training unknown')}: {', '.join([*facts, card.get('licence', '')])}"
    )


def _table(weights: Weights) -> Table:
    card_cuts = weights.card.get("cuts") or {}
    errors = _error_names(card_cuts)
    table = Table("cut", "params M", "GMACs", "FP32 MB", "nodes", *errors)
    for head, cost in inspect.costs(graph.load(weights.onnx)).items():
        cut = str(int(head.removeprefix("cut")))
        measured = card_cuts.get(cut) or {}
        table.add_row(
            cut,
            f"{cost.params / 1e6:.3f}",
            f"{cost.macs / 1e9:.3f}",
            f"{cost.weight_bytes / 1e6:.1f}",
            str(cost.nodes),
            *(_number(name, measured.get(name)) for name in errors),
        )
    return table


def _error_names(card_cuts: dict[str, Any]) -> list[str]:
    """Those of the figures that the card has; none before they have been measured."""
    return [name for name in _SHOWN if any(name in figures for figures in card_cuts.values())]


def _number(name: str, value: object) -> str:
    return f"{value:{_SHOWN[name]}}" if isinstance(value, (int, float)) else "-"
