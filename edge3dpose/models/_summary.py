"""Cost and error of a model, cut by cut; compiler.inspect makes the values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge3dpose.engine_types import ModelSpec, Weights


@dataclass(frozen=True, slots=True)
class CutSummary:
    """Cost and error of one cut."""

    cut: int
    params: int
    macs: int  # multiply-accumulates of one person
    weight_bytes: int  # FP32
    errors: dict[str, Any]  # by the model card: "mpjpe_mm", "pa_mpjpe_mm" ...; may be empty


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A model and its cuts; without weights there are no figures."""

    spec: ModelSpec
    weights: Weights | None = None
    size_bytes: int = 0  # of the ONNX file, which holds every cut
    cuts: tuple[CutSummary, ...] = ()

    @property
    def best(self) -> CutSummary | None:
        """The cut with the smallest error; the last one where the card holds none."""
        known = [one for one in self.cuts if isinstance(one.errors.get("mpjpe_mm"), int | float)]
        if known:
            return min(known, key=lambda one: one.errors["mpjpe_mm"])
        return self.cuts[-1] if self.cuts else None

    @property
    def state(self) -> str:
        """'trained', 'untrained' ... by the card; 'none' without weights."""
        return "none" if self.weights is None else self.weights.card.get("state", "unknown")
