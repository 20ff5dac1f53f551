"""A speed report -> the tables of its page: no speed without the error beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from edge3dpose.reports.compare import Comparison
from edge3dpose.reports.row_error import counted_mm
from edge3dpose.reports.significance import Verdict

Row = dict[str, Any]


def table(headings: str, rows: Sequence[Sequence[object]], *, words: int = 1) -> str:
    """An HTML table; the first ``words`` columns hold words, the others figures.

    headings  with | between them
    """
    head = "".join(f"<th>{escape(text)}</th>" for text in headings.split("|"))
    body = "".join(f"<tr>{_cells(row, words)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def facts(rows: dict[str, object]) -> str:
    """Names and what they are, a line each."""
    return table("|", list(rows.items()), words=2)


def alone(rows: Sequence[Row]) -> str:
    """Engines alone."""
    shown = [row for row in rows if row.get("engine")]
    names = "engine|MPJPE mm|mm from FP32|p50 ms|p90|p95|p99|medians of the rounds|calls"
    return _with_energy(
        f"{names}|calls a second",
        [_alone(row) for row in shown],
        "mJ a call",
        [row["engine"].get("mj_per_call") for row in shown],
    )


def _alone(row: Row) -> list[object]:
    one = row["engine"]
    times = [figure(one[f"p{p}_ms"], 2) for p in (50, 90, 95, 99)]
    rounds = one["rounds_p50_ms"]
    return [
        _name(row),
        error(row),
        figure(row.get("deviation_mm"), 1),
        *times,
        f"{min(rounds):.2f} to {max(rounds):.2f}",
        one["n"],
        figure(one["fps"], 1),
    ]


def whole(rows: Sequence[Row]) -> str:
    """Engines in the real loop."""
    shown = [row for row in rows if row.get("end_to_end")]
    names = "engine|MPJPE mm|FPS|rounds|frame p50 ms|p95|p99|frames|with people|dropped"
    return _with_energy(
        names,
        [_whole(row) for row in shown],
        "mJ a frame",
        [row["end_to_end"].get("mj_per_frame") for row in shown],
    )


def _with_energy(
    headings: str, rows: list[list[object]], name: str, joules: list[dict[str, float] | None]
) -> str:
    """A table with a column of millijoules more, where the machine could count them."""
    if not any(joules):
        return table(headings, rows)
    wider = [[*row, energy(one)] for row, one in zip(rows, joules, strict=True)]
    return table(f"{headings}|{name}", wider)


def _whole(row: Row) -> list[object]:
    one = row["end_to_end"]
    frame = one["frame"] or {}
    return [
        _name(row),
        error(row),
        figure(one["fps"], 1),
        f"{min(one['rounds_fps']):.1f} to {max(one['rounds_fps']):.1f}",
        *(figure(frame.get(f"p{p}_ms"), 1) for p in (50, 95, 99)),
        one["frames_processed"],
        one["frames_with_people"],
        one["frames_dropped"],
    ]


def peers(rows: Sequence[Row]) -> str:
    """Peers end to end, a line a data set on which their error is known."""
    lines = []
    for peer in rows:
        one = peer["end_to_end"]
        speed = [figure(one["fps"], 1), figure(one["frame"]["p50_ms"], 1)]
        speed.append(one["frames_with_people"])
        named = f"{peer['name']} {peer['version']}"
        known = peer["error"] or {"": {}}
        lines += [[named, *_peer_error(dataset, said), *speed] for dataset, said in known.items()]
    return table(
        "peer|error on|MPJPE mm|ours there|seen|FPS|frame p50 ms|with people",
        lines,
        words=2,
    )


def _peer_error(dataset: str, said: Row) -> list[object]:
    if not said:
        return ["", "not measured", "", ""]
    ours = said.get("ours")
    mine = f"{ours['mpjpe_mm']:.0f} (cut {ours['cut']})" if ours else ""
    return [dataset, figure(said["mpjpe_mm"], 0), mine, f"{said['seen']} of {said['people']}"]


def footprints(rows: Sequence[Row]) -> str:
    """Memory, first pose and CPU time, ours and the peers'."""
    shown = [row for row in rows if row.get("footprint")]
    return table(
        "|MPJPE mm|peak memory MB|open after s|first pose after that s|CPU ms a frame",
        [
            [
                row.get("name") or _name(row),
                error(row),
                figure(row["footprint"]["peak_mb"], 0),
                figure(row["footprint"]["open_s"], 2),
                figure(row["footprint"]["first_pose_s"], 2),
                figure(row["footprint"]["cpu_ms_per_frame"], 1),
            ]
            for row in shown
        ],
    )


def hashes(rows: Sequence[Row]) -> str:
    """The engine files that were measured."""
    return table(
        "engine|backend|MB|SHA-256",
        [
            [
                _name(row),
                row["backend_version"],
                f"{row['engine_bytes'] / 1e6:.1f}",
                row["engine_sha256"],
            ]
            for row in rows
        ],
    )


def compared(comparison: Comparison) -> str:
    """Engine by engine, new against old."""
    return table(
        "engine|MPJPE mm, old|new|alone|end to end|",
        [
            [
                row.name,
                *(figure(one, 1) or "not measured" for one in row.error_mm),
                _said(row.alone),
                _said(row.whole),
                "; ".join(row.notes),
            ]
            for row in comparison.rows
        ],
    )


def _said(verdict: Verdict | None) -> str:
    return verdict.text if verdict else ""


def error(row: Row) -> str:
    """MPJPE of a row of ours; of a peer there may be several, in a table of their own."""
    if "name" in row:
        return "see peers"
    return figure(counted_mm(row), 1) or "not measured"


def told(rows: Sequence[Row], part: str, figure: str) -> bool:
    """Whether any row has a figure that not every machine can tell."""
    return any((row.get(part) or {}).get(figure) for row in rows)


def energy(by_meter: dict[str, float] | None) -> str:
    """Millijoules by counter; empty where the machine has none."""
    return ", ".join(f"{name} {mj:.1f}" for name, mj in (by_meter or {}).items())


def figure(value: float | None, digits: int) -> str:
    """A figure, empty where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def _name(row: Row) -> str:
    return f"cut {row['cut']}, {row['backend']} {row['precision']}"


def _cells(row: Sequence[object], words: int) -> str:
    cells = (("<td>" if n < words else '<td class="n">', cell) for n, cell in enumerate(row))
    return "".join(f"{begin}{escape(str(cell))}</td>" for begin, cell in cells)
