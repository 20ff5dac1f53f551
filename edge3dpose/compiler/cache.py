"""The folder of built engines: key fields -> engine, found or stored whole, one builder each."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge3dpose import manifest, storage
from edge3dpose.errors import BadInput, BuildFailed, Edge3DPoseError
from edge3dpose.manifest import Manifest
from edge3dpose.runtime import backends

log = logging.getLogger(__name__)
HINT = "make room or pass --engines DIR"
PATIENCE_S = 3600.0  # a build takes minutes on a Jetson


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the cache says of an engine: where it is or would be, and why it is or is not used."""

    engine: Path
    hit: bool
    reason: str


def engine_file(folder: Path, fields: dict[str, Any]) -> Path:
    """Name of the engine with these key fields."""
    plan = backends.find(fields["backend"]).is_plan
    device = fields["device"]["compute_capability"].replace(".", "") if plan else fields["backend"]
    tag = f"sm{device}" if device.isdigit() else device
    key = manifest.digest(fields)[:16]
    stem = f"{fields['model']}-cut{fields['cut']:02d}-{fields['precision']}-{tag}-{key}"
    return folder / f"{stem}{manifest.PLAN_SUFFIX if plan else '.onnx'}"


def look_up(folder: Path, fields: dict[str, Any]) -> Lookup:
    """Whether an engine with these fields lies in the folder, whole; says why not."""
    engine = engine_file(folder, fields)
    if engine.is_file() or manifest.path_of(engine).is_file():
        try:
            found = manifest.verify(engine)
        except Edge3DPoseError as error:
            return Lookup(engine, False, str(error))
        return Lookup(engine, True, f"it has every key field and SHA-256 {found.sha256[:12]}...")
    return Lookup(engine, False, _nearest(folder, fields))


def _nearest(folder: Path, fields: dict[str, Any]) -> str:
    """Why no engine fits: which fields the most similar one has otherwise."""
    same = ("model", "cut", "precision", "backend")
    others = [
        (manifest.differences(other.fields, fields), other.engine.name)
        for other in _manifests(folder)
        if all(other.fields[name] == fields[name] for name in same)
    ]
    if not others:
        return "no engine of this model, cut, precision and backend has been built here"
    differences, name = min(others, key=lambda other: len(other[0]))
    return f"the nearest engine, {name}, differs in {'; '.join(differences)}"


def _manifests(folder: Path) -> list[Manifest]:
    found = []
    for suffix in ("*.onnx", "*.engine"):
        for engine in sorted(folder.glob(suffix)):
            with contextlib.suppress(Edge3DPoseError):  # it cannot be used, so nobody is near it
                found.append(manifest.read(engine))
    return found


@contextlib.contextmanager
def lock(engine: Path) -> Iterator[None]:
    """Hold the right to build an engine; waits for another builder, whose death frees it.

    Raises BadInput where the folder cannot be written, BuildFailed after an hour of waiting.
    """
    file = engine.with_name(f".{engine.name}.lock")
    with _one_line(engine.parent):
        if not engine.parent.exists():
            engine.parent.mkdir(parents=True, mode=0o700)
        handle = _locked(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)  # before it is free: the next one sees that it is another file
        os.close(handle)


def _locked(file: Path) -> int:
    deadline_s = time.monotonic() + PATIENCE_S
    said = False
    while time.monotonic() < deadline_s:
        handle = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if file.exists() and os.path.samestat(os.fstat(handle), file.stat()):
                return handle
        except BlockingIOError:
            if not said:
                log.info("another process builds this engine; waiting for it (%s)", file)
                said = True
            time.sleep(0.2)
        os.close(handle)
    raise BuildFailed(f"another process has been building for an hour; if it hangs, remove {file}")


@contextlib.contextmanager
def workshop(engine: Path) -> Iterator[Path]:
    """A folder beside the engine to build it in; gone afterwards, and what a killed build left.

    To be used under ``lock``.
    """
    folder = engine.with_name(f".{engine.name}.building")
    with _one_line(engine.parent):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(made: Manifest, content: bytes) -> None:
    """Write an engine and its manifest to the disk, in a workshop."""
    storage.write_bytes(made.engine, content, HINT)
    storage.write_text(manifest.path_of(made.engine), manifest.to_json(made), HINT)


def publish(made: Manifest, folder: Path) -> Path:
    """Move an engine and its manifest from the workshop to their place: the manifest last.

    An engine without a manifest is not looked at, so a reader sees both or nothing.
    """
    engine = folder / made.engine.name
    with _one_line(folder):
        manifest.path_of(engine).unlink(missing_ok=True)  # of the engine that is replaced
    storage.move(made.engine, engine, HINT)
    storage.move(manifest.path_of(made.engine), manifest.path_of(engine), HINT)
    return engine


@contextlib.contextmanager
def _one_line(folder: Path) -> Iterator[None]:
    """Full disk, read-only folder, no folder at all: one line with the way out."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"cannot write engines to {folder} ({error.strerror}); {HINT}") from error
