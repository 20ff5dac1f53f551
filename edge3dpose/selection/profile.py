"""The time of every engine on this machine: measured once by tune, stored, and read by run.

A profile is a JSON file, edge3dpose.profile/1, in paths.profiles_folder(). It holds for one
machine, one model's weights and one number of threads. Elsewhere it is not used, and ``look_up``
says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edge3dpose import machine, manifest, nvidia, paths, storage
from edge3dpose.engine_types import Weights
from edge3dpose.errors import BadInput
from edge3dpose.metrics import error_with_deviation_mm
from edge3dpose.records import Amount, from_json
from edge3dpose.selection.pareto import Point

SCHEMA = "edge3dpose.profile/1"


@dataclass(frozen=True, slots=True)
class Profile:
    """The engines that were measured, and the time of the other stages of a frame."""

    time: str
    points: tuple[Point, ...]
    other_stages_ms: float  # 90 % of the frames spend no longer before and after the engine

    @property
    def day(self) -> str:
        """When it was measured."""
        return self.time[:10]


@dataclass(frozen=True, slots=True)
class _Content:
    """What a profile's file has to hold."""

    identity: dict[str, Any]
    time: str
    around_ms: Amount
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The profile of this machine, or why there is none; ``reason`` is empty where nobody tuned."""

    profile: Profile | None
    reason: str


def identity(weights: Weights, threads: int | None) -> dict[str, Any]:
    """What a profile is valid for: another processor, GPU, model or thread count needs another."""
    return {
        "model": weights.spec.name,
        "weights_sha256": weights.sha256,
        "threads": threads,
        "processor": machine.processor(),
        "instructions": machine.instruction_sets(),
        "cores": machine.usable_cores(),
        "gpus": [device.name for device in nvidia.probe().devices],
    }


def file_of(wanted: dict[str, Any]) -> Path:
    """The file of the profile with this identity, which need not exist."""
    return paths.profiles_folder() / f"{wanted['model']}-{manifest.digest(wanted)[:16]}.json"


def save(
    wanted: dict[str, Any], points: list[Point], other_stages_ms: float, more: dict[str, Any]
) -> Path:
    """Write a profile in place of the last one with this identity.

    Errors are not stored: they are read from the model card, which may be newer.
    """
    file = file_of(wanted)
    rows = [{k: v for k, v in asdict(point).items() if k != "error_mm"} for point in points]
    content = {"identity": wanted, "around_ms": other_stages_ms, "points": rows}
    hint = "name another folder in $EDGE3DPOSE_HOME"
    storage.save_json(file, machine.report_header("profile") | more | content, hint)
    return file


def look_up(wanted: dict[str, Any], errors_mm: Mapping[int, float]) -> Lookup:
    """The profile with this identity; without one, how the nearest one differs.

    errors_mm  cut -> FP32 error by the model's card
    """
    file = file_of(wanted)
    if file.is_file():
        try:
            return Lookup(_profile(_read(file), errors_mm), "")
        except BadInput as error:
            return Lookup(None, f"{file} cannot be read ({error})")
    stored = _of_model(wanted["model"])
    others = [(manifest.differences(there, wanted), day) for there, day in stored]
    if not others:
        return Lookup(None, "")
    differences, day = min(others, key=lambda other: len(other[0]))
    return Lookup(None, f"the profile of {day} differs in {'; '.join(differences)}")


def error_mm(cut: int, deviation_mm: float, errors_mm: Mapping[int, float]) -> float | None:
    """An engine's error, from that of its cut by the card; None where the card has none."""
    return error_with_deviation_mm(errors_mm[cut], deviation_mm) if cut in errors_mm else None


def _read(file: Path) -> _Content:
    return from_json(_Content, storage.load_json(file, SCHEMA), str(file))


def _profile(content: _Content, errors_mm: Mapping[int, float]) -> Profile:
    """Errors are the card's, whatever the file says."""
    points = tuple(
        replace(point, error_mm=error_mm(point.cut, point.deviation_mm, errors_mm))
        for point in content.points
    )
    return Profile(content.time, points, content.around_ms)


def _of_model(model: str) -> Iterator[tuple[dict[str, Any], str]]:
    """(identity, day) of every profile of a model here."""
    for file in sorted(paths.profiles_folder().glob(f"{model}-*.json")):
        try:
            content = _read(file)
        except BadInput:
            continue
        if content.identity.get("model") == model:  # another's name may begin like this one's
            yield content.identity, content.time[:10]
