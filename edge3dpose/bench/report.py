"""Reports as JSON files: one measurement each, with what it was measured on."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

from edge3dpose.bench import machine
from edge3dpose.errors import BadInput


def header(kind: str) -> dict:
    """What every report begins with: schema, time, machine."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"schema": f"edge3dpose.{kind}/1", "time": now, "machine": machine.describe()}


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
