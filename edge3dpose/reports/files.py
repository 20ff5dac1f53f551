"""Reports as JSON files: one measurement each, with what it was measured on."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from edge3dpose import machine, paths
from edge3dpose.errors import BadInput


def header(kind: str) -> dict:
    """What every report begins with: schema, time, commit, machine."""
    return {
        "schema": f"edge3dpose.{kind}/1",
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine.describe(),
    }


def commit(folder: Path = paths.PACKAGE.parent) -> str | None:
    """git describe of the checkout, "-dirty" where files differ; None where there is none."""
    if not (folder / ".git").exists():  # an installed package, perhaps inside somebody's own
        return None
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--tags"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def save(path: Path, content: dict) -> None:
    """Write a report, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".json.tmp")
    unfinished.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(unfinished, path)


def load(path: Path, kind: str) -> dict:
    """A report of one kind; BadInput where the file is something else."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is not a report: {error}") from None
    wanted = f"edge3dpose.{kind}/1"
    if not isinstance(content, dict) or content.get("schema") != wanted:
        raise BadInput(f"{path} is not a report with schema {wanted}")
    return content
