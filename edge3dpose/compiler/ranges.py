"""The file of INT8 ranges of a model: found, read, verified, written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge3dpose import manifest, paths, storage
from edge3dpose.engine_types import Weights
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.records import Amount, Count, Name, Sha256, from_json

SCHEMA = "edge3dpose.ranges/1"


@dataclass(frozen=True, slots=True)
class Ranges:
    """The magnitude of each tensor that becomes 127, and the crops it was found on."""

    model: Name
    weights_sha256: Sha256  # ranges belong to this very weights file
    method: str  # max, percentile, entropy or mse
    source: str  # name of the file or folder of real frames
    crops: Count
    crops_sha256: Sha256  # of the tensors that the network was given
    skip: tuple[str, ...]  # layers to leave in floating point
    tensors: dict[str, Amount]

    @property
    def digest(self) -> str:
        """Part of an INT8 engine's key."""
        return manifest.digest(asdict(self))

    def summary(self) -> dict[str, Any]:
        """What an engine's manifest holds of them."""
        facts = {name: value for name, value in asdict(self).items() if name != "tensors"}
        return {**facts, "tensors": len(self.tensors), "digest": self.digest}


def find(weights: Weights, file: Path | None = None) -> Ranges:
    """The ranges of a weights file: the user's own, else the shipped ones.

    file  where to look; None for the usual places
    Raises BadInput with the command to run where there are none for this very weights file.
    """
    model = weights.spec.name
    usual = (paths.home() / "calibration", paths.RANGES)
    places = [file] if file else [folder / f"{model}.ranges.json" for folder in usual]
    found = [read(place) for place in places if place.is_file()]
    for ranges in found:
        if ranges.weights_sha256 == weights.sha256:
            return ranges
    lack = (
        f"the ranges at hand are of weights {found[0].weights_sha256[:12]}..., "
        f"not of {weights.sha256[:12]}..."
        if found
        else f"there are no ranges at {places[0]}"
    )
    raise BadInput(
        f"INT8 for {model} needs ranges from real frames, and {lack}; run: "
        f"edge3dpose calibrate --model {model} --source FOLDER --weights {weights.onnx}"
    )


def read(file: Path) -> Ranges:
    """Read a ranges file; EngineMismatch where it is not one."""
    try:
        content = storage.load_json(file, SCHEMA)
        if unknown := set(content) - {"schema", *Ranges.__dataclass_fields__}:
            raise BadInput(f"it has {sorted(unknown)[0][:60]!r}, which no ranges have")
        return from_json(Ranges, content, str(file))
    except BadInput as error:
        raise EngineMismatch(
            f"{file} holds no INT8 ranges ({error}); write it again: edge3dpose calibrate"
        ) from None


def write(ranges: Ranges, file: Path) -> None:
    """Write a ranges file, whole or not at all."""
    storage.save_json(file, {"schema": SCHEMA, **asdict(ranges)}, "pass --out FILE")
