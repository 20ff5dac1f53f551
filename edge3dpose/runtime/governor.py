"""Keeps a time limit while running: a shallower cut when calls get slow, a deeper one later.

The cost of a call is its time over that of the same cut on an idle machine: a call of 12 ms at a
cut that takes 8 ms costs 1.5. The 95th percentile of the last seconds' costs predicts the time of
every other cut. This needs only the ratios of the idle times, so they may also be measured on a
busy machine, if it was as busy for every cut. Going to a shallower cut takes a few calls. Going
back needs headroom for a while, or the choice would alternate between two cuts. A deeper cut that
was too slow soon after it was taken is retried only after twice the wait.

A call of ten people takes longer than one of one. Costs of as many people as there are now count;
where there are none yet, those of other numbers are scaled by it. So the cut is changed before the
first call of a larger crowd, not after it was late.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from edge3dpose.engine_types import Engine
from edge3dpose.types import Array

WINDOW_S = 2.0
RECENT_S = 0.5  # the most people of a call within so long are the people there are now
FEWEST = 5  # calls before anything is changed
HEADROOM = 0.9  # share of the limit that a deeper cut may take by the prediction
HOLD_S = 3.0  # for so long, before the deeper cut is taken
HOLD_MOST_S = 60.0
PROOF_S = 10.0  # a deeper cut that was left within so long was a mistake
COLD = 2  # first calls of a cut that do not count: its caches are cold


class Governor:
    """Chooses among cuts whose time on an idle machine is known.

    quiet_ms  cut -> ms of a call; a deeper cut counts as more accurate
    start     the cut to begin with; None for the deepest that keeps the limit on an idle machine
    """

    def __init__(
        self, quiet_ms: Mapping[int, float], deadline_ms: float, start: int | None = None
    ) -> None:
        self._quiet_ms = dict(sorted(quiet_ms.items()))
        self._deadline_ms = deadline_ms
        self._costs: deque[tuple[float, float, int]] = deque()  # time, cost, people
        self._roomy_since_s = math.inf
        self._climbed_s = -math.inf
        self._hold_s = HOLD_S
        self._cold = COLD
        self.cut = self._deepest(1.0, deadline_ms) if start is None else start
        self.changes = 0

    def expect(self, time_s: float, people: int) -> None:
        """A call of so many people comes: take a shallower cut now where it would be too slow."""
        if people <= max((seen for _, _, seen in self._costs), default=people):
            return  # as many were seen lately: what those calls took has been heard
        cost = self._cost(people)
        if cost * self._quiet_ms[self.cut] > self._deadline_ms:
            self._take(self._deepest(cost, HEADROOM * self._deadline_ms), time_s)

    def observe(self, time_s: float, took_ms: float, people: int = 1) -> None:
        """Record a call of the chosen cut that ended at ``time_s``; may change ``cut``.

        people  whom the call was for
        """
        if self._cold:
            self._cold -= 1
            return
        self._costs.append((time_s, took_ms / self._quiet_ms[self.cut], people))
        while self._costs[0][0] < time_s - WINDOW_S:
            self._costs.popleft()
        if len(self._costs) < FEWEST:
            return
        # a call for somebody new comes beside that of everybody: the larger one counts
        most = max(seen for at_s, _, seen in self._costs if at_s >= time_s - RECENT_S)
        cost = self._cost(most)
        if cost * self._quiet_ms[self.cut] > self._deadline_ms:
            self._take(self._deepest(cost, HEADROOM * self._deadline_ms), time_s)
            return
        deeper = self._deepest(cost, HEADROOM * self._deadline_ms)
        if deeper <= self.cut:
            self._roomy_since_s = math.inf
            return
        self._roomy_since_s = min(self._roomy_since_s, time_s)
        if time_s - self._roomy_since_s >= self._hold_s:
            self._take(deeper, time_s)

    def _cost(self, people: int) -> float:
        """The 95th percentile of the costs of a call of so many people."""
        own = [cost for _, cost, seen in self._costs if seen == people]
        if len(own) < FEWEST:
            own = [cost * people / seen for _, cost, seen in self._costs]
        return float(np.percentile(own, 95)) if own else 1.0

    def _deepest(self, cost: float, limit_ms: float) -> int:
        """The deepest cut within a limit at that cost, else the shallowest."""
        within = [cut for cut, quiet in self._quiet_ms.items() if cost * quiet <= limit_ms]
        return max(within, default=min(self._quiet_ms))

    def _take(self, cut: int, time_s: float) -> None:
        self._roomy_since_s = math.inf
        if cut == self.cut:
            return
        if cut > self.cut:
            self._climbed_s = time_s
        elif time_s - self._climbed_s <= PROOF_S:
            self._hold_s = min(2 * self._hold_s, HOLD_MOST_S)
        else:
            self._hold_s = HOLD_S
        self.cut = cut
        self.changes += 1
        self._cold = COLD
        self._costs.clear()  # the cost is measured again


class GovernedEngine(Engine):
    """Engines of several cuts as one engine; the governor chooses the cut of each call."""

    def __init__(self, engines: Mapping[int, Engine], governor: Governor) -> None:
        self._engines, self._governor = dict(engines), governor
        self.last_cut = governor.cut  # of the last call
        self.calls_by_cut: dict[int, int] = {}
        self.cuts_crops = all(engine.cuts_crops for engine in engines.values())

    @property
    def cuts(self) -> tuple[int, ...]:
        """The cuts that are open, the shallowest first."""
        return tuple(sorted(self._engines))

    def __call__(self, images: Array) -> Array:
        """The outputs of the current cut."""
        return self._timed(len(images), lambda engine: engine(images))

    def infer_crops(self, picture: Any, views: Sequence[Any]) -> Array:
        """The outputs of the current cut."""
        return self._timed(len(views), lambda engine: engine.infer_crops(picture, views))

    def _timed(self, people: int, call: Callable[[Engine], Array]) -> Array:
        self._governor.expect(perf_counter(), people)
        self.last_cut = self._governor.cut
        self.calls_by_cut[self.last_cut] = self.calls_by_cut.get(self.last_cut, 0) + 1
        start = perf_counter()
        outputs = call(self._engines[self.last_cut])
        end = perf_counter()
        self._governor.observe(end, (end - start) * 1000, people)
        return outputs

    def close(self) -> None:
        """Free all of them."""
        for engine in self._engines.values():
            engine.close()
