"""How cost grows: FPS, median and 99th percentile, CPU time and memory, end to end, against
frame size, people, cameras, cut and precision, each with the slope of its median.

    python benchmarks/growth.py --report benchmarks/growth-NAME.json --plot docs/growth.png
    python benchmarks/growth.py --axis size --axis decode --report benchmarks/growth-sizes-NAME.json

Every row is `edge3dpose`'s pipeline in a process of its own, on the bundled clip's person. Sizes
are the clip enlarged and encoded as H.264; people are a mosaic in memory; cameras are so many
processes at once; live is people from a source that drops what is not taken in time; decode is the
files of size read by FFmpeg, with nobody who looks at them.
Rounds go through all rows in turn, so that a slow minute is shared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import av
import click
import cv2
import numpy as np

import edge3dpose
from edge3dpose import machine, storage
from edge3dpose.bench.mosaic import Mosaic, make_mosaic
from edge3dpose.reports.growth_rows import GrowthReport, GrowthRow, Slope
from edge3dpose.reports.rows import new_header, save
from edge3dpose.runtime.sources import open_source

MODEL = "sspnet-lite"
AXES = ("size", "people", "live", "cameras", "cut", "decode", "precision")
FRAMES = 90
HEIGHTS = (480, 720, 1080, 2160)
PEOPLE = (1, 2, 5, 10)
CAMERAS = (1, 2, 4)
CUTS = (1, 3, 7, 11, 17, 24)
PRECISIONS = ("fp32", "int8")
USUAL: dict[str, Any] = {"cut": 7, "precision": "fp32", "people": 0, "video": "", "processes": 1}
PROTOCOL = (
    f"{FRAMES} frames end to end, finder and filters among them, the first 10 not counted in the "
    "percentiles; median over the rounds; OpenVINO, its own choice of threads; no output"
)


def tasks(folder: Path) -> list[tuple[str, str, float, dict]]:
    """(axis, label, value on the axis, what to run) of every row."""
    found: list[tuple[str, str, float, dict]] = []
    for height in HEIGHTS:
        file, width = folder / f"{height}.mp4", 2 * round(height * 8 / 9)
        video(file, (width, height))
        about = {"video": str(file)}
        found.append(("size", f"{width}x{height}", width * height / 1e6, about))
        decoded = about | {"decode": True}
        found.append(("decode", f"{width}x{height}", width * height / 1e6, decoded))
    found += [("people", str(n), n, {"people": n}) for n in PEOPLE]
    found += [("live", str(n), n, {"people": n, "live": True}) for n in (1, 5)]
    found += [("cameras", str(n), n, {"processes": n}) for n in CAMERAS]
    found += [("cut", str(n), n, {"cut": n}) for n in CUTS]
    found += [("precision", name, n, {"precision": name}) for n, name in enumerate(PRECISIONS)]
    return found


def video(file: Path, size: tuple[int, int]) -> None:
    """The bundled clip in the middle of a frame of that size."""
    with closing(open_source("sample")) as source, av.open(str(file), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        images = [frame.image for frame in source]
        for n in range(FRAMES):
            image = images[n % len(images)]
            scale = min(size[0] / image.shape[1], size[1] / image.shape[0])
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
            canvas = np.full((size[1], size[0], 3), 90, np.uint8)
            left = (size[0] - image.shape[1]) // 2
            canvas[: image.shape[0], left : left + image.shape[1]] = image
            for packet in stream.encode(av.VideoFrame.from_ndarray(canvas, format="bgr24")):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)


def measure(what: dict, engines: str) -> None:
    """One process: run, and print what it came to."""
    source: Any = what["video"] or None
    if source is None:
        images = make_mosaic(max(1, what["people"]), lambda: open_source("sample"))
        source = Mosaic(images, 3 * FRAMES if what.get("live") else FRAMES)
        source.live = bool(what.get("live"))  # as fast as frames are taken
    if what.get("decode"):
        print(json.dumps(reading(source)))
        return
    options = {"cut": what["cut"], "precision": what["precision"], "backend": "openvino"}
    times: list[float] = []
    with edge3dpose.PoseEstimator(MODEL, **options, engines=engines) as pose:
        start, cpu = perf_counter(), process_time()
        pose.run(source, outputs={}, on_frame=lambda frame, people: times.append(perf_counter()))
        elapsed, cpu = perf_counter() - start, process_time() - cpu
    print(json.dumps(figures(times, elapsed, cpu)))


def reading(file: str) -> dict[str, float]:
    """The figures of decoding alone."""
    times: list[float] = []
    start, cpu = perf_counter(), process_time()
    with closing(open_source(file)) as source:
        source.lazy = True  # no frame becomes BGR but the small ones and the first
        for _ in source:
            times.append(perf_counter())
    return figures(times, perf_counter() - start, process_time() - cpu)


def figures(times: list[float], elapsed: float, cpu: float) -> dict[str, float]:
    """What a run came to, by the times at which its frames were done."""
    ms = np.diff(times)[10:] * 1000
    p50, p99 = np.percentile(ms, [50, 99])
    found = {
        "fps": len(times) / elapsed,
        "cpu_ms": cpu / len(times) * 1000,
        "peak_mb": machine.peak_mb() or 0.0,
    }
    return found | {"p50_ms": float(p50), "p99_ms": float(p99)}


def once(what: dict, engines: Path) -> dict[str, float]:
    """The figures of one row in one round; the mean over its processes."""
    words = [sys.executable, __file__, "--one", json.dumps(USUAL | what), "--engines", str(engines)]
    running = [
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range((USUAL | what)["processes"])
    ]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise click.ClickException(f"{what} failed")
    rows = [json.loads(text.splitlines()[-1]) for text in said]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def slope(axis: str, rows: list[GrowthRow]) -> Slope:
    """Least squares through the figures of an axis."""
    here = [row for row in rows if row.axis == axis]
    x = [row.value for row in here]
    each, at_zero = np.polyfit(x, [row.p50_ms for row in here], 1)
    later, more = (
        np.polyfit(x, figures, 1)[0]
        for figures in ([row.p99_ms for row in here], [row.peak_mb for row in here])
    )
    return Slope(
        axis=axis,
        each_ms=round(float(each), 2),
        at_zero_ms=round(float(at_zero), 2),
        p99_each_ms=round(float(later), 2),
        peak_each_mb=round(float(more), 2),
    )


def draw(report: GrowthReport, file: Path) -> None:
    """A panel for each axis: median and 99th percentile against the value."""
    import matplotlib.figure

    lines = [line for line in report.slopes if line.axis not in ("decode", "live")]
    names = {"size": "frame, megapixels", "people": "people", "cameras": "processes", "cut": "cut"}
    figure = matplotlib.figure.Figure(figsize=(10, 6), layout="constrained")
    for axes, line in zip(figure.subplots(2, 2).flat, lines, strict=True):
        rows = [row for row in report.rows if row.axis == line.axis]
        x = np.array([row.value for row in rows])
        axes.plot(x, [row.p99_ms for row in rows], "o--", color="0.6", label="99th percentile")
        axes.plot(x, [row.p50_ms for row in rows], "o", color="C0", label="median")
        axes.plot(x, line.at_zero_ms + line.each_ms * x, color="C0", lw=1)
        axes.set(xlabel=names[line.axis], ylabel="ms a frame", ylim=(0, None))
        axes.set_title(f"{line.at_zero_ms:.1f} ms + {line.each_ms:.1f} ms each", fontsize=10)
        axes.legend(fontsize=8)
    with storage.writing(file) as temporary:
        figure.savefig(temporary, format="png", dpi=100)


@click.command()
@click.option("--report", type=click.Path(path_type=Path))
@click.option("--plot", type=click.Path(path_type=Path))
@click.option("--rounds", default=3, show_default=True)
@click.option("--engines", type=click.Path(path_type=Path), help="Folder of built engines.")
@click.option("--axis", "axes", multiple=True, type=click.Choice(AXES), help="Only these; no plot.")
@click.option("--one", hidden=True)
def main(
    report: Path | None,
    plot: Path | None,
    rounds: int,
    engines: Path | None,
    axes: tuple[str, ...],
    one: str | None,
) -> None:
    """Measure every row in turn and write the report."""
    if one:
        measure(json.loads(one), str(engines))
        return
    if report is None:
        raise click.UsageError("--report FILE is missing")
    if axes and plot:
        raise click.UsageError("--plot draws all axes: leave --axis away")
    header = new_header(GrowthReport)
    with tempfile.TemporaryDirectory() as temporary:
        engines = engines or Path(temporary)
        todo = [task for task in tasks(Path(temporary)) if task[0] in (axes or AXES)]
        for _, _, _, what in todo:  # builds the engines
            once(what | {"processes": 1}, engines)
        found = [[once(what, engines) for _, _, _, what in todo] for _ in range(rounds)]
    rows = []
    for n, (axis, label, value, _) in enumerate(todo):
        values = {k: round(float(np.median([r[n][k] for r in found])), 2) for k in found[0][n]}
        rows.append(GrowthRow(axis=axis, label=label, value=round(value, 3), **values))
    made = GrowthReport(
        header=header,
        protocol=PROTOCOL,
        model=MODEL,
        rounds=rounds,
        rows=tuple(rows),
        slopes=tuple(slope(axis, rows) for axis in AXES[:5] if any(r.axis == axis for r in rows)),
        load_average_after=machine.load_average(),
    )
    save(made, report)
    if plot:
        draw(made, plot)
    for row in rows:
        shown = f"{row.fps:6.1f} FPS {row.p50_ms:6.1f} ms {row.p99_ms:6.1f}"
        print(f"{row.axis:10} {row.label:10} {shown}")


if __name__ == "__main__":
    main()
