"""The folder of built engines: key -> engine, found or stored whole; one process builds it."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge3dpose import folder_trust, manifest, storage
from edge3dpose.compiler.engine_key import EngineKey
from edge3dpose.errors import BadInput, BuildFailed, Edge3DPoseError
from edge3dpose.manifest import Manifest

if TYPE_CHECKING:
    from filelock import FileLock

log = logging.getLogger(__name__)
HINT = "make room or pass --engines DIR"
PATIENCE_S = 3600.0  # a build takes minutes on a Jetson


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the cache has of an engine."""

    file: Path  # where the engine is, or would be
    made: Manifest | None  # of an engine that is there, whole; None for a miss
    damage: str = ""  # what is wrong with files that are there and cannot be used

    @property
    def hit(self) -> bool:
        """Whether the engine can be used."""
        return self.made is not None


def find(folder: Path, key: EngineKey) -> Lookup:
    """Look for an engine in the folder and verify it; ``explain`` says why there is none."""
    file = folder / key.file_name
    if not file.is_file() and not manifest.path_of(file).is_file():
        return Lookup(file, None)
    try:
        return Lookup(file, manifest.verify(file))
    except Edge3DPoseError as error:
        return Lookup(file, None, str(error))


def explain(folder: Path, key: EngineKey, found: Lookup) -> str:
    """Why ``find`` found what it found; reads every manifest of the folder after a miss.

    The nearest engine is named with what differs, and never the engine itself: this also answers
    after a build why it was needed.
    """
    if found.made is not None:
        return f"it has every key field and SHA-256 {found.made.sha256[:12]}..."
    if found.damage:
        return found.damage
    same = ("model", "cut", "precision", "backend")
    others = [
        (manifest.differences(other.fields, key.fields), other.engine.name)
        for other in _manifests(folder)
        if other.key != key.digest and all(other.fields[n] == key.fields[n] for n in same)
    ]
    if not others:
        return "no engine of this model, cut, precision and backend has been built here"
    differences, name = min(others, key=lambda other: len(other[0]))
    return f"the nearest engine, {name}, differs in {'; '.join(differences)}"


def _manifests(folder: Path) -> list[Manifest]:
    """Of every engine in the folder whose manifest can be read."""
    found = []
    for suffix in ("*.onnx", f"*{manifest.PLAN_SUFFIX}"):
        for engine in sorted(folder.glob(suffix)):
            with contextlib.suppress(Edge3DPoseError):
                found.append(manifest.read(engine))
    return found


@contextlib.contextmanager
def lock(engine: Path) -> Iterator[None]:
    """Hold the right to build an engine; waits for another builder, whose death frees it.

    Raises BadInput where the folder cannot be written, BuildFailed after an hour of waiting.
    """
    file = engine.with_name(f".{engine.name}.lock")
    with _bad_input(engine.parent):
        if not engine.parent.exists():
            engine.parent.mkdir(parents=True, mode=0o700)
        folder_trust.check(engine.parent)
        held = _acquired(file)
    try:
        yield
    finally:
        # Before the release: filelock sees that a file which it waited for has gone, and tries
        # again. Windows keeps an open file; filelock removes it there.
        with contextlib.suppress(OSError):
            file.unlink()
        held.release()


def _acquired(file: Path) -> FileLock:
    from filelock import FileLock, Timeout  # a start that finds its engine needs no lock

    held = FileLock(file, mode=0o600)
    try:
        held.acquire(timeout=0)
    except Timeout:
        log.info("another process builds this engine; waiting for it (%s)", file)
        try:
            held.acquire(timeout=PATIENCE_S, poll_interval=0.2)
        except Timeout:
            raise BuildFailed(
                f"another process has been building for an hour; if it hangs, end it ({file})"
            ) from None
    return held


@contextlib.contextmanager
def build_folder(engine: Path) -> Iterator[Path]:
    """A folder beside the engine to build it in, removed afterwards; use it under ``lock``.

    What a killed build left there is removed first.
    """
    folder = engine.with_name(f".{engine.name}.building")
    with _bad_input(engine.parent):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(made: Manifest, content: bytes) -> None:
    """Write an engine and its manifest to the disk, in the build folder."""
    storage.write_bytes(made.engine, content, HINT)
    storage.write_text(manifest.path_of(made.engine), manifest.to_json(made), HINT)


def publish(made: Manifest, folder: Path) -> Manifest:
    """Move an engine and its manifest from the build folder to the cache: the manifest last.

    An engine without a manifest is never opened, so a reader finds both or nothing.
    """
    engine = folder / made.engine.name
    with _bad_input(folder):
        manifest.path_of(engine).unlink(missing_ok=True)  # of the engine that is replaced
    storage.move(made.engine, engine, HINT)
    storage.move(manifest.path_of(made.engine), manifest.path_of(engine), HINT)
    return replace(made, engine=engine)


@contextlib.contextmanager
def _bad_input(folder: Path) -> Iterator[None]:
    """An OSError (full disk, read-only folder) as one line that says what to do."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"cannot write engines to {folder} ({error.strerror}); {HINT}") from error
