"""The error beside an engine's speed: FP32's by the model card, and its distance from FP32."""

from __future__ import annotations

from typing import Any

from edge3dpose.metrics import error_with_deviation_mm

MPJPE = "mpjpe_mm"


def counted_mm(row: dict[str, Any], figure: str = MPJPE) -> float | None:
    """An error of a report's row, as tune counts it; None where the model card has none."""
    known = (row.get("error") or {}).get(figure)
    return None if known is None else error_with_deviation_mm(known, row.get("deviation_mm", 0.0))
