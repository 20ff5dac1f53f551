"""The limits that an engine has to keep: time, error and frame rate."""

from __future__ import annotations

from dataclasses import dataclass

from edge3dpose import checks
from edge3dpose.engine_types import EngineRequest
from edge3dpose.errors import BadInput


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of time and error; None for no limit."""

    latency_ms: float | None = None  # of one call of the engine, one person
    error_mm: float | None = None  # MPJPE by the model card
    fps: float | None = None  # frames a second to keep up with, such as a camera's
    govern: bool = True  # use shallower cuts while the machine is slower than it was

    def leaves_no_choice(self, request: EngineRequest) -> bool:
        """Whether there is no limit, or the cut is given."""
        has_limit = (self.latency_ms, self.error_mm, self.fps) != (None, None, None)
        return not has_limit or request.cut != "auto"

    def check(self, request: EngineRequest) -> None:
        """BadInput for a limit that cannot be, or one that has to choose the cut that is given."""
        values = {
            "max_latency_ms": self.latency_ms,
            "max_error_mm": self.error_mm,
            "min_fps": self.fps,
        }
        for name, value in values.items():
            if value is not None and checks.number(name, value) <= 0:
                raise BadInput(f"{name} is {value:g}; wanted a number above 0")
        checks.switch("govern", self.govern)
        limits = {"--max-latency-ms": self.latency_ms, "--max-error-mm": self.error_mm}
        for option, limit in limits.items():
            if limit is not None and request.cut != "auto":
                raise BadInput(
                    f"{option} chooses the cut, and --cut {request.cut} has chosen it already"
                )
