"""Sets the arms, legs and trunk of a pose by angles in degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.rotations import about, multiply
from edge3dpose.training.synthesis import rig

Pose = NDArray[np.float64]  # (22, 4) rotations w x y z, of each segment against its parent

SEG = {name: i for i, name in enumerate(rig.SEGMENTS)}
X, Y, Z = np.eye(3)
ARMS = {s: [SEG[s + part] for part in ("clav", "uarm", "farm", "hand")] for s in "lr"}
TRUNK = [SEG[name] for name in ("lowerback", "upperback", "thorax", "neck", "head")]


def arm(
    rng: np.random.Generator,
    local: Pose,
    side: str,
    towards: tuple[float, float, float] = (0, 0, 0),
) -> None:
    """An arm anywhere a shoulder reaches; ``towards`` pulls it (outwards, up, forward)."""
    out = 1.0 if side == "l" else -1.0
    while True:
        aim = rng.normal(size=3) + np.array(towards, float)
        aim /= np.linalg.norm(aim)
        behind, across = aim[2] < -0.45, aim[0] < -0.35
        if not behind and not (across and aim[2] < 0.5):
            break
    aim[0] *= out
    raise_ = max(0.0, float(aim[1])) * rng.uniform(0, 30)
    twist = about(X, rng.normal(0, 40))
    bend = min(150.0, abs(rng.normal(0, 65)))
    local[SEG[side + "clav"]] = about(Z, out * raise_)
    local[SEG[side + "uarm"]] = multiply(rotations.between(X * out, aim), twist)
    local[SEG[side + "farm"]] = multiply(about(Y, -out * bend), about(X, rng.normal(0, 30)))
    local[SEG[side + "hand"]] = multiply(about(Z, rng.normal(0, 25)), about(Y, rng.normal(0, 15)))


def leg(local: Pose, side: str, flex: float, spread: float, knee: float, turn: float) -> None:
    """Degrees: hip flexion forward, spread outwards, knee bend, thigh turned outwards."""
    out = 1.0 if side == "l" else -1.0
    swing = multiply(about(Z, out * spread), about(X, -flex))
    local[SEG[side + "thigh"]] = multiply(swing, about(Y, out * turn))
    local[SEG[side + "shin"]] = about(X, np.clip(knee, 0, 155))


def feet(rng: np.random.Generator, local: Pose, mean: float) -> None:
    """Ankles: degrees the toes point down."""
    for side in "lr":
        local[SEG[side + "foot"]] = about(X, rng.normal(mean, 12))
        local[SEG[side + "toe"]] = rotations.IDENTITY


def bend_trunk(rng: np.random.Generator, local: Pose, forward: float) -> None:
    """Spread over three segments of the back, with some side bend and turn."""
    side, turn = rng.normal(0, 12), rng.normal(0, 18)
    third = multiply(about(X, forward / 3), multiply(about(Z, side / 3), about(Y, turn / 3)))
    for part in ("lowerback", "upperback", "thorax"):
        local[SEG[part]] = third
    for part in ("neck", "head"):
        nod = about(X, rng.normal(-forward / 6, 12))
        local[SEG[part]] = multiply(nod, about(Y, rng.normal(0, 18)))
