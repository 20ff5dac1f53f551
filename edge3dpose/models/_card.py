"""What a model card has to hold; the JSON itself is kept, with all else in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from edge3dpose.errors import BadInput
from edge3dpose.records import Count, Like, Name, Sha256, from_json

CutNumber = Annotated[str, Like("[1-9][0-9]{0,2}", "the number of a cut")]
SMALLEST_MM, LARGEST_MM = 0.01, 100_000.0  # of an error: a network without any is not believed


@dataclass(frozen=True)
class _Training:
    samples: Count | None = None
    steps: Count | None = None
    hours: float | None = None
    machines: tuple[str, ...] = ()
    recipe: dict[str, Any] = field(default_factory=dict)
    encoder_put_back_at: Count | None = None


@dataclass(frozen=True)
class Card:
    """Figures of a cut that could not be told are None."""

    model: Name
    sha256: Sha256  # of the ONNX file
    state: str = "unknown"
    licence: str = ""
    growth: Count | None = None
    features: Count | None = None  # of the temporal lift
    answers: Count | None = None
    data: dict[str, Any] = field(default_factory=dict)
    training: _Training = field(default_factory=_Training)
    cuts: dict[CutNumber, dict[str, float | None]] = field(default_factory=dict)
    evaluated: dict[str, dict[str, Any]] = field(default_factory=dict)


def check(content: dict[str, Any], where: str) -> None:
    """BadInput, with the field, where a card cannot be one."""
    card = from_json(Card, content, where)
    for cut, figures in card.cuts.items():
        for name, value in figures.items():
            if value is None or not name.endswith("mm"):
                continue
            least = SMALLEST_MM if name.endswith("mpjpe_mm") else 0.0
            if not least <= value <= LARGEST_MM:
                raise BadInput(
                    f"{where}: cuts.{cut}.{name} is {value:g}, wanted a number from {least:g} to "
                    f"{LARGEST_MM:g}"
                )
    for name, facts in card.data.items():
        if not isinstance(facts, str | list) or not all(isinstance(one, str) for one in facts):
            raise BadInput(f"{where}: data.{name} is no text and no list of texts")
