"""Ablation of the temporal lift: what each part of it is worth, on renders and on real clips.

    python benchmarks/lift_ablation.py --records data/sequences --root MOCAP_CLIPS \\
        --lift "shipped=runs/lift/lift.safetensors" --lift "motion=runs/motion/lift.safetensors" \\
        --report benchmarks/ablation-temporal-lift.json

The first --lift is tried in several ways: without the pose network's depths, mixed half and half,
and with a memory of 1, 9, 27 and 81 frames. Nothing else of the pipeline runs after it: no
smoothing, no steady bones. Held-out sequences are those of --records; real clips as of
evaluate --dataset mocap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import erf, sqrt
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

import edge3dpose
from edge3dpose import machine, storage
from edge3dpose.evaluation import motion_errors, recordings
from edge3dpose.evaluation.motion_metrics import sampled
from edge3dpose.metrics import pa_mpjpe
from edge3dpose.runtime.filters.temporal_lift import observation
from edge3dpose.runtime.lift_features import ANSWERS, Observation, features, posed, turned
from edge3dpose.skeletons import H36M17
from edge3dpose.training.lift import loop, observed, session
from edge3dpose.training.lift.net import LiftNet

SCHEMA = "edge3dpose.lift-ablation/1"
WINDOWS = (1, 9, 27, 81)
_PATH = click.Path(exists=True, path_type=Path)

Way = Callable[[Observation], NDArray]  # (B, T) seen -> (B, T, 17, 3) joints, mm


@click.command()
@click.option("--records", type=_PATH, required=True, help="Folder of recorded sequences.")
@click.option("--root", type=_PATH, required=True, help="Folder of real clips with their truth.")
@click.option("--lift", "lifts", multiple=True, required=True, help="NAME=FILE; repeatable.")
@click.option("--column", default="sspnet-lite/7", show_default=True, help="Model and cut.")
@click.option("--plot", type=click.Path(path_type=Path), help="Reliability of the first, as PNG.")
@click.option("--report", type=click.Path(path_type=Path), required=True)
def main(**options: Any) -> None:
    """Write the figures of every way of lifting."""
    records, root, column, report = (options[n] for n in ("records", "root", "column", "report"))
    lifts = options["lifts"]
    nets = {name: loop.load(Path(file)) for name, file in (one.split("=", 1) for one in lifts)}
    held = observed.read_records(records.glob("held-out-*.npz"), column)
    held = observed.timed(held, None)
    clips = list(_clips(root, column))
    rows = []
    for name, way in _ways(nets):
        row = {"way": name, **_on_renders(way, held), **_on_clips(way, clips)}
        click.echo("  ".join(f"{key} {value}" for key, value in row.items()))
        rows.append(row)
    content = {
        "machine": machine.describe(),
        "column": column,
        "held_out_frames": int(held.truth_mm.shape[0] * held.truth_mm.shape[1]),
        "clips": [recording.name for recording, _, _ in clips],
        "rows": rows,
    }
    storage.save_json(report, {"schema": SCHEMA, **content})
    if options["plot"]:
        _plot(next(iter(nets.values())), held, clips, options["plot"])


def _ways(nets: dict[str, LiftNet]) -> Iterator[tuple[str, Way]]:
    yield "no lift", lambda seen: posed(np.zeros((*seen.root_mm.shape, ANSWERS)), turned(seen))[0]
    for name, net in nets.items():
        yield name, lambda seen, net=net: _lifted(net, seen)
    name, net = next(iter(nets.items()))
    yield f"{name}, without the network's depths", lambda seen: _lifted(net, _blind(seen))
    yield f"{name}, the mean of both depths", lambda seen: _mean(net, seen)
    for window in WINDOWS:
        yield f"{name}, {window} frames", lambda seen, window=window: _windowed(net, seen, window)


def _lifted(net: LiftNet, seen: Observation) -> NDArray:
    at = turned(seen)
    with torch.no_grad():
        return posed(net(torch.from_numpy(features(seen, at))).numpy(), at)[0]


def _blind(seen: Observation) -> Observation:
    return replace(seen, depth_mm=seen.depth_mm * 0, has_depth=seen.has_depth * 0)


def _mean(net: LiftNet, seen: Observation) -> NDArray:
    """The network's pose with the mean of its depths and of those that the lift finds alone."""
    at, turn = turned(seen), turned(seen).turn
    alone = (_lifted(net, _blind(seen)) @ np.swapaxes(turn, -1, -2))[..., 2]
    deep = (at.deep_mm + alone) / 2
    across = at.flat_mm * (1 + deep / at.far_mm[..., None])[..., None]
    joints = np.concatenate([across, deep[..., None]], -1) @ turn
    return joints - joints[..., :1, :]


