"""What an association of joints across people could mend: joints that lie on somebody else.

    edge3dpose run --source crowds/crowd-000.mp4 --jsonl poses/crowd-000.jsonl    # and the others
    python benchmarks/joints_of_others.py --root crowds/ --poses poses/ \\
        --report benchmarks/joints-of-others.json

CrowdPose (Li et al., CVPR 2019, section 3) assigns candidates of joints from every person's crop to
people anew. It can mend a joint that was put on the same joint of another person. Of people who are
found, by how much of them is hidden, this counts the joints that are wrong, and of those the ones
that lie on another person's: no association can mend more. "On" is within 5 % of the body height.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from edge3dpose import machine, read_poses, storage
from edge3dpose.evaluation import crowd_matching
from edge3dpose.training.synthesis.crowd_files import CrowdTruth, read_crowds

SCHEMA = "edge3dpose.joints-of-others/1"
ON, WRONG = 0.05, 0.10  # of the body height
HIDDEN = (0.0, 0.25, 0.5, 0.75)
PATH = click.Path(path_type=Path)


@click.command()
@click.option("--root", type=PATH, required=True, help="Crowds of edge3dpose render-crowds.")
@click.option("--poses", type=PATH, required=True, help="NAME.jsonl of each, as run wrote it.")
@click.option("--report", type=PATH, required=True)
def main(root: Path, poses: Path, report: Path) -> None:
    """Write the shares."""
    crowds = [_joints(truth, poses / f"{truth.name}.jsonl") for truth in read_crowds(root)]
    hidden, wrong, others = np.concatenate(crowds).T
    rows = []
    for low, high in itertools.pairwise(HIDDEN):
        there = (hidden >= low) & (hidden < high)
        row = {
            "hidden": [low, high],
            "joints": int(there.sum()),
            "wrong": round(float(wrong[there].mean()), 4),
            "on_another_person": round(float(others[there].mean()), 4),
        }
        click.echo(str(row))
        rows.append(row)
    storage.save_json(report, {"schema": SCHEMA, "machine": machine.describe(), "rows": rows})


def _joints(truth: CrowdTruth, file: Path) -> NDArray:
    """(N, 3) of each joint of those found: hidden share of the person, wrong, on another."""
    found: list[list] = [[] for _ in truth.hidden]
    for frame in read_poses(file):
        found[frame.index] = frame.people
    matched = crowd_matching.match(truth, found)
    rows = []
    for index, people in enumerate(found):
        by_id = {pose.track_id: pose for pose in people}
        heights = crowd_matching.ADULT_MM * truth.camera.focal_px[1]
        heights_px = heights / truth.joints_mm[index, :, 0, 2].astype(float)
        for person, track_id in enumerate(matched.track_id[index]):
            pose = by_id.get(track_id)
            if pose is None:
                continue
            away = np.linalg.norm(truth.pixels[index].astype(float) - pose.pixels, axis=-1)
            away /= heights_px[person]
            rest = np.delete(away, person, axis=0)
            wrong = away[person] > WRONG
            on_other = wrong & (rest < ON).any(0) if len(rest) else wrong & False
            hidden = np.full(len(wrong), truth.hidden[index, person])
            rows.append(np.stack([hidden, wrong, on_other], -1))
    return np.concatenate(rows)


if __name__ == "__main__":
    main()
