"""Built engines as a table, as lines of text and as a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from edge3dpose.records import from_json
from edge3dpose.reports.rows import BuildFailure, BuildReport, BuildRow, Parity, new_header
from edge3dpose.selection.builds import BuildResult, Explanation


def table(results: Sequence[BuildResult]) -> Table:
    """A row an engine: size, time of the build, distance from FP32, file."""
    made = Table("cut", "")
    for heading in ("MB", "build s", "mm p50", "mm p99", "mm max"):
        made.add_column(heading, justify="right")
    made.add_column("engine", overflow="fold")
    for result in results:
        cut, manifest = str(result.config.cut), result.manifest
        if manifest is None:
            made.add_row(cut, "failed", "", "", "", "", "", str(result.error))
            continue
        parity = manifest.parity or {}
        figures = [f"{parity[name]:.3f}" for name in ("mm_p50", "mm_p99", "mm_max")]
        size, seconds = f"{manifest.size_bytes / 1e6:.1f}", f"{manifest.build['seconds']:.1f}"
        state = "built" if result.built else "cached"
        made.add_row(cut, state, size, seconds, *figures, manifest.engine.name)
    return made


def lines(results: Sequence[BuildResult], folder: Path) -> list[str]:
    """What was built and why, and what could not be run here."""
    first = results[0]
    config = first.config
    said = [f"{config.spec.name} {config.precision} for {config.backend}, in {folder}"]
    if all(result.manifest and not result.built for result in results):
        said.append(f"built nothing: {first.why}")
    if first.manifest and first.built:
        said.append(f"cut {config.cut} was built because {first.why}")
    if first.manifest and "not_run" in (first.manifest.parity or {}):
        said.append(f"not run here: {(first.manifest.parity or {})['not_run']}")
    return said


def explanation_lines(explained: Sequence[Explanation]) -> list[str]:
    """Two lines an engine: whether the cache has it, and why."""
    said = []
    for one in explained:
        state = "would be used" if one.cached else "would be built"
        said += [f"cut {one.config.cut:2}  {state}: {one.file.name}", f"        {one.why}"]
    return said


def report(results: Sequence[BuildResult]) -> BuildReport:
    """The engines as a report, edge3dpose.build/1."""
    config = results[0].config
    return BuildReport(
        header=new_header(BuildReport),
        model=config.spec.name,
        weights_sha256=config.weights.sha256,
        state=config.weights.card.get("state"),
        precision=config.precision,
        backend=config.backend,
        engines=tuple(_row(result) for result in results),
    )


def _row(result: BuildResult) -> BuildFailure | BuildRow:
    made = result.manifest
    if made is None:
        return BuildFailure(cut=result.config.cut, failed=str(result.error))
    parity = made.parity
    return BuildRow(
        cut=made.cut,
        backend_version=made.backend_version,
        size_bytes=made.size_bytes,
        sha256=made.sha256,
        seconds=made.build["seconds"],
        nodes=made.build["nodes"],
        parity=None if parity is None else from_json(Parity, parity, made.engine.name),
        calibration=(made.calibration or {}).get("digest"),
    )
