"""A report -> the rows of Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from edge3dpose.reports.row_error import counted_mm

_ERRORS = {  # in a row's error -> heading, form
    "mpjpe_mm": ("MPJPE mm", "{:.0f}"),
    "pa_mpjpe_mm": ("PA mm", "{:.0f}"),
    "pck150": ("PCK@150", "{:.2f}"),
    "pck50": ("2D PCK@0.5", "{:.2f}"),
}


def pivot(report: dict, cuts: Sequence[int] | None = None) -> list[str]:
    """Cuts down, engines across: median ms alone, and the first engine's FPS end to end."""
    ways = list(dict.fromkeys((row["backend"], row["precision"]) for row in report["rows"]))
    rows = {(row["cut"], row["backend"], row["precision"]): row for row in report["rows"]}
    shown = [cut for cut in dict.fromkeys(key[0] for key in rows) if not cuts or cut in cuts]
    errors = [name for name in _ERRORS if any(name in row["error"] for row in report["rows"])]
    lines = heading(
        ["cut", *(_ERRORS[name][0] for name in errors)]
        + [f"{backend} {precision}, ms" for backend, precision in ways]
        + [f"{backend} {precision}, FPS end to end" for backend, precision in ways]
    )
    for cut in shown:
        found = [rows.get((cut, *way), {}) for way in ways]
        error = next(row["error"] for row in found if row)
        lines.append(
            line(
                [
                    cut,
                    *(
                        _ERRORS[name][1].format(error[name]) if name in error else ""
                        for name in errors
                    ),
                ]
                + [_cell(row.get("engine"), "p50_ms", "{:.1f}") for row in found]
                + [_cell(row.get("end_to_end"), "fps", "{:.1f}") for row in found]
            )
        )
    return lines


def engine_rows(report: dict) -> list[str]:
    """Every engine alone: percentiles, FPS, and the medians of the single rounds."""
    lines = heading(
        [
            *("cut", "engine", "MPJPE mm", "p50", "p90", "p95", "p99", "FPS"),
            *("medians of the rounds", "MB", "mm from FP32 (median)"),
        ]
    )
    for row in report["rows"]:
        alone = row.get("engine")
        if not alone:
            continue
        rounds = f"{min(alone['rounds_p50_ms']):.1f} to {max(alone['rounds_p50_ms']):.1f}"
        times = [f"{alone[f'p{p}_ms']:.1f}" for p in (50, 90, 95, 99)]
        parity = _cell(row.get("parity"), "mm_p50", "{:.2f}")
        lines.append(
            line(
                [
                    *(row["cut"], _way(row), _error(row), *times, f"{alone['fps']:.1f}", rounds),
                    *(f"{row['engine_bytes'] / 1e6:.1f}", parity),
                ]
            )
        )
    return lines


def whole_rows(report: dict) -> list[str]:
    """Every engine in the real loop: frames, FPS, a frame's percentiles, medians of the stages."""
    measured = [row for row in report["rows"] if row.get("end_to_end")]
    stages = list(dict.fromkeys(name for row in measured for name in row["end_to_end"]["stages"]))
    lines = heading(
        ["cut", "engine", "MPJPE mm", "offered", "processed", "dropped", "FPS"]
        + [f"frame p{p}, ms" for p in (50, 90, 95, 99)]
        + [f"{stage} p50" for stage in stages]
    )
    for row in measured:
        whole = row["end_to_end"]
        counts = [whole[f"frames_{name}"] for name in ("offered", "processed", "dropped")]
        times = [f"{whole['frame'][f'p{p}_ms']:.1f}" for p in (50, 90, 95, 99)]
        parts = [_cell(whole["stages"].get(stage), "p50_ms", "{:.2f}") for stage in stages]
        speed = [*counts, f"{whole['fps']:.1f}", *times, *parts]
        lines.append(line([row["cut"], _way(row), _error(row), *speed]))
    return lines