def _windowed(net: LiftNet, seen: Observation, window: int) -> NDArray:
    """Each frame from the last so many, and nothing before them."""
    at = turned(seen)
    inputs = features(seen, at)
    B, T = inputs.shape[:2]
    answer = np.empty((B, T, ANSWERS), np.float32)
    first = features(replace(seen, step_s=seen.step_s * 0), at)
    for frame in range(T):
        start = max(0, frame - window + 1)
        some = inputs[:, start : frame + 1].copy()
        some[:, 0] = first[:, start]
        with torch.no_grad():
            answer[:, frame] = net(torch.from_numpy(some))[:, -1].numpy()
    return posed(answer, at)[0]


def _on_renders(way: Way, held: observed.Sequences) -> dict[str, float]:
    joints = way(held.seen)
    truth = held.truth_mm - held.truth_mm[..., :1, :]
    error = joints - truth
    speed = np.linalg.norm(np.diff(error, axis=1), axis=-1) * held.fps[:, None, None]
    pa = [pa_mpjpe(a, b) for a, b in zip(joints[:, ::6], truth[:, ::6], strict=True)]
    return {
        "renders_mpjpe_mm": round(float(np.linalg.norm(error, axis=-1).mean()), 1),
        "renders_pa_mpjpe_mm": round(float(np.mean(pa)), 1),
        "renders_velocity_error_mm_s": round(float(speed.mean())),
    }


def _clips(root: Path, column: str) -> Iterator[tuple[Any, NDArray, Observation]]:
    """Every clip with the times of its frames and what the pose network says in them."""
    model, cut = column.split("/")
    for recording in recordings.find("mocap").open_recordings(root):
        plain = {"lift": "none", "smooth": False, "filter_options": {"steady_bones": False}}
        with edge3dpose.PoseEstimator(model, cut=int(cut), precision="fp32", **plain) as pose:
            found = [
                (frame.time_s, max(people, key=lambda one: one.box.x1 - one.box.x0))
                for frame, people in pose.stream(recording.video)
                if people
            ]
        times = np.array([time_s for time_s, _ in found])
        steps = np.diff(times, prepend=times[0]).astype(np.float32)
        seen = observation([person for _, person in found], steps, assumed=True)
        names = seen.__dataclass_fields__
        yield recording, times, Observation(*(getattr(seen, name)[None] for name in names))


def _on_clips(way: Way, clips: list[tuple[Any, NDArray, Observation]]) -> dict[str, float]:
    row = {}
    for recording, times, seen in clips:
        rows = [H36M17.index(name) for name in recording.names]
        motion = recordings.Motion(times, way(seen)[0][:, rows].astype(float))
        offset_s = motion_errors.best_offset_s(motion, recording.truth)
        found = motion_errors.figures(motion_errors.Found(motion), recording, offset_s)
        for figure in ("pa_mpjpe_mm", "one_rotation_mm", "velocity_error_mm_s"):
            row[f"{recording.name}_{figure}"] = round(found[figure], 1)
    return row


def _plot(net: LiftNet, held: observed.Sequences, clips: list, out: Path) -> None:
    """How many errors lie within so many deviations, and how many should."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    error, std = session.errors(net, held)
    ratios = {"rendered, held out": error[:, :, 1:] / std[:, :, 1:]}
    for recording, times, seen in clips:
        at = turned(seen)
        with torch.no_grad():
            joints, _, std = posed(net(torch.from_numpy(features(seen, at))).numpy(), at)
        rows = [H36M17.index(name) for name in recording.names]
        spread = np.sqrt(std**2 @ at.turn**2)[0][:, rows].astype(float)
        motion = recordings.Motion(times, joints[0][:, rows].astype(float))
        offset_s = motion_errors.best_offset_s(motion, recording.truth)
        true = sampled(recording.truth.joints_mm, recording.truth.time_s, times + offset_s)
        found = motion_errors.Found(motion, std_mm=spread)
        ratios[f"real clip {recording.name}"] = motion_errors.deviations(
            found, true, recording.names
        )
    figure = Figure(figsize=(5.5, 5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    counts = np.linspace(0, 3, 61)
    wanted = np.array([erf(count / sqrt(2)) for count in counts])
    axes.plot(wanted, wanted, "k--", label="as told")
    for name, ratio in ratios.items():
        known = ratio[np.isfinite(ratio)]
        axes.plot(wanted, [(known < count).mean() for count in counts], label=name)
    axes.set_xlabel("share of the errors that std_mm promises")
    axes.set_ylabel("share that was found")
    axes.legend()
    axes.grid(alpha=0.3)
    with storage.writing(out) as temporary:
        figure.savefig(temporary, format="png")


if __name__ == "__main__":
    main()
