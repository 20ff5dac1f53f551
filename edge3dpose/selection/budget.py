"""What a run may take and how wrong it may be: as two options and a camera's frame rate say."""

from __future__ import annotations

from dataclasses import dataclass

from edge3dpose.errors import BadInput


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits, and what is left to be chosen: ``auto`` where the user has not."""

    cut: str
    precision: str
    backend: str
    latency_ms: float | None = None  # of a call of the engine, one person
    error_mm: float | None = None  # by the model card
    fps: float | None = None  # of a live source, where it says
    govern: bool = True  # keep the time while running too

    @property
    def is_open(self) -> bool:
        """Whether nothing is to be kept, or nothing left to choose."""
        limits = (self.latency_ms, self.error_mm, self.fps)
        return self.cut != "auto" or limits == (None, None, None)

    def check(self) -> None:
        """BadInput where a limit is to choose the cut, and --cut has chosen it."""
        limits = {"--max-latency-ms": self.latency_ms, "--max-error-mm": self.error_mm}
        for option, limit in limits.items():
            if limit is not None and self.cut != "auto":
                raise BadInput(
                    f"{option} chooses the cut, and --cut {self.cut} has chosen it already"
                )
