"""Errors of an accuracy report -> the model's card."""

from __future__ import annotations

from pathlib import Path

from edge3dpose import models
from edge3dpose.records import to_json
from edge3dpose.reports.accuracy_rows import AccuracyReport

# Data sets whose figures have a prefix in the card, beside those of the main ones
_PREFIX = {"photos": "photos_", "synthetic-mocap": "mocap_"}


def write_card(onnx: Path, report: AccuracyReport) -> Path:
    """Store the errors of each cut in the card beside a model's file; gives the card's file."""
    card = models.read_card(onnx)
    prefix = _PREFIX.get(report.dataset.name, "")
    for row in report.cuts:
        known = card.setdefault("cuts", {}).setdefault(str(row.cut), {})
        known.update({prefix + name: value for name, value in row.figures.items()})
    card.setdefault("evaluated", {})[report.dataset.name] = to_json(report.dataset)
    models.write_card(onnx, card)
    return onnx.with_suffix(".json")
