"""What an evaluation came to: report, card, and whether the thresholds are met."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge3dpose import machine, models
from edge3dpose.errors import AccuracyGateFailed, BadInput
from edge3dpose.records import from_json, to_json
from edge3dpose.reports.accuracy_rows import AccuracyReport
from edge3dpose.types import Weights

# Data sets whose figures stand in a card beside the main ones, and the names that they go by there.
_BESIDE = {"photos": "photos_", "synthetic-mocap": "mocap_"}


def report_of(
    weights: Weights, facts: dict, rows: list[dict], details: dict[str, Any]
) -> AccuracyReport:
    """The report: facts of the data set, a row a cut, and what else was found."""
    content = machine.report_header(AccuracyReport.KIND) | {
        "model": weights.spec.name,
        "weights_sha256": weights.sha256,
        "state": weights.card.get("state"),
        "dataset": facts,
        "cuts": rows,
    }
    return from_json(AccuracyReport, _rounded(content | details), "the new report")


def write_card(weights: Weights, report: AccuracyReport) -> Path:
    """Store the figures in the model's card; gives its file."""
    card = models.read_card(weights.onnx)
    before = _BESIDE.get(report.dataset.name, "")
    for row in report.cuts:
        kept = card.setdefault("cuts", {}).setdefault(str(row.cut), {})
        kept.update({before + name: value for name, value in row.figures.items()})
    card.setdefault("evaluated", {})[report.dataset.name] = to_json(report.dataset)
    models.write_card(weights.onnx, card)
    return weights.onnx.with_suffix(".json")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None  # JSON has no infinity
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


def check_thresholds(
    rows: list[dict], require_mpjpe_mm: float | None, require_pck: float | None
) -> None:
    """AccuracyGateFailed where the best cut misses a threshold."""
    if require_mpjpe_mm is not None:
        best = _best(rows, "mpjpe_mm", min, "--require-mpjpe-mm")
        if not best["mpjpe_mm"] <= require_mpjpe_mm:
            raise AccuracyGateFailed(
                f"the best cut, {best['cut']}, has MPJPE {best['mpjpe_mm']:.1f} mm; "
                f"wanted {require_mpjpe_mm:g} mm or less"
            )
        if rows[0]["cut"] == 1 and len(rows) > 1 and best["cut"] == 1:
            raise AccuracyGateFailed("no later cut is better than cut 1")
    if require_pck is not None:
        best = _best(rows, "pck50", max, "--require-pck")
        if not best["pck50"] >= require_pck:
            raise AccuracyGateFailed(
                f"the best cut, {best['cut']}, has PCK@0.5 {best['pck50']:.3f}; "
                f"wanted {require_pck:g} or more"
            )


def _best(rows: list[dict], figure: str, better: Callable, option: str) -> dict:
    if figure not in rows[0]:
        raise BadInput(f"{option} asks for a figure that this data set does not give: {figure}")
    return better(rows, key=lambda row: row[figure])
