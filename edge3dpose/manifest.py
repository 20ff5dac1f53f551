"""Engine manifests: an engine file -> its Manifest, verified before the engine is opened.

`x.engine` (a TensorRT plan) and `x.onnx` (for ONNX Runtime and OpenVINO) have `x.json`: what the
engine was built from, its hash, the time of the build and the deviation from FP32.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge3dpose import paths, storage
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput, EngineMismatch

SCHEMA = "edge3dpose.engine/1"
PLAN_SUFFIX = ".engine"  # of TensorRT plans: executable artefacts


@dataclass(frozen=True, slots=True)
class Manifest:
    """One engine's manifest. ``fields`` is everything that can change the engine."""

    engine: Path
    key: str  # digest of ``fields``: the engine's identity in the cache
    fields: dict[str, Any]
    sha256: str  # of the engine file
    size_bytes: int
    model: dict[str, Any]  # for the runtime to compare: size, joints, normalisation
    build: dict[str, Any]  # seconds, versions, hash of the graph given to the builder
    parity: dict[str, Any] | None  # mm of difference from FP32, and on what
    calibration: dict[str, Any] | None  # INT8: where the ranges come from

    @property
    def name(self) -> str:
        """Name of the model, as users type it."""
        return self.fields["model"]

    @property
    def cut(self) -> int:
        return self.fields["cut"]

    @property
    def precision(self) -> str:
        return self.fields["precision"]

    @property
    def backend(self) -> str:
        return self.fields["backend"]

    @property
    def backend_version(self) -> str:
        """Full version of the package that built the engine."""
        return self.fields["backend_version"]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the one input, `images`: (N, 3, S, S)."""
        return tuple(self.fields["input"]["shape"])

    @property
    def rebuild(self) -> str:
        """The command that makes this engine again."""
        return (
            f"edge3dpose build-engine --model {self.name} --cut {self.cut} "
            f"--precision {self.precision} --backend {self.backend} --force"
        )


def path_of(engine: Path) -> Path:
    """The path of an engine's manifest: the same name, .json."""
    return engine.with_suffix(".json")


def digest(fields: dict[str, Any]) -> str:
    """SHA-256 of canonical JSON: the key of an engine with these fields."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """The differences of two sets of key fields, a few words a field; hashes shortened."""
    return [
        f"{name}: {_short(there.get(name))} there, {_short(here.get(name))} here"
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    ]


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) == 64 else text  # a SHA-256


def verify(engine: Path) -> Manifest:
    """Read the manifest of an engine and check size and hash of the engine against it.

    Raises BadInput where a file is missing or the folder is unsafe, EngineMismatch where one of
    them is truncated, changed, swapped or of another version of this package.
    """
    if not engine.is_file():
        raise BadInput(f"no engine at {engine}; build one: edge3dpose build-engine")
    manifest = read(engine)
    if engine.suffix == PLAN_SUFFIX:
        _refuse_shared_folder(engine.parent)
    size = engine.stat().st_size
    if size != manifest.size_bytes:
        raise EngineMismatch(
            f"{engine} has {size} bytes, its manifest says {manifest.size_bytes}: it is truncated "
            f"or was swapped; rebuild: {manifest.rebuild}"
        )
    found = paths.sha256_of(engine)
    if found != manifest.sha256:
        raise EngineMismatch(
            f"{engine} has SHA-256 {found[:12]}..., its manifest says {manifest.sha256[:12]}...: "
            f"it is damaged or was swapped; rebuild: {manifest.rebuild}"
        )
    return manifest


def read(engine: Path) -> Manifest:
    """The manifest beside an engine; the engine file itself is not checked."""
    file = path_of(engine)
    if not file.is_file():
        raise BadInput(
            f"{engine} has no manifest {file.name} beside it, so it cannot be verified; "
            "build it again: edge3dpose build-engine"
        )
    try:
        content = storage.load_json(file, SCHEMA)
    except BadInput as error:
        raise EngineMismatch(
            f"{file} is not a manifest ({error}); {_delete_both(engine)}"
        ) from None
    return _from_content(engine, content)


def check_fits(
    manifest: Manifest, spec: ModelSpec, backend: str, version: str | None = None
) -> None:
    """Check that an engine is for this model and backend; EngineMismatch where it is not.

    version  of the backend's package here, where an engine opens only with the version that built
             it; None where any version opens it
    """
    S = spec.input_size
    wanted = [
        ("model", manifest.name, spec.name),
        ("backend", manifest.backend, backend),
        ("crop shape", manifest.input_shape[1:], (3, S, S)),
        ("joints", manifest.model.get("joints"), list(spec.skeleton.joints)),
        ("mean_rgb", manifest.model.get("mean_rgb"), list(spec.mean_rgb)),
        ("std_rgb", manifest.model.get("std_rgb"), list(spec.std_rgb)),
    ]
    if version is not None:
        wanted.append((f"{backend} version", manifest.backend_version, version))
    for what, found, want in wanted:
        if found != want:
            raise EngineMismatch(
                f"{manifest.engine} was built for {what} {found}, this is {want}; "
                f"rebuild: {manifest.rebuild}"
            )


def to_json(manifest: Manifest) -> str:
    """The text of the manifest file."""
    content = {
        "schema": SCHEMA,
        "engine": manifest.engine.name,
        "sha256": manifest.sha256,
        "size_bytes": manifest.size_bytes,
        "key": manifest.key,
        "fields": manifest.fields,
        "model": manifest.model,
        "build": manifest.build,
        "parity": manifest.parity,
        "calibration": manifest.calibration,
    }
    return json.dumps(content, indent=1) + "\n"


_FIELDS: dict[str, type] = {
    "model": str,
    "cut": int,
    "precision": str,
    "backend": str,
    "backend_version": str,
    "input": dict,
    "weights_sha256": str,
}
_PARTS: dict[str, type | tuple[type, ...]] = {
    "engine": str,
    "key": str,
    "fields": dict,
    "sha256": str,
    "size_bytes": int,
    "model": dict,
    "build": dict,
    "parity": (dict, type(None)),
    "calibration": (dict, type(None)),
}


def _from_content(engine: Path, content: dict[str, Any]) -> Manifest:
    file = path_of(engine)
    for table, part, where in ((_PARTS, content, ""), (_FIELDS, content.get("fields"), "fields.")):
        for name, kind in table.items():
            if not isinstance(part, dict) or name not in part or not isinstance(part[name], kind):
                raise EngineMismatch(
                    f"{file} lacks {where}{name} or holds something else there; "
                    f"{_delete_both(engine)}"
                )
    if content["engine"] != engine.name:
        raise EngineMismatch(
            f"{file} is the manifest of {content['engine']}, not of {engine.name}: the files were "
            f"renamed or swapped; {_delete_both(engine)}"
        )
    if digest(content["fields"]) != content["key"]:
        raise EngineMismatch(
            f"{file} was changed: its key and fields differ; {_delete_both(engine)}"
        )
    kept = {name: content[name] for name in _PARTS if name != "engine"}
    return Manifest(engine=engine, **kept)


def _delete_both(engine: Path) -> str:
    return f"delete {engine.name} and {path_of(engine).name}, then run edge3dpose build-engine"


def _refuse_shared_folder(folder: Path) -> None:
    # A plan is code that the GPU driver runs. A hash beside it protects nothing where another user
    # can write both files.
    if storage.world_writable(folder):
        raise BadInput(
            f"{folder} can be written by everybody on this machine; run: chmod o-w {folder}"
        )
