"""Engine manifests: an engine file -> its Manifest, verified before the engine is opened.

`x.engine` (a TensorRT plan) and `x.onnx` (for ONNX Runtime and OpenVINO) have `x.json`: what the
engine was built from, its hash, the time of the build and the deviation from FP32.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge3dpose import folder_trust, input_files, onnx_bytes, storage
from edge3dpose.engine_types import ModelSpec, Precision
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.records import Amount, Count, Cut, Name, Sha256, from_json

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
    return read_verified(engine)[0]


def read_verified(engine: Path) -> tuple[Manifest, bytes]:
    """The manifest of an engine and the engine itself: the very bytes that were verified.

    Raises what ``verify`` raises. Backends open these bytes, and not the file once more.
    """
    if not engine.is_file():
        raise BadInput(f"no engine at {engine}; build one: edge3dpose build-engine")
    manifest = read(engine)
    folder_trust.check(engine.parent)
    folder_trust.check_file(engine)
    size = engine.stat().st_size
    if size != manifest.size_bytes:
        raise EngineMismatch(
            f"{engine} has {size} bytes, its manifest says {manifest.size_bytes}: it is truncated "
            f"or was swapped; rebuild: {manifest.rebuild}"
        )
    content = input_files.read(engine)
    found = hashlib.sha256(content).hexdigest()
    if found != manifest.sha256:
        raise EngineMismatch(
            f"{engine} has SHA-256 {found[:12]}..., its manifest says {manifest.sha256[:12]}...: "
            f"it is damaged or was swapped; rebuild: {manifest.rebuild}"
        )
    if engine.suffix != PLAN_SUFFIX:
        onnx_bytes.check(content, engine)
    return manifest, content


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


@dataclass(frozen=True)
class _Input:
    shape: tuple[Count, ...]


@dataclass(frozen=True)
class _Device:
    name: str = ""
    compute_capability: str | None = None


@dataclass(frozen=True)
class _Fields:
    """What is read of the key's fields; all of them are part of the key."""

    model: Name
    cut: Cut
    precision: Precision
    backend: Name
    backend_version: str
    input: _Input
    weights_sha256: Sha256
    device: _Device = _Device()


@dataclass(frozen=True)
class _Build:
    seconds: Amount = 0.0
    nodes: Count = 0


@dataclass(frozen=True)
class _Parity:
    not_run: str | None = None


@dataclass(frozen=True)
class _Calibration:
    digest: Sha256 | None = None


@dataclass(frozen=True)
class _Content:
    """What a manifest file has to hold; the JSON itself is kept, with all else in it."""

    engine: str
    key: Sha256
    fields: _Fields
    sha256: Sha256
    size_bytes: Count
    model: dict[str, Any]
    build: _Build
    parity: _Parity | None
    calibration: _Calibration | None


def _from_content(engine: Path, content: dict[str, Any]) -> Manifest:
    file = path_of(engine)
    try:
        from_json(_Content, content, str(file))
    except BadInput as error:
        raise EngineMismatch(f"{error}; {_delete_both(engine)}") from None
    if content["engine"] != engine.name:
        raise EngineMismatch(
            f"{file} is the manifest of {content['engine']}, not of {engine.name}: the files were "
            f"renamed or swapped; {_delete_both(engine)}"
        )
    if digest(content["fields"]) != content["key"]:
        raise EngineMismatch(
            f"{file} was changed: its key and fields differ; {_delete_both(engine)}"
        )
    names = (field.name for field in dataclasses.fields(_Content) if field.name != "engine")
    kept = {name: content[name] for name in names}
    return Manifest(engine=engine, **kept)


def _delete_both(engine: Path) -> str:
    return f"delete {engine.name} and {path_of(engine).name}, then run edge3dpose build-engine"
