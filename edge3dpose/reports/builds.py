"""A build report as a table: size, build time and deviation from FP32 of each engine."""

from __future__ import annotations

from collections.abc import Callable

from edge3dpose.reports.columns import Column, Figure, Table, make_table
from edge3dpose.reports.rows import BuildFailure, BuildReport, BuildRow


def engines_table(report: BuildReport) -> Table:
    """A row an engine; those that were not built are in ``notes``."""
    rows = [row for row in report.engines if isinstance(row, BuildRow)]

    def parity(name: str) -> Callable[[BuildRow], float | None]:
        return lambda row: getattr(row.parity, name, None)

    columns: list[Column] = [
        (Figure("cut", "cut", form="d"), lambda row: row.cut),
        ("engine_mb", lambda row: row.size_bytes / 1e6),
        ("build_s", lambda row: row.seconds),
        *((name, parity(name)) for name in ("mm_p50", "mm_p99", "mm_max")),
    ]
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
