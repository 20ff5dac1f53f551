"""Real crops through a model -> the range of every tensor that INT8 will hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge3dpose.compiler import graph as graphs
from edge3dpose.compiler import int8, thresholds
from edge3dpose.compiler.ranges import Ranges
from edge3dpose.compiler.watch import Watcher, open_watcher
from edge3dpose.errors import BadInput, BuildFailed
from edge3dpose.types import Array, Weights

FEWEST_CROPS = 8


def calibrate(
    weights: Weights,
    images: Array,
    *,
    source: str,
    method: str = "percentile",
    skip: tuple[str, ...] = (),
    progress: Callable[[float], None] | None = None,
) -> Ranges:
    """Find the ranges of all cuts at once: a cut's tensors are tensors of the whole model.

    images  (N, 3, S, S) as the runtime's preprocess makes them, of real people
    source  what they are from, for the reader of the file
    Raises BadInput for too few images, BuildFailed where the network gives no finite numbers.
    """
    if method not in thresholds.METHODS:
        raise BadInput(
            f"no calibration method {method!r}; there is: {', '.join(thresholds.METHODS)}"
        )
    if len(images) < FEWEST_CROPS:
        raise BadInput(
            f"{source} shows {len(images)} people that can be used, calibration needs "
            f"{FEWEST_CROPS} or better 200; pass a --source with more frames"
        )
    model = graphs.load(weights.onnx)
    layers = int8.quantisable(model, skip=frozenset(skip))
    names = list(dict.fromkeys(layer.input[0] for layer in layers))
    watch = open_watcher(model, names)
    peaks = _peaks(watch, images, names, lambda share: progress and progress(share / 2))
    counts = _counts(watch, images, peaks, lambda share: progress and progress(0.5 + share / 2))
    # pixels are bounded: clipping white would gain nothing
    chosen = {
        name: thresholds.threshold("max" if name == "images" else method, counts[name], peaks[name])
        for name in names
    }
    return Ranges(
        model=weights.spec.name,
        weights_sha256=weights.sha256,
        method=method,
        source=source,
        crops=len(images),
        crops_sha256=sha256_of_images(images),
        skip=skip,
        tensors={name: float(f"{value:.6g}") for name, value in sorted(chosen.items())},
    )


def sha256_of_images(images: Array) -> str:
    """Identity of a set of crops: hash of what the network is given."""
    return hashlib.sha256(np.ascontiguousarray(images).tobytes()).hexdigest()


Step = Callable[[float], object]


def _peaks(watch: Watcher, images: Array, names: list[str], step: Step) -> dict[str, float]:
    """Largest magnitude of each tensor over all images."""
    peaks = dict.fromkeys(names, 0.0)
    for n in range(len(images)):
        found = watch(images[n : n + 1])
        for name in names:
            peaks[name] = max(peaks[name], float(np.abs(found[name]).max()))
            if not np.isfinite(peaks[name]):
                raise BuildFailed(f"tensor {name} is not finite on real crops: train again")
        step((n + 1) / len(images))
    return peaks


def _counts(
    watch: Watcher, images: Array, peaks: dict[str, float], step: Step
) -> dict[str, NDArray[np.int64]]:
    """Histogram of each tensor's magnitudes, thresholds.BINS equal parts of 0..peak."""
    counts = {name: np.zeros(thresholds.BINS, np.int64) for name in peaks}
    for n in range(len(images)):
        found = watch(images[n : n + 1])
        for name, peak in peaks.items():
            if peak > 0:
                bins = np.abs(found[name]).ravel() * (thresholds.BINS / peak)
                whole = np.minimum(bins.astype(np.int32), thresholds.BINS - 1)
                counts[name] += np.bincount(whole, minlength=thresholds.BINS)
        step((n + 1) / len(images))
    return counts
