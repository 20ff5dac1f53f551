"""Errors of joint angles on rendered people, whose joints are known exactly.

    python benchmarks/angles_renders.py --records data/sequences --out angles-renders.json

Held-out sequences of captured motion as ``train-lift --render`` records them: people, clothes,
motion and backgrounds that no network was trained on, the crop given. The answers of a cut go
through the temporal lift frame by frame, as in a run; no filter comes after it. Both sides go
through the definitions of docs/angles.md. The records do not hold the vertical: trunk and pelvis
are measured against the camera's own, on both sides.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import machine, storage
from edge3dpose.kinematics.angles import DEFINITIONS, joint_angles
from edge3dpose.runtime.lift_features import ANSWERS, Observation, features, posed, turned
from edge3dpose.runtime.lift_network import first_state, open_lift
from edge3dpose.training.lift import observed

SCHEMA = "edge3dpose.angle_errors_renders/1"
COLUMNS = ("sspnet-lite/3", "sspnet-lite/7", "sspnet-lite/11")
NO_LIFT = "sspnet-lite/11"  # this one also as the network says it


def lifted(seen: Observation) -> NDArray[np.float64]:
    """(B, T, 17, 3) joints, each frame from those before it."""
    at, step = turned(seen), open_lift()
    inputs = features(seen, at)
    B, T = inputs.shape[:2]
    answer, state = np.empty((B, T, ANSWERS), np.float32), first_state(B)
    for frame in range(T):
        answer[:, frame], state = step(np.ascontiguousarray(inputs[:, frame]), state)
    return np.asarray(posed(answer, at)[0])


def unlifted(seen: Observation) -> NDArray[np.float64]:
    """(B, T, 17, 3) joints as the pose network gives them."""
    return np.asarray(posed(np.zeros((*seen.root_mm.shape, ANSWERS)), turned(seen))[0])


def errors(joints: NDArray, truth: NDArray) -> dict[str, dict[str, float]]:
    """Of joints (B, T, 17, 3): quantiles of the absolute error, and the median one, degrees."""
    found = [joint_angles(sequence) for sequence in joints]
    true = [joint_angles(sequence) for sequence in truth]
    rows = {}
    for angle in DEFINITIONS:
        pairs = zip(found, true, strict=True)
        off = np.concatenate(
            [mine[name] - real[name] for mine, real in pairs for name in angle.names]
        )
        off = (off[np.isfinite(off)] + 180) % 360 - 180
        rows[angle.name] = {
            "median_abs_deg": round(float(np.median(np.abs(off))), 1),
            "p90_abs_deg": round(float(np.quantile(np.abs(off), 0.9)), 1),
            "median_deg": round(float(np.median(off)), 1),
            "values": len(off),
        }
    return rows


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    files = sorted(given.records.glob("held-out-*.npz"))
    systems: dict[str, Any] = {}
    for column in COLUMNS:
        held = observed.timed(observed.read_records(files, column), None)
        truth = held.truth_mm - held.truth_mm[..., :1, :]
        systems[column] = errors(lifted(held.seen), truth)
        if column == NO_LIFT:
            systems[f"{column}, no lift"] = errors(unlifted(held.seen), truth)
    content = {
        "schema": SCHEMA,
        "machine": machine.describe(),
        "protocol": " ".join((__doc__ or "").split()),
        "frames": int(truth.shape[0] * truth.shape[1]),
        "sequences": len(truth),
        "systems": systems,
    }
    storage.save_json(given.out, content)
    print("| angle | " + " | ".join(systems) + " |\n|---|" + "---|" * len(systems))
    for angle in DEFINITIONS:
        row = [str(system[angle.name]["median_abs_deg"]) for system in systems.values()]
        print(f"| `{angle.name}` | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
