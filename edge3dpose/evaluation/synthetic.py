"""Held-out synthetic people with exact joints, for every cut to be scored on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import paths
from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.evaluation.predictions import Person
from edge3dpose.types import Camera, ModelSpec

PROTOCOL = (
    "held-out synthetic people; joints inside the crop; crop camera and true root depth given; "
    "pelvis aligned; not a Human3.6M figure"
)


def rendered(
    spec: ModelSpec,
    root: str | None,
    people: int,
    first_seed: int,
    motion: str,
    *,
    overhead: bool = False,
) -> tuple[dict[str, Any], Iterator[Person]]:
    """Facts of the data set, and its people."""
    assets = Path(root) if root else paths.home() / "data" / "synthetic.npz"
    if not assets.is_file():
        raise BadInput(
            f"no baked people at {assets}; make them: edge3dpose train --prepare --data DIR, "
            "or pass --root FILE.npz"
        )
    facts = {
        "name": ("synthetic" if motion == "wide" else "synthetic-mocap") + "-overhead" * overhead,
        "protocol": PROTOCOL + "; seen from 50 to 85 degrees above" * overhead,
        "assets_sha256": paths.sha256_of(assets),
        "split": "held-out",
        "motion": motion,
        "seeds": [first_seed, first_seed + people],
    }
    drawn = {"widen": motion == "wide", "overhead": float(overhead)}
    return facts, _people(assets, spec, range(first_seed, first_seed + people), drawn)


def _people(assets: Path, spec: ModelSpec, seeds: range, drawn: dict[str, Any]) -> Iterator[Person]:
    from edge3dpose.training.synthesis.synthesizer import RenderSettings, Synthesizer

    renders = Synthesizer(assets, "held-out", spec.input_size, RenderSettings(**drawn))
    try:
        for seed in seeds:
            yield _person(renders.sample(seed), spec)
    finally:
        renders.close()


def _person(sample: Any, spec: ModelSpec) -> Person:
    camera = Camera((sample.focal_px, sample.focal_px), sample.centre_px)
    joints = sample.joints_mm
    seen = project(joints, camera)[sample.inside]
    names = spec.skeleton.joints
    trunk = joints[names.index("thorax")] - joints[names.index("pelvis")]
    upright = -float(trunk @ sample.down / np.linalg.norm(trunk))
    facts = {
        "height_px": float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0,
        "elevation_deg": float(sample.elevation_deg),
        "hidden_share": 1 - float(sample.visible.sum() / max(sample.inside.sum(), 1)),
        "torso_tilt_deg": float(np.degrees(np.arccos(np.clip(upright, -1, 1)))),
    }
    return Person(sample.image, camera, sample.root_depth_mm, joints, sample.inside, facts)
