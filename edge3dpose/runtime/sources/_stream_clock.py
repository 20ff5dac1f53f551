"""How late the pictures of a stream are, by the time stamps that its camera gave them."""

from __future__ import annotations

import math

WINDOW_S = 60.0  # two clocks drift: the least delay of so long ago is forgotten
JUMP_S = 10.0  # time stamps that jump further are those of another clock


class StreamClock:
    """Delays beyond the least one of the last minute or two, which counts as none.

    What a network and a camera take at least is in no time stamp; what a picture waited longer than
    others is.
    """

    def __init__(self) -> None:
        self._began_s = self._stamp_s = -math.inf
        self._last_s = self._least_s = self._before_s = math.inf

    def delay_s(self, stamp_s: float | None, now_s: float) -> float:
        """Of a picture with this time stamp that was read now; 0 where it has none."""
        if stamp_s is None:
            return 0.0
        lag_s = now_s - stamp_s
        back = stamp_s < self._stamp_s
        if back or (math.isfinite(self._last_s) and abs(lag_s - self._last_s) > JUMP_S):
            self._least_s = self._before_s = math.inf  # the stamps are of another clock now
            self._began_s = now_s
        self._stamp_s = stamp_s
        if now_s - self._began_s > WINDOW_S:
            self._before_s, self._least_s, self._began_s = self._least_s, math.inf, now_s
        self._last_s = lag_s
        self._least_s = min(self._least_s, lag_s)
        return lag_s - min(self._least_s, self._before_s)
