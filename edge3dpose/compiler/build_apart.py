"""Builds an engine in a process of its own, so that the compiler's memory goes when it is done.

The process gets one line of JSON and answers in lines: {"progress": [what, share]},
{"error": [class, text]}, {"done": true}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from edge3dpose import bounded_json, errors, models
from edge3dpose.compiler.engine_key import EngineKey
from edge3dpose.engine_types import EngineConfig
from edge3dpose.errors import Edge3DPoseError
from edge3dpose.runtime import backends
from edge3dpose.types import Progress

PAYS_FROM_BYTES = 4_000_000  # of the weights: with less, the process costs more than it saves
# The modules of this process and no others: not those of the folder that it was started in
_CODE = (
    "import sys; sys.path[:] = sys.argv[1].split(sys.argv[2]); "
    "from edge3dpose.compiler import build_apart; build_apart.main()"
)


def pays(key: EngineKey) -> bool:
    """Whether an engine is one that another process can build, and large enough for that."""
    config = key.config
    python = Path(sys.executable or "").name.lower().startswith("python")
    large = config.weights.onnx.stat().st_size >= PAYS_FROM_BYTES
    # a model that is not known by its name is that of a spec file
    return (
        python
        and large
        and not key.is_plan
        and models.shipped().get(config.spec.name) == config.spec
    )


def build_apart(config: EngineConfig, folder: Path, progress: Progress | None = None) -> bool:
    """Build the engine of a config into the cache; gives whether the process came to its end.

    False where it could not be started or was killed. Raises what the build raises.
    """
    asked = {
        "model": config.spec.name,
        "weights": str(config.weights.onnx.resolve()),
        "cut": config.cut,
        "precision": config.precision,
        "backend": config.backend,
        "threads": config.threads,
        "folder": str(folder.resolve()),
    }
    command = [sys.executable, "-c", _CODE, os.pathsep.join(sys.path), os.pathsep]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
    except OSError:
        return False
    with process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.close()
            return any([_heard(line, progress) for line in process.stdout])
        except BrokenPipeError:
            return False
        except BaseException:
            process.kill()
            raise


def _heard(line: str, progress: Progress | None) -> bool:
    """Pass an answer on; gives whether it is the last."""
    try:
        answer = bounded_json.parse(line, "the building process")
    except errors.BadInput:  # a library's own words
        return False
    if not isinstance(answer, dict):
        return False
    if "error" in answer:
        name, text = answer["error"]
        raise getattr(errors, name, Edge3DPoseError)(text)
    if progress and "progress" in answer:
        progress(*answer["progress"])
    return "done" in answer


def main() -> None:
    """The process: build what the line on standard input asks for."""
    asked = bounded_json.parse(sys.stdin.readline(), "the request")
    from edge3dpose.compiler.build import build  # the compiler and onnx take 30 MB
    from edge3dpose.compiler.engine_key import key_of

    try:
        weights = models.open_weights(models.find(asked["model"]), Path(asked["weights"]))
        config = EngineConfig(weights, asked["cut"], asked["precision"], asked["backend"])
        made = build(
            key_of(config),
            Path(asked["folder"]),
            progress=lambda what, share: _say(progress=[what, share]),
        )
        # what a backend keeps of a compiled network is kept by this process
        backend = backends.find(config.backend)
        backend.open_engine(made.engine, config.spec, threads=asked["threads"]).close()
        _say(done=True)
    except Edge3DPoseError as error:
        _say(error=[type(error).__name__, str(error)])


def _say(**answer: Any) -> None:
    print(json.dumps(answer), flush=True)
