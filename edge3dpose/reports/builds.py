"""Engines of several cuts as a build report, as tables and as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge3dpose.records import from_json
from edge3dpose.reports.build_rows import BuildFailure, BuildReport, BuildRow
from edge3dpose.reports.columns import CUT, Column, Table, make_table
from edge3dpose.reports.rows import Parity, new_header
from edge3dpose.selection.builds import BuildResult, Explanation


def report_of(results: Sequence[BuildResult]) -> BuildReport:
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


def engines_table(report: BuildReport) -> Table:
    """A row a built engine: size, time of the build, deviation from FP32."""
    rows = [row for row in report.engines if isinstance(row, BuildRow)]
    return make_table("engines", rows, _columns(lambda row: row), mark_best=False)


def results_table(results: Sequence[BuildResult]) -> Table:
    """A row an engine: whether it was built, what it came to, and its file."""
    rows = [(result, _row(result)) for result in results]
    cut, *figures = _columns(lambda entry: entry[1])
    columns: list[Column] = [cut, ("state", lambda entry: _state(entry[0])), *figures]
    columns.append(("engine", lambda entry: _file_or_error(entry[0])))
    return make_table("engines", rows, columns, mark_best=False)


def headline(report: BuildReport) -> str:
    """Model, precision, backend, weights and time in a line."""
    versions = [row.backend_version for row in report.engines if isinstance(row, BuildRow)]
    return (
        f"{report.model} ({report.state}) {report.precision} for {report.backend} "
        f"{versions[0] if versions else ''}, weights {report.weights_sha256[:12]}, "
        f"{report.header.time}"
    )


def notes(report: BuildReport) -> list[str]:
    """What was not built, and how engines were compared with FP32."""
    parities = [row.parity for row in report.engines if isinstance(row, BuildRow) and row.parity]
    compared = dict.fromkeys(
        f"compared with FP32 on {parity.crops} real people; ran: {parity.ran}"
        + (f"; not run: {parity.not_run}" if parity.not_run else "")
        for parity in parities
    )
    failures = [row for row in report.engines if isinstance(row, BuildFailure)]
    return [*(f"cut {row.cut} was not built: {row.failed}" for row in failures), *compared]


def result_lines(results: Sequence[BuildResult], folder: Path) -> list[str]:
    """What was built and why, and what could not be run here."""
    first = results[0]
    config = first.config
    lines = [f"{config.spec.name} {config.precision} for {config.backend}, in {folder}"]
    if all(result.manifest and not result.built for result in results):
        lines.append(f"built nothing: {first.why}")
    if first.manifest and first.built:
        lines.append(f"cut {config.cut} was built because {first.why}")
    if first.manifest and "not_run" in (first.manifest.parity or {}):
        lines.append(f"not run here: {(first.manifest.parity or {})['not_run']}")
    return lines


def explanation_lines(explained: Sequence[Explanation]) -> list[str]:
    """Two lines an engine: whether the cache has it, and why."""
    lines = []
    for one in explained:
        state = "would be used" if one.cached else "would be built"
        lines += [f"cut {one.config.cut:2}  {state}: {one.file.name}", f"        {one.why}"]
    return lines


def _columns(row_of: Callable[[Any], BuildRow | BuildFailure]) -> list[Column]:
    def value(name: str, scale: float = 1.0) -> Callable[[Any], float | None]:
        def found(entry: Any) -> float | None:
            row = row_of(entry)
            return getattr(row, name) * scale if isinstance(row, BuildRow) else None

        return found

    def parity(name: str) -> Callable[[Any], float | None]:
        return lambda entry: getattr(getattr(row_of(entry), "parity", None), name, None)

    return [
        (CUT, lambda entry: row_of(entry).cut),
        ("engine_mb", value("size_bytes", 1e-6)),
        ("build_s", value("seconds")),
        *((name, parity(name)) for name in ("mm_p50", "mm_p99", "mm_max")),
    ]


def _state(result: BuildResult) -> str:
    if result.manifest is None:
        return "failed"
    return "built" if result.built else "cached"


def _file_or_error(result: BuildResult) -> str:
    return str(result.error) if result.manifest is None else result.manifest.engine.name


def _row(result: BuildResult) -> BuildFailure | BuildRow:
    made = result.manifest
    if made is None:
        return BuildFailure(cut=result.config.cut, failed=str(result.error))
    return BuildRow(
        cut=made.cut,
        backend_version=made.backend_version,
        size_bytes=made.size_bytes,
        sha256=made.sha256,
        seconds=made.build.get("seconds", 0.0),
        nodes=made.build.get("nodes", 0),
        parity=from_json(Parity, made.parity, made.engine.name) if made.parity else None,
        calibration=(made.calibration or {}).get("digest"),
    )
