"""What of a video could not be read: where, how much, in one line."""

from __future__ import annotations

import logging

from edge3dpose.counting import counted

NEAR_S = 1.0  # damage nearer than this is one stretch
MOST = 100  # stretches that are told

_log = logging.getLogger(__name__)


class Damage:
    """Counts what is lost and says where; a warning is logged when a stretch begins.

    name  of the source
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lost = 0
        self._stretches: list[list[float]] = []  # [first, last] second
        self._patched = 0  # frames that were decoded with errors in them
        self._early = ""  # why the source ended before its time

    def __bool__(self) -> bool:
        return bool(self._lost or self._early)

    def add(self, time_s: float) -> None:
        """A packet at this second could not be decoded."""
        self._lost += 1
        if self._stretches and time_s - self._stretches[-1][1] < NEAR_S:
            self._stretches[-1][1] = max(time_s, self._stretches[-1][1])
        elif len(self._stretches) < MOST:  # a stream may go on for days
            _log.warning("%s is damaged at %.2f s; reading goes on", self._name, time_s)
            self._stretches.append([time_s, time_s])

    def patched(self) -> None:
        """A frame was decoded, with a part of it guessed."""
        self._patched += 1

    def ended(self, why: str) -> None:
        """The source ends before its time; the first reason counts."""
        self._early = self._early or why

    @property
    def why(self) -> str:
        """Why the source ended before its time; empty where it did not."""
        return self._early

    def text(self, frames: int) -> str:
        """What was lost, in one line.

        frames  how many were read
        """
        parts = []
        if self._lost:
            where = ", ".join(_stretch(*one) for one in self._stretches[:5])
            more = f" and {len(self._stretches) - 5} more" if len(self._stretches) > 5 else ""
            parts.append(
                f"is damaged at {where}{more}: {counted(self._lost, 'packet')} cannot be decoded"
            )
        if self._early:
            parts.append(f"ends early: {self._early}")
        if self._patched:
            parts.append(f"{counted(self._patched, 'frame')} decoded in part")
        return f"{self._name} {'; '.join(parts)}; the other frames are kept ({frames} in all)"


def _stretch(first_s: float, last_s: float) -> str:
    return f"{first_s:.2f} s" if last_s - first_s < 0.01 else f"{first_s:.2f} to {last_s:.2f} s"
