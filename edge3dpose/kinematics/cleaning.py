"""Filters for files, as biomechanics uses them: gap interpolation, Hampel, zero-phase Butterworth.

They look at what comes later, so they are for recordings. A live run has the One-Euro filter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput, MissingDependency

ORDER = 4  # of the Butterworth filter as a whole: order 2 forth and back
HAMPEL_FRAMES = 7  # of the window
HAMPEL_DEVIATIONS = 3.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cleaning:
    """What is done to a recording.

    fill_gaps  gaps of at most so many frames are interpolated; longer ones stay
    hampel     values far from the median of their neighbours become that median
    cutoff_hz  of a zero-phase low-pass Butterworth filter of order 4; None leaves it out
    """

    fill_gaps: int = 0
    hampel: bool = False
    cutoff_hz: float | None = None

    @property
    def text(self) -> str:
        """What was done, in words; empty for nothing."""
        parts = [
            f"gaps up to {self.fill_gaps} frames filled" if self.fill_gaps else "",
            "outliers removed (Hampel)" if self.hampel else "",
            f"Butterworth order {ORDER}, {self.cutoff_hz:g} Hz" if self.cutoff_hz else "",
        ]
        return ", ".join(part for part in parts if part)

    def apply(self, values: NDArray, rate_hz: float) -> Floats:
        """(F, ...) evenly sampled, NaN where nothing is known -> the same, cleaned.

        Raises BadInput for a cutoff that this rate cannot have, MissingDependency without scipy.
        """
        values = np.array(values, float)
        columns = values.reshape(len(values), -1)
        for n in range(columns.shape[1]):
            columns[:, n] = self._column(columns[:, n], rate_hz)
        return columns.reshape(values.shape)

    def _column(self, column: Floats, rate_hz: float) -> Floats:
        if self.hampel:
            column = hampel(column)
        if self.fill_gaps:
            column = filled(column, self.fill_gaps)
        if self.cutoff_hz is not None:
            column = butterworth(column, rate_hz, self.cutoff_hz)
        return column


def runs(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where values are known without a gap: (start, end) of each stretch."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def filled(column: NDArray, longest: int) -> Floats:
    """(F,) with gaps of at most so many frames interpolated by a cubic through what is around."""
    known = np.isfinite(column)
    if known.all() or not known.any():
        return np.asarray(column, float)
    out, at = np.array(column, float), np.flatnonzero(known)
    slopes = _slopes(at, out[at])
    for left, right, m0, m1 in zip(at[:-1], at[1:], slopes[:-1], slopes[1:], strict=True):
        gap = right - left
        if 1 < gap <= longest + 1:
            s = np.arange(1, gap) / gap
            h = (2 * s**3 - 3 * s**2 + 1, s**3 - 2 * s**2 + s, 3 * s**2 - 2 * s**3, s**3 - s**2)
            out[left + 1 : right] = (
                h[0] * out[left] + h[1] * gap * m0 + h[2] * out[right] + h[3] * gap * m1
            )
    return out


def _slopes(at: NDArray, values: Floats) -> Floats:
    """Slopes that overshoot nowhere (as in PCHIP): 0 where the direction changes."""
    if len(at) < 2:
        return np.zeros(len(at))
    steps = np.diff(values) / np.diff(at)
    inner = np.where(steps[1:] * steps[:-1] > 0, 2 * steps[1:] * steps[:-1], 0.0)
    inner = inner / np.where(steps[1:] + steps[:-1] == 0, 1.0, steps[1:] + steps[:-1])
    return np.concatenate([steps[:1], inner, steps[-1:]])


def hampel(column: NDArray) -> Floats:
    """(F,) with outliers replaced by the median of their neighbours."""
    out, half = np.array(column, float), HAMPEL_FRAMES // 2
    for start, end in runs(np.isfinite(out)):
        part = out[start:end]
        if len(part) < HAMPEL_FRAMES:
            continue
        # no mirror image at the ends: neighbours that count twice make fast motion an outlier
        around = np.lib.stride_tricks.sliding_window_view(
            np.pad(part, half, constant_values=np.nan), 2 * half + 1
        )
        median = np.nanmedian(around, axis=-1)
        deviation = 1.4826 * np.nanmedian(np.abs(around - median[:, None]), axis=-1)
        far = np.abs(part - median) > np.maximum(HAMPEL_DEVIATIONS * deviation, 1e-6)
        out[start:end] = np.where(far, median, part)
    return out


def butterworth(column: NDArray, rate_hz: float, cutoff_hz: float) -> Floats:
    """(F,) low-pass filtered forth and back, each stretch between gaps by itself."""
    try:
        from scipy.signal import butter, filtfilt
    except ImportError:
        raise MissingDependency('filtering needs scipy; pip install "edge3dpose[files]"') from None
    if not 0 < cutoff_hz < rate_hz / 2:
        raise BadInput(
            f"a cutoff of {cutoff_hz:g} Hz at {rate_hz:g} frames/s; wanted less than "
            f"{rate_hz / 2:g} Hz: give a lower --cutoff-hz"
        )
    b, a = butter(ORDER // 2, cutoff_hz / (rate_hz / 2))
    out, padding = np.array(column, float), 3 * max(len(a), len(b))
    for start, end in runs(np.isfinite(out)):
        if end - start > padding:
            out[start:end] = filtfilt(b, a, out[start:end])
    return out
