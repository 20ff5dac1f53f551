"""Histogram of a tensor's magnitudes -> the magnitude that becomes 127 in INT8."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput

BINS = 2048
LEVELS = 127
PERCENTILE = 99.99
_CANDIDATES = np.unique(np.geomspace(LEVELS + 1, BINS, 60).astype(int))  # thresholds, in bins

Counts = NDArray[np.int64]


def threshold(method: str, counts: Counts, peak: float) -> float:
    """Choose the clipping magnitude of one tensor.

    counts  (BINS,) how many |values| fell in each equal part of 0..peak
    peak    the largest |value| seen
    """
    if method not in METHODS:
        raise BadInput(f"no calibration method {method!r}; there is: {', '.join(METHODS)}")
    if peak == 0 or not counts.any():
        return peak
    return float(METHODS[method](counts)) * peak / BINS


def _max(counts: Counts) -> float:
    return BINS


def _percentile(counts: Counts) -> float:
    """The bin below which 99.99 % of the values lie."""
    share = np.cumsum(counts) / counts.sum()
    return float(np.searchsorted(share, PERCENTILE / 100) + 1)


def _mse(counts: Counts) -> float:
    """Least squared error of clipping and rounding together."""
    centres = np.arange(BINS) + 0.5

    def error(clip: int) -> float:
        step = clip / LEVELS
        rounded = np.minimum(np.rint(centres / step), LEVELS) * step
        return float((counts * (centres - rounded) ** 2).sum())

    return min(map(int, _CANDIDATES), key=error)


def _entropy(counts: Counts) -> float:
    """Least Kullback-Leibler divergence from the clipped values (Migacz, GTC 2017).

    Zeros are left out: a ReLU makes half of all values zero, and INT8 holds zero exactly.
    """
    kept = counts.astype(np.float64)
    kept[0] = 0
    if not kept.any():
        return _percentile(counts)

    def divergence(clip: int) -> float:
        real = kept[:clip].copy()
        real[-1] += kept[clip:].sum()
        group = np.arange(clip) * LEVELS // clip
        inside = kept[:clip] > 0
        sums = np.bincount(group, weights=kept[:clip], minlength=LEVELS)
        filled = np.bincount(group, weights=inside, minlength=LEVELS)
        coarse = np.where(inside, (sums / np.maximum(filled, 1))[group], 0)
        if not coarse.any():
            return np.inf
        p, q = real / real.sum(), coarse / coarse.sum()
        seen = p > 0
        return float((p[seen] * np.log(p[seen] / np.maximum(q[seen], 1e-12))).sum())

    return min(map(int, _CANDIDATES), key=divergence)


METHODS: dict[str, Callable[[Counts], float]] = {
    "max": _max,
    "percentile": _percentile,
    "entropy": _entropy,
    "mse": _mse,
}