def accuracy_rows(report: dict) -> list[str]:
    """An accuracy report: what it is of, and a row a cut."""
    dataset, cuts = report["dataset"], report["cuts"]
    facts = {name: value for name, value in dataset.items() if name not in ("name", "protocol")}
    said = ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in facts.items())
    lines = [
        f"**{report['model']}** ({report['state']}, weights {report['weights_sha256'][:12]}), "
        f"{dataset['protocol']}. {said}.",
        "",
        *heading([name.replace("_", " ") for name in cuts[0]]),
    ]
    return lines + [line([_short(value) for value in row.values()]) for row in cuts]


def peer_rows(report: dict) -> list[str]:
    """Peers of the same run, a row a data set on which their error is known."""
    lines = heading(
        ["peer", "error on", "MPJPE mm", "ours there", "seen", "FPS end to end", "frame p50, ms"]
    )
    for peer in report["peers"]:
        whole, named = peer["end_to_end"], f"{peer['name']} {peer['version']}"
        speed = [f"{whole['fps']:.1f}", f"{whole['frame']['p50_ms']:.1f}"]
        if not peer["error"]:
            lines.append(line([named, "", "not measured", "", "", *speed]))
        for dataset, said in peer["error"].items():
            seen = f"{said['seen']} of {said['people']}"
            errors = [
                _cell(said, "mpjpe_mm", "{:.0f}"),
                _cell(said.get("ours"), "mpjpe_mm", "{:.0f}"),
            ]
            lines.append(line([named, dataset, *errors, seen, *speed]))
    return lines


def footprint_rows(report: dict) -> list[str]:
    """Memory, first pose and CPU time of those whose process was looked at; empty for none."""
    known = [row for row in (*report["rows"], *report.get("peers", [])) if row.get("footprint")]
    if not known:
        return []
    names = ["", "peak MB", "open after s", "first pose after that s", "CPU ms a frame"]
    lines = heading(names)
    for row in known:
        name = row.get("name") or f"cut {row['cut']}, {_way(row)}"
        one = row["footprint"]
        forms = (("peak_mb", "{:.0f}"), ("open_s", "{:.2f}"), ("first_pose_s", "{:.2f}"))
        cells = [_cell(one, *form) for form in (*forms, ("cpu_ms_per_frame", "{:.1f}"))]
        lines.append(line([name, *cells]))
    return lines


def energy_rows(report: dict) -> list[str]:
    """Millijoules of a call and of a frame by counter; empty where there was none."""
    known = [row for row in report["rows"] if (row.get("end_to_end") or {}).get("mj_per_frame")]
    if not known:
        return []
    lines = heading(["cut", "engine", "MPJPE mm", "counter", "mJ a call alone", "mJ a frame"])
    for row in known:
        calls = (row.get("engine") or {}).get("mj_per_call") or {}
        for meter, mj in row["end_to_end"]["mj_per_frame"].items():
            cells = [_cell(calls, meter, "{:.1f}"), f"{mj:.1f}"]
            lines.append(line([row["cut"], _way(row), _error(row), meter, *cells]))
    return lines


def _error(row: dict) -> str:
    value = counted_mm(row)
    return "not measured" if value is None else f"{value:.0f}"


def _way(row: dict) -> str:
    return f"{row['backend']} {row['precision']}"


def _cell(part: dict | None, name: str, form: str) -> str:
    return form.format(part[name]) if part and part.get(name) is not None else ""


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = str(value)
    return text[:12] if len(text) == 64 else text


def both_errors(row: dict | None) -> str:
    """MPJPE and PA-MPJPE of a picture, mm; None is one on which nobody was seen."""
    return "not seen" if row is None else f"{row['mpjpe_mm']:.0f} / {row['pa_mpjpe_mm']:.0f}"


def heading(names: Sequence[object]) -> list[str]:
    return [line(names), "|" + "---|" * len(names)]


def line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
