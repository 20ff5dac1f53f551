"""Tensors in a safetensors file that holds its own hash, and no number that is not finite.

python -m edge3dpose.training.sealed_tensors FILE      adds the hash to a file of an earlier version
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge3dpose import bounded_json, input_files, storage
from edge3dpose.errors import BadInput, Edge3DPoseError, EngineMismatch

KEY = "sha256"  # of the metadata: hash of the tensors and of the other metadata
MOST_BYTES = 8 << 30
_MOST_HEADER = 8 << 20  # bytes


def save(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors and texts, whole or not at all."""
    from safetensors.torch import save as to_bytes

    kept = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
    mark = secrets.token_hex(32)  # where the hash will stand
    content = to_bytes(kept, {**metadata, KEY: mark})
    begin = _header(content)[1]
    place = content.index(mark.encode(), 0, begin)
    digest = _hash_of(content).encode()
    storage.write_bytes(path, content[:place] + digest + content[place + len(digest) :])


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and texts of a file that ``save`` wrote; never a pickle.

    Raises BadInput where there is no such file, EngineMismatch where one bit of it has changed or
    a number is not finite.
    """
    content = input_files.read(path, MOST_BYTES)
    metadata = _metadata(content, path)
    if KEY not in metadata:
        raise EngineMismatch(
            f"{path} has no hash of its own; where you trust it, add one: "
            f"python -m edge3dpose.training.sealed_tensors {path}"
        )
    if metadata.pop(KEY) != _hash_of(content):
        raise EngineMismatch(f"{path} is damaged: its content and its hash differ")
    tensors = _tensors(content, path)
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise EngineMismatch(f"{path}: {name} has numbers that are not finite")
    return tensors, metadata


def seal(path: Path) -> None:
    """Add the hash to a file that has none."""
    content = input_files.read(path, MOST_BYTES)
    metadata = _metadata(content, path)
    metadata.pop(KEY, None)
    save(path, _tensors(content, path), metadata)


def _tensors(content: bytes, path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    try:
        return from_bytes(content)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise EngineMismatch(f"{path} is no whole file of tensors: {error}") from None


def _header(content: bytes) -> tuple[dict[str, Any], int]:
    """The JSON at the beginning, and where the tensors begin; BadInput where there is none."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= min(_MOST_HEADER, len(content) - 8):
        raise BadInput("it does not begin with a header")
    header = bounded_json.parse(content[8 : 8 + length], "its header")
    if not isinstance(header, dict):
        raise BadInput("its header is no object")
    return header, 8 + length


def _metadata(content: bytes, path: Path) -> dict[str, str]:
    try:
        found = _header(content)[0].get("__metadata__") or {}
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            raise BadInput("its metadata are no texts")
    except BadInput as error:
        raise EngineMismatch(f"{path} is no whole file of tensors: {error}") from None
    return found


def _hash_of(content: bytes) -> str:
    """The hash of a file's bytes, as if the hash were not in it."""
    header, begin = _header(content)
    metadata = {k: v for k, v in (header.pop("__metadata__", None) or {}).items() if k != KEY}
    text = json.dumps([header, metadata], sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode())
    digest.update(memoryview(content)[begin:])
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        for name in sys.argv[1:]:
            seal(Path(name))
            print(f"{name} has its hash")
    except Edge3DPoseError as error:
        sys.exit(f"Error: {error}")
