"""What the doctor found out about one part of a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "missing", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: what was found and, where something is wrong, what to type."""

    subject: str
    state: State
    detail: str
    fix: str = ""
