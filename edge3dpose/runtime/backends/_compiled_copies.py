"""Compiled networks beside the engines: opened in a third of the time and of the memory.

A copy is one file: a line that says what it is, its SHA-256, and what the backend wrote. Its name
holds all that it was compiled from and for. One that is damaged, or that somebody else can change,
is not used, and one that cannot be written is done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge3dpose import folder_trust, input_files, manifest, storage
from edge3dpose.errors import Edge3DPoseError

SUFFIX = ".compiled"
MOST = 4  # of one network, for other threads and versions; the oldest go
WRITTEN_WITHIN_S = 600.0
_FIRST = b"edge3dpose compiled network 1\n"
_HEX = 64

_log = logging.getLogger(__name__)


def file_of(folder: Path, content: bytes, how: Mapping[str, Any]) -> Path:
    """Where the copy of a network lies.

    content  of the ONNX file
    how      all else that changes what it is compiled to: package, version, processor, settings
    """
    network = hashlib.sha256(content).hexdigest()[:16]
    return folder / f"{network}-{manifest.digest(dict(how))[:16]}{SUFFIX}"


def read(file: Path) -> bytes | None:
    """What was kept there; None where there is nothing that can be trusted."""
    try:
        if not file.is_file():
            return None
        folder_trust.check(file.parent)
        folder_trust.check_file(file)
        content = input_files.read(file)
    except Edge3DPoseError as error:
        _log.info("not used: %s", error)
        return None
    begin = len(_FIRST) + _HEX
    kept = content[begin:]
    if content[:begin] == _FIRST + hashlib.sha256(kept).hexdigest().encode():
        return kept
    _log.info("%s is damaged; the network is compiled anew", file)
    return None


def write(file: Path, kept: bytes) -> None:
    """Keep it for the next start, where the folder is there and can be written."""
    if not file.parent.is_dir():
        return
    content = _FIRST + hashlib.sha256(kept).hexdigest().encode() + kept
    try:
        folder_trust.check(file.parent)
        storage.write_bytes(file, content, "")
    except Edge3DPoseError as error:
        _log.info("not kept: %s", error)
        return
    with contextlib.suppress(OSError):
        network = file.name.partition("-")[0]
        copies = sorted(
            file.parent.glob(f"{network}-*{SUFFIX}"), key=lambda one: one.stat().st_mtime
        )
        for old in [*copies[:-MOST], *_half_written(file.parent)]:
            old.unlink()


def _half_written(folder: Path) -> list[Path]:
    """What writers left that were killed; those at work are younger."""
    old = time.time() - WRITTEN_WITHIN_S
    return [one for one in folder.glob(f".*.tmp{SUFFIX}") if one.stat().st_mtime < old]
