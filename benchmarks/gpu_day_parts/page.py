"""The report of a day and its page: what each step said, in the words of its command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge3dpose import machine, storage
from gpu_day_parts.running import DONE, Result

SCHEMA = "gpu-day"
REHEARSAL = "REHEARSAL ON A CPU with tiny sizes: no figure here is a GPU's."


def write(out: Path, results: list[Result], rehearsal: bool) -> tuple[Path, Path]:
    """gpu-day.json and gpu-day.md of what there is so far; gives both files."""
    content = machine.report_header(SCHEMA) | {"rehearsal": rehearsal, "steps": results}
    report, page = out / "gpu-day.json", out / "gpu-day.md"
    storage.save_json(report, content)
    storage.write_text(page, "\n".join(_lines(content)) + "\n")
    return report, page


def _lines(content: dict[str, Any]) -> Iterator[str]:
    facts = content["machine"]
    yield "# A day at a GPU\n"
    if content["rehearsal"]:
        yield f"**{REHEARSAL}**\n"
    yield f"- GPU: {', '.join(facts['gpus']) or 'none'}; CUDA of the driver: {facts['cuda_driver']}"
    yield f"- processor: {facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB"
    yield f"- versions: {', '.join(f'{name} {v}' for name, v in facts['versions'].items())}"
    yield f"- commit: {content['commit']}, written {content['time']}\n"
    yield "| step | state | s | what it said |"
    yield "|---|---|--:|---|"
    for step in content["steps"]:
        took = f"{step['took_s']:.0f}" if "took_s" in step else ""
        yield f"| {step['name']} | {step['state']} | {took} | {_cell(step['why'] or _last(step))} |"
    for step in content["steps"]:
        if step.get("tail"):
            yield f"\n## {step['name']}: {step['state']}\n"
            yield f"`{' '.join(step['command'])}`\n"
            yield from (f"    {line}" for line in step["tail"])


def _last(step: Result) -> str:
    lines = [line.strip(" =") for line in step.get("tail", ()) if line.strip(" -|=")]
    return lines[-1] if lines and step["state"] == DONE else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")[:200]
