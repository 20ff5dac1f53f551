"""Real people through a model -> the INT8 ranges: the range of every tensor that INT8 holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import checks, models, paths
from edge3dpose.compiler import crops, int8, ranges, sensitivity, thresholds
from edge3dpose.compiler import graph as graphs
from edge3dpose.compiler.ranges import Ranges
from edge3dpose.compiler.sensitivity import Loss
from edge3dpose.compiler.tensors import TensorReader, open_tensor_reader
from edge3dpose.engine_types import Weights
from edge3dpose.errors import BadInput, BuildFailed
from edge3dpose.types import Array, Progress

FEWEST_CROPS = 8
SENSITIVITY_CROPS = 8  # the network runs once a layer on each

Step = Callable[[float], object]  # called with the share that is done


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """What ``calibrate`` does; each field is described there."""

    model: str
    sources: tuple[str, ...]
    weights: Path | None = None
    people: int = 256
    method: str = "percentile"
    skip: tuple[str, ...] = ()
    max_deviation_mm: float = 6.0
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The ranges, their file, and how far the INT8 model is from FP32 with them."""

    file: Path
    ranges: Ranges
    loss: Loss

    @property
    def text(self) -> str:
        """Two lines of it."""
        found, loss = self.ranges, self.loss
        return (
            f"{self.file}: {len(found.tensors)} ranges by {found.method} on {found.crops} people\n"
            f"{len(found.skip)} layers stay in floating point; {loss.head}, which loses most, is "
            f"{loss.p50_mm:.1f} mm (median) and {loss.p99_mm:.1f} mm (99 %) from FP32"
        )


