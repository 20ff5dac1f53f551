"""Joint angles, repetitions and gait in words and as plots."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge3dpose import storage
from edge3dpose.errors import MissingDependency
from edge3dpose.kinematics.analysis import JointAngles
from edge3dpose.kinematics.angles import DEFINITIONS, SIDES
from edge3dpose.kinematics.gait import Gait
from edge3dpose.kinematics.repetitions import Counter


def angles_text(found: JointAngles) -> str:
    """A line an angle: smallest, median and largest, degrees."""
    lines = [f"{'angle':26}{'least':>7}{'median':>8}{'most':>7}  degrees"]
    for name, values in found.degrees.items():
        if not np.isfinite(values).any():
            lines.append(f"{name:26}{'-':>7}{'-':>8}{'-':>7}")
            continue
        # 0.0 after it: no -0
        least, median, most = np.nanquantile(values, [0, 0.5, 1]).round() + 0.0
        lines.append(f"{name:26}{least:7.0f}{median:8.0f}{most:7.0f}")
    return "\n".join([*lines, found.floor.text])


def counter_text(counter: Counter) -> str:
    """The repetitions in a line."""
    times = ", ".join(f"{time_s:.1f}" for time_s in counter.ends_s)
    begun = "; one has begun and is not complete" if counter.begun else ""
    complete = f", complete at {times} s" if times else ""
    return f"{counter.rule.name}: {counter.count}{complete}{begun}"


def gait_text(gait: Gait) -> str:
    """The gait as a table, with its limits."""

    def row(what: str, of: dict[str, float], unit: str, digits: int, factor: float = 1.0) -> str:
        left, right = (f"{factor * of[side]:.{digits}f}" for side in SIDES)
        return f"{what:20}{left:>8}{right:>8}  {unit:8}{100 * gait.asymmetry(of):>6.0f} %"

    return "\n".join(
        [
            f"steps {gait.steps}, cadence {gait.cadence:.0f} steps/min, "
            f"speed {gait.speed_m_s:.2f} m/s",
            f"{'':20}{'left':>8}{'right':>8}  {'':8}{'asymmetry':>8}",
            row("step length", gait.step_mm, "m", 2, 1e-3),
            row("step time", gait.step_s, "s", 2),
            row("stance", gait.stance, "% stride", 0, 100),
            "contacts are taken from the ankles' places against the pelvis, without the feet: "
            "step times are good to about a frame or two, stance reads a few % off",
        ]
    )


def plot_angles(found: JointAngles, raw: JointAngles, path: Path) -> None:
    """Every angle over time, raw against filtered. MissingDependency without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependency('plots need matplotlib; pip install "edge3dpose[plot]"') from None
    rows = (len(DEFINITIONS) + 2) // 3
    figure = Figure(figsize=(13, 2.4 * rows), layout="constrained")
    axes = figure.subplots(rows, 3, squeeze=False).ravel()
    for axis, angle in zip(axes, DEFINITIONS, strict=False):
        for name, colour in zip(angle.names, ("tab:red", "tab:blue"), strict=False):
            label = name.split("_")[0] if angle.sided else "filtered"
            axis.plot(raw.time_s, raw[name], color=colour, alpha=0.35, linewidth=0.8)
            axis.plot(found.time_s, found[name], color=colour, linewidth=1.4, label=label)
        axis.set_title(f"{angle.name.replace('_', ' ')}: + {angle.positive}", fontsize=9)
        axis.grid(alpha=0.3)
        axis.tick_params(labelsize=7)
        axis.legend(fontsize=7, loc="upper right")
    for axis in axes[len(DEFINITIONS) :]:
        axis.set_visible(False)
    figure.supxlabel("time, s (pale: as it was read; bold: filtered)", fontsize=9)
    figure.supylabel("degrees", fontsize=9)
    with storage.writing(path) as temporary:
        figure.savefig(temporary, dpi=110)
