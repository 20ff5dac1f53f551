"""The distribution of the renders' poses and cameras, in numbers and as histograms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import storage
from edge3dpose.skeletons import H36M17
from edge3dpose.training.synthesis.assets import Split
from edge3dpose.training.synthesis.camera import OVERHEAD_DEG
from edge3dpose.training.synthesis.synthesizer import RenderSettings, Synthesizer

UP = np.array([0.0, 1.0, 0.0])  # of the world that bodies are posed in
FACTS = {
    "torso_tilt_deg": "torso from upright, degrees",
    "knee_deg": "knee, degrees (180 is straight)",
    "elbow_deg": "elbow, degrees (180 is straight)",
    "elevation_deg": "camera above the person, degrees",
}


def facts(people: Synthesizer, seeds: range) -> dict[str, NDArray[np.float64]]:
    """Each fact's values over the people of those seeds; two a person for knees and elbows."""
    found: dict[str, list[float]] = {name: [] for name in FACTS}
    for seed in seeds:
        camera, body = people.posed(seed)
        joints = dict(zip(H36M17.joints, body.joints_m, strict=True))
        found["torso_tilt_deg"].append(_angle(joints["thorax"] - joints["pelvis"], UP))
        for side in ("left", "right"):
            for fact, chain in (
                ("knee_deg", ("hip", "knee", "ankle")),
                ("elbow_deg", ("shoulder", "elbow", "wrist")),
            ):
                above, middle, below = (joints[f"{side}_{name}"] for name in chain)
                found[fact].append(_angle(above - middle, below - middle))
        found["elevation_deg"].append(camera.elevation_deg)
    return {name: np.array(values) for name, values in found.items()}


def plot(
    assets: Path, count: int, out: Path, settings: RenderSettings, split: Split = "train"
) -> None:
    """Histograms of ``count`` people as PNG: widened poses, and the captured ones beside them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    panels = dict(zip(FACTS, figure.subplots(2, 2).ravel(), strict=True))
    for widen, style in ((True, {"alpha": 0.6}), (False, {"histtype": "step", "color": "k"})):
        people = Synthesizer(assets, split, settings=replace(settings, widen=widen))
        found = facts(people, range(count))
        for name, values in found.items():
            low, high = (-20, OVERHEAD_DEG[1]) if name == "elevation_deg" else (0, 180)
            label = "widened" if widen else "as captured"
            panels[name].hist(
                values, bins=36, range=(low, high), density=True, label=label, **style
            )
    for name, axes in panels.items():
        axes.set_xlabel(FACTS[name])
        axes.set_yticks([])
        axes.legend()
    figure.suptitle(f"{count} rendered people")
    with storage.writing(out) as temporary:
        figure.savefig(temporary, format="png")


def _angle(a: NDArray, b: NDArray) -> float:
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
