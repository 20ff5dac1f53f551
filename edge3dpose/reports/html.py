"""A speed report -> one HTML page that needs nothing else: charts, tables, machine, files."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from edge3dpose import storage
from edge3dpose.reports import charts, machine_facts, trace_chart, web_tables
from edge3dpose.reports.compare import Comparison

MANY = 24  # rows, above which charts show those on the front and tables are folded

_SETS = {"synthetic": "mpjpe_mm", "synthetic-mocap": "mocap_mpjpe_mm"}  # in a row's error
_ERRORS = (
    "Errors: MPJPE of the network in FP32 on held-out synthetic people, the true root depth given, "
    "pelvis aligned; and an engine's distance from FP32 on people of the source, added in squares. "
    "No Human3.6M figure."
)


def write(
    file: Path,
    report: dict[str, Any],
    *,
    comparison: Comparison | None = None,
    trace: dict[str, Any] | None = None,
) -> None:
    """Write the page, whole or not at all."""
    storage.write_text(file, page(report, comparison=comparison, trace=trace))


def page(
    report: dict[str, Any],
    *,
    comparison: Comparison | None = None,
    trace: dict[str, Any] | None = None,
) -> str:
    """The page as text.

    trace  a governor's report, see bench.trace_chart
    """
    title = f"{report['model']}: speed beside error"
    style = resources.files("edge3dpose.reports").joinpath("page.css").read_text(encoding="utf-8")
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<style>{style}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        _paragraph(machine_facts.headline(report), soft=True),
        _paragraph(_ERRORS),
        *_alone(report),
        *_whole(report),
        *_peers(report),
        *_footprints(report),
        *(_trace(trace) if trace else []),
        *(_comparison(comparison) if comparison else []),
        _section("Machine and conditions"),
        web_tables.facts(machine_facts.lines(report)),
        _section("Engine files"),
        _folded("hashes", web_tables.hashes(report["rows"]), report["rows"]),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _alone(report: dict[str, Any]) -> list[str]:
    rows = [row for row in report["rows"] if row.get("engine")]
    if not rows:
        return []
    shown = _shown(rows, charts.alone_ms)
    return [
        _section("Engine alone"),
        _paragraph("One call, one person, the tensor ready in memory. Nothing else is in it."),
        _figure(
            charts.pareto(rows, charts.alone_ms, "engine alone, median ms"),
            "Each dot a cut; the broad line is the Pareto front: nothing is quicker and better.",
        ),
        _figure(
            charts.percentiles(shown),
            _which(shown, rows) + "Thin: least to p99. Thick: p50 to p90. Dot: p50.",
        ),
        _folded("all percentiles", web_tables.alone(rows), rows),
    ]


def _whole(report: dict[str, Any]) -> list[str]:
    rows = [row for row in report["rows"] if (row.get("end_to_end") or {}).get("fps")]
    if not rows:
        return []
    shown = _shown(rows, charts.whole_ms)
    error, peers = _peer_points(report)
    against = (
        f"Errors of {next(name for name, key in _SETS.items() if key == error)}, "
        "the peers' on the people whom they see. "
        if peers
        else ""
    )
    return [
        _section("End to end"),
        _paragraph(
            "The loop of edge3dpose run without sinks: reading, finding and following, crop, "
            f"engine, lift, filter, on {report['source']} ({report['frame_size']} px)."
        ),
        _figure(
            charts.pareto(
                rows,
                charts.whole_ms,
                "end to end, ms a frame (1000 / FPS)",
                error=error,
                peers=peers,
            ),
            against + "Each dot a cut.",
        ),
        _figure(
            charts.stages(shown),
            _which(shown, rows) + "source: waiting for the next frame.",
        ),
        _folded("all figures", web_tables.whole(rows), rows),
    ]


def _peer_points(report: dict[str, Any]) -> tuple[str, list[tuple[str, float, float]]]:
    """The error of our rows to draw, and the peers that have one on the same people."""
    known = {
        dataset: [peer for peer in report.get("peers", []) if dataset in peer["error"]]
        for dataset, key in _SETS.items()
        if all(key in row["error"] for row in report["rows"])
    }
    dataset = max(known, key=lambda one: len(known[one]), default="")
    if not dataset or not known[dataset]:
        return "mpjpe_mm", []
    return _SETS[dataset], [
        (peer["name"], charts.whole_ms(peer), peer["error"][dataset]["mpjpe_mm"])
        for peer in known[dataset]
    ]


def _peers(report: dict[str, Any]) -> list[str]:
    if not report.get("peers"):
        return []
    return [
        _section("Peers in the same run"),
        _paragraph(report["peers_protocol"]),
        web_tables.peers(report["peers"]),
    ]


def _footprints(report: dict[str, Any]) -> list[str]:
    rows = [row for row in (*report["rows"], *report.get("peers", [])) if row.get("footprint")]
    if not rows:
        return []
    return [
        _section("Memory, first pose, CPU time"),
        _paragraph(report["footprint_protocol"]),
        web_tables.footprints(rows),
    ]


def _trace(trace: dict[str, Any]) -> list[str]:
    caption = (
        f"{trace['model']}, deadline {trace['deadline_ms']:g} ms for the engine: under load a "
        "shallower cut is taken, the deeper one again once there is room."
    )
    drawn = _figure(trace_chart.trace(trace), caption)
    return [_section("Governor"), drawn, trace_chart.phases(trace)]


def _comparison(comparison: Comparison) -> list[str]:
    parts = [_section(f"Against {comparison.old_time}")]
    parts += [_paragraph(line) for line in machine_facts.about(comparison)]
    return [*parts, web_tables.compared(comparison)]


def _shown(rows: list[dict], ms: Any) -> list[dict]:
    return rows if len(rows) <= MANY else charts.on_front(rows, ms)[:MANY]


def _which(shown: list[dict], rows: list[dict]) -> str:
    return "" if len(shown) == len(rows) else f"{len(shown)} of {len(rows)}, those on the front. "


def _folded(title: str, text: str, rows: Sequence[object]) -> str:
    opened = " open" if len(rows) <= MANY else ""
    return f"<details{opened}><summary>{escape(title)}</summary>{text}</details>"


def _section(title: str) -> str:
    return f"<h2>{escape(title)}</h2>"


def _paragraph(text: str, *, soft: bool = False) -> str:
    style = ' class="soft"' if soft else ""
    return f"<p{style}>{escape(text)}</p>"


def _figure(drawing: str, caption: str) -> str:
    if not drawing:
        return ""
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"
