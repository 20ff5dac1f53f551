"""Two lists of measured times -> whether one is faster, or the noise explains the difference.

The rounds' medians are ranked, not averaged: the interval of the ratio is the one that belongs to
the Mann-Whitney test (Hodges and Lehmann 1963), exact for few rounds, whatever their distribution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

CONFIDENCE = 0.99  # many engines are compared at once: 95 % would call one in twenty by chance
LARGEST_LOG = 50.0  # of a ratio: times of no machine are further apart
MIN_CHANGE = 0.03  # a difference that matters; two runs of the same differ by about as much
EXACT_PAIRS = 4096  # up to which the ranks are counted, not approximated


@dataclass(frozen=True, slots=True)
class TimeChange:
    """New time over old time: below 1 is faster."""

    outcome: str  # faster, slower, no difference, too few rounds
    ratio: float
    low: float | None = None  # interval of the ratio at CONFIDENCE
    high: float | None = None

    @property
    def text(self) -> str:
        """The outcome, the ratio and its interval."""
        if self.low is None or self.high is None:
            return f"{self.outcome} ({self.ratio:.2f}x)"
        return f"{self.outcome} ({self.ratio:.2f}x, {self.low:.2f} to {self.high:.2f})"


def time_change(old_ms: Sequence[float], new_ms: Sequence[float]) -> TimeChange:
    """Compare two lists of rounds' medians; an outcome needs five or more in each."""
    pairs = np.log(np.asarray(new_ms))[:, None] - np.log(np.asarray(old_ms))[None, :]
    ratios = np.exp(np.sort(np.clip(pairs, -LARGEST_LOG, LARGEST_LOG), axis=None))
    middle = float(np.median(ratios))
    outside = _outside(len(old_ms), len(new_ms))
    if outside is None:
        return TimeChange("too few rounds", middle)
    low, high = float(ratios[outside]), float(ratios[-1 - outside])
    outcome = "no difference"
    if high < 1 - MIN_CHANGE:
        outcome = "faster"
    elif low > 1 + MIN_CHANGE:
        outcome = "slower"
    return TimeChange(outcome, middle, low, high)


def _outside(m: int, n: int) -> int | None:
    """How many of the m n sorted ratios lie below the interval, and above; None for too few."""
    tail = (1 - CONFIDENCE) / 2
    if m * n > EXACT_PAIRS:
        std = math.sqrt(m * n * (m + n + 1) / 12)
        return max(0, math.floor(m * n / 2 - NormalDist().inv_cdf(1 - tail) * std))
    counts = _mann_whitney(m, n)
    allowed, below = tail * math.comb(m + n, m), 0
    for statistic, count in enumerate(counts):
        below += count
        if below > allowed:
            return statistic - 1 if statistic else None
    raise AssertionError("half of all orders lie in a tail")


def _mann_whitney(m: int, n: int) -> list[int]:
    """Orders of m and n values by how many pairs are the wrong way round: 0, 1, ..., m n."""
    # the Gaussian binomial: product of (1 - q^(n+i)) / (1 - q^i) for i = 1 ... m
    counts = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for at in range(m * n, n + i - 1, -1):
            counts[at] -= counts[at - n - i]
        for at in range(i, m * n + 1):
            counts[at] += counts[at - i]
    return counts
