"""How many of the joints near the frame's border lie beyond it: of rendered crowds.

    edge3dpose run --source crowds/crowd-000.mp4 --jsonl poses/crowd-000.jsonl    # and the others
    python benchmarks/border.py --root crowds/ --poses poses/ --report benchmarks/border.json

The table of ``edge3dpose/runtime/filters/outside.py`` comes from it. Of each joint that was found:
how far into the frame it was put, in sides of the ROI, and whether it truly lies in the frame. The
crowds are counted in two halves, so that one can be held against the other. The scores of the poses
files must not have been lowered yet: ``run`` of a commit before the table was added, or the rows
``scores`` then say how well the lowered ones do.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from edge3dpose import machine, read_poses, storage
from edge3dpose.evaluation import crowd_matching
from edge3dpose.training.synthesis.crowd_files import CrowdTruth, read_crowds

SCHEMA = "edge3dpose.border/1"
EDGES = (0, 0.01, 0.02, 0.03, 0.045, 0.07, 0.1, 0.15, 0.25)
SCORES = (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)
PATH = click.Path(path_type=Path)


@click.command()
@click.option("--root", type=PATH, required=True, help="Crowds of edge3dpose render-crowds.")
@click.option("--poses", type=PATH, required=True, help="NAME.jsonl of each, as run wrote it.")
@click.option("--report", type=PATH, required=True)
def main(root: Path, poses: Path, report: Path) -> None:
    """Write the shares."""
    crowds = [_joints(truth, poses / f"{truth.name}.jsonl") for truth in read_crowds(root)]
    halves = {"even": crowds[::2], "odd": crowds[1::2], "all": crowds}
    content = {name: _row(np.concatenate(half)) for name, half in halves.items()}
    for name, row in content.items():
        click.echo(f"{name}: {row}")
    storage.save_json(report, {"schema": SCHEMA, "machine": machine.describe(), **content})


def _joints(truth: CrowdTruth, file: Path) -> NDArray:
    """(N, 4) of each joint found: is inside, was told outside, sides from the border, score."""
    found: list[list] = [[] for _ in truth.hidden]
    for frame in read_poses(file):
        found[frame.index] = frame.people
    matched = crowd_matching.match(truth, found)
    size, rows = np.array(truth.size, float), []
    for frame_index, people in enumerate(found):
        by_id = {pose.track_id: pose for pose in people}
        for person, track_id in enumerate(matched.track_id[frame_index]):
            pose = by_id.get(track_id)
            if pose is None or pose.box is None:
                continue
            true = truth.pixels[frame_index, person]
            inside = ((true >= 0) & (true < size)).all(-1)
            told = np.zeros(len(true), bool) if pose.outside is None else pose.outside
            away_px = np.minimum(pose.pixels, size - pose.pixels).min(-1)
            sides = away_px / max(pose.box.x1 - pose.box.x0, 1.0)
            rows.append(np.stack([inside, told, sides, pose.score], -1))
    return np.concatenate(rows)


def _row(joints: NDArray) -> dict[str, Any]:
    inside, told, sides, score = joints.T
    shares, scores = [], []
    for low, high in pairwise(EDGES):
        there = (told == 0) & (sides >= low) & (sides < high)
        share = float(inside[there].mean())
        shares.append({"sides": [low, high], "joints": int(there.sum()), "inside": round(share, 3)})
    for low, high in pairwise(SCORES):
        there = (score >= low) & (score < high)
        share = float(inside[there].mean()) if there.any() else None
        scores.append(
            {"score": [low, high], "joints": int(there.sum()), "inside": share and round(share, 3)}
        )
    beyond = inside == 0
    return {
        "outside": int(beyond.sum()),
        "told": round(float(told[beyond].mean()), 3),
        "outside_with_score_over_half": round(float((score[beyond] >= 0.5).mean()), 3),
        "border": shares,
        "scores": scores,
    }


if __name__ == "__main__":
    main()