def calibrate(
    model: str = "sspnet-lite",
    sources: Sequence[str | Path] = ("sample",),
    *,
    weights: str | Path | None = None,
    people: int = 256,
    method: str = "percentile",
    skip: Sequence[str] = (),
    max_deviation_mm: float = 6.0,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Find the INT8 ranges of a model on real people, for all of its cuts at once.

    People are found and cropped as by ``PoseEstimator``; a crop is a tensor (1, 3, S, S) float32.
    ``build_engine(precision="int8")`` then uses the ranges. They belong to one weights file:
    calibrate again after a new training.

    model             name of a model, see ``edge3dpose.models.specs()``
    sources           videos, images or folders of images, or "sample", the bundled clip
    weights           ONNX file of your own with its card beside it; None for the shipped weights
    people            number of people to use, of all sources; 200 or more are advised
    method            "percentile" (99.99 %), "max", "entropy" or "mse": how a range is chosen
    skip              names of layers to leave in floating point
    max_deviation_mm  leave the most sensitive layers in floating point until the median joint of
                      every cut is within so many mm of FP32
    out               file to write; None for calibration/MODEL.ranges.json
    progress          called with (what is being done, share of it in 0..1)

    Returns the path of the ranges, a JSON file edge3dpose.ranges/1.

    Raises BadInput for an unknown model or method, a source that cannot be read, or fewer than 8
    people; EngineMismatch for a damaged weights file; BuildFailed where the network gives numbers
    that are not finite.

    Example::

        # takes minutes
        path = edge3dpose.calibrate("sspnet-lite", sources=["clip.mp4", "photos/"])
        engine = edge3dpose.build_engine(cut=7, precision="int8", ranges=path)
    """
    checks.function("progress", progress)
    request = CalibrationRequest(
        model=model,
        sources=_listed("sources", sources),
        weights=checks.file_name("weights", weights),
        people=people,
        method=method,
        skip=_listed("skip", skip),
        max_deviation_mm=max_deviation_mm,
        out=checks.file_name("out", out),
    )
    return calibrate_from_sources(request, progress).file


def _listed(name: str, given: Any) -> tuple[str, ...]:
    """Texts or paths as a tuple, one of them alone too; BadInput for anything else."""
    if not isinstance(given, Iterable | Path):
        raise BadInput(f"{name} is {given!r}; wanted a list")
    many = [given] if isinstance(given, str | Path) else list(given)
    for one in many:
        if not isinstance(one, str | Path):
            raise BadInput(f"{name} has a {type(one).__name__}; wanted texts or paths")
    return tuple(map(str, many))


def _check_method(method: str) -> None:
    if method not in thresholds.METHODS:
        raise BadInput(
            f"no calibration method {method!r}; there is: {', '.join(thresholds.METHODS)}"
        )


def _check_layers(weights: Weights, skip: Sequence[str]) -> None:
    """A layer that the network has not would be left in INT8 without a word."""
    known = {node.name for node in graphs.of_weights(weights).graph.node} if skip else set()
    for name in skip:
        if name not in known:
            raise BadInput(
                f"the network has no layer {name!r} to skip; names are those of its ONNX"
            )


def calibrate_from_sources(
    request: CalibrationRequest, progress: Progress | None = None
) -> Calibration:
    """Find and write the ranges that are asked for; see ``calibrate``."""
    report = progress or (lambda what, share: None)
    checks.count("people", request.people)
    checks.number("max_deviation_mm", request.max_deviation_mm, 0, unit=" mm")
    _check_method(request.method)
    weights = models.open_weights(models.find(request.model), request.weights)
    _check_layers(weights, request.skip)
    people = _people(request, weights, lambda share: report("find people", share))
    found = find_ranges(
        weights,
        people,
        source=", ".join(Path(source).name for source in request.sources),
        method=request.method,
        skip=request.skip,
        step=lambda share: report("ranges", share),
    )
    few = people[:: max(1, len(people) // SENSITIVITY_CROPS)][:SENSITIVITY_CROPS]
    found, loss = sensitivity.skip_sensitive_layers(
        weights,
        found,
        few,
        max_mm=request.max_deviation_mm,
        step=lambda share: report("layers", share),
    )
    file = request.out or paths.home() / "calibration" / f"{request.model}.ranges.json"
    ranges.write(found, file)
    return Calibration(file, found, loss)


def _people(request: CalibrationRequest, weights: Weights, step: Step) -> Array:
    """(N, 3, S, S), about as many from each source."""
    if not request.sources:
        raise BadInput("calibration needs people; name a source: a video or a folder of images")
    count = len(request.sources)
    each = -(-request.people // count)

    def part(n: int) -> Step:
        return lambda share: step((n + share) / count)

    return np.concatenate(
        [
            crops.from_source(source, weights.spec, each, part(n))
            for n, source in enumerate(request.sources)
        ]
    )


def find_ranges(
    weights: Weights,
    images: Array,
    *,
    source: str,
    method: str = "percentile",
    skip: tuple[str, ...] = (),
    step: Step = lambda share: None,
) -> Ranges:
    """Find the ranges of all cuts at once: the tensors of a cut are tensors of the whole model.

    images  (N, 3, S, S) of real people, as runtime.preprocess makes them
    source  where they are from, for the reader of the file
    Raises BadInput for too few images, BuildFailed where the network gives numbers that are not
    finite.
    """
    _check_method(method)
    if len(images) < FEWEST_CROPS:
        raise BadInput(
            f"{source} shows {len(images)} people that can be used, calibration needs "
            f"{FEWEST_CROPS} or better 200; pass a --source with more frames"
        )
    model = graphs.of_weights(weights)
    layers = int8.quantisable(model, skip=frozenset(skip))
    names = list(dict.fromkeys(layer.input[0] for layer in layers))
    read_tensors = open_tensor_reader(model, names)
    peaks = _peaks(read_tensors, images, names, lambda share: step(share / 2))
    counts = _counts(read_tensors, images, peaks, lambda share: step(0.5 + share / 2))
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
        crops_sha256=crops.sha256_of_images(images),
        skip=skip,
        tensors={name: float(f"{value:.6g}") for name, value in sorted(chosen.items())},
    )


def _peaks(
    read_tensors: TensorReader, images: Array, names: list[str], step: Step
) -> dict[str, float]:
    """Largest magnitude of each tensor over all images."""
    peaks = dict.fromkeys(names, 0.0)
    for n in range(len(images)):
        found = read_tensors(images[n : n + 1])
        for name in names:
            peaks[name] = max(peaks[name], float(np.abs(found[name]).max()))
            if not np.isfinite(peaks[name]):
                raise BuildFailed(f"tensor {name} is not finite on real crops: train again")
        step((n + 1) / len(images))
    return peaks


def _counts(
    read_tensors: TensorReader, images: Array, peaks: dict[str, float], step: Step
) -> dict[str, NDArray[np.int64]]:
    """Histogram of each tensor's magnitudes, thresholds.BINS equal parts of 0..peak."""
    counts = {name: np.zeros(thresholds.BINS, np.int64) for name in peaks}
    for n in range(len(images)):
        found = read_tensors(images[n : n + 1])
        for name, peak in peaks.items():
            if peak > 0:
                bins = np.abs(found[name]).ravel() * (thresholds.BINS / peak)
                whole = np.minimum(bins.astype(np.int32), thresholds.BINS - 1)
                counts[name] += np.bincount(whole, minlength=thresholds.BINS)
        step((n + 1) / len(images))
    return counts
