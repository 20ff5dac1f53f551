"""Who is whose: the tracker of ``run`` beside kept libraries, on the same poses.

    edge3dpose run --source crowds/crowd-000.mp4 --jsonl poses/crowd-000.jsonl    # and the others
    pip install norfair trackers motmetrics
    python benchmarks/compare_trackers.py --root crowds/ --poses poses/ \\
        --report benchmarks/trackers.json

Poses that ``run`` wrote for rendered crowds lose their identities, and each library gives them new
ones by its own rules: ByteTrack, SORT and OC-SORT by the boxes of the joints, norfair
by the joints themselves. The poses stay, so misses and false people are alike for all; only
who is whose differs. Lost people wait for 2 s in all of them; other settings are the defaults.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from edge3dpose import machine, read_poses, storage
from edge3dpose.evaluation import crowd_matching
from edge3dpose.evaluation.crowd_figures import MatchedCrowd, figures
from edge3dpose.training.synthesis.crowd_files import CrowdTruth, read_crowds
from edge3dpose.types import Pose3D

SCHEMA = "edge3dpose.trackers/1"
FAR_SIDES = 0.3  # of a box's height: norfair's distance of joints that can be the same person's
PATH = click.Path(path_type=Path)

Frames = list[list[Pose3D]]
Track = Callable[[Frames, float], Frames]


@click.command()
@click.option("--root", type=PATH, required=True, help="Crowds of edge3dpose render-crowds.")
@click.option("--poses", type=PATH, required=True, help="NAME.jsonl of each, as run wrote it.")
@click.option("--report", type=PATH, required=True)
def main(root: Path, poses: Path, report: Path) -> None:
    """Write IDF1, switches and identities of every tracker."""
    crowds = [(truth, _people(poses / f"{truth.name}.jsonl", truth)) for truth in read_crowds(root)]
    rows = []
    for name, track in TRACKERS.items():
        row = {"tracker": name, **_figures(crowds, track)}
        click.echo("  ".join(f"{key} {value}" for key, value in row.items()))
        rows.append(row)
    versions = {
        name: importlib.metadata.version(name) for name in ("norfair", "supervision", "trackers")
    }
    rows = [{k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()} for r in rows]
    content = {"machine": machine.describe(), "versions": versions, "rows": rows}
    storage.save_json(report, {"schema": SCHEMA, **content})


def _people(path: Path, truth: CrowdTruth) -> Frames:
    found: Frames = [[] for _ in truth.hidden]
    for frame in read_poses(path):
        found[frame.index] = frame.people
    return found


def _figures(crowds: list[tuple[CrowdTruth, Frames]], track: Track) -> dict[str, Any]:
    matched = [
        MatchedCrowd(crowd_matching.match(truth, track(found, truth.fps)), truth.hidden, truth.fps)
        for truth, found in crowds
    ]
    all_of = figures(matched)
    kept = ("idf1", "mota", "switches", "identities", "missed")
    return {key: all_of[key] for key in kept if key in all_of}


def _boxes(people: list[Pose3D]) -> np.ndarray:
    """(N, 4) corners about the joints, px."""
    if not people:
        return np.zeros((0, 4), np.float32)
    pixels = np.stack([pose.pixels for pose in people])
    return np.concatenate([pixels.min(1), pixels.max(1)], axis=1).astype(np.float32)


def _ours(found: Frames, fps: float) -> Frames:
    return found


def _norfair(found: Frames, fps: float) -> Frames:
    import norfair

    def apart(detection: Any, track: Any) -> float:
        height = np.ptp(detection.points[:, 1]) + 1e-6
        away = np.linalg.norm(detection.points - track.estimate, axis=1)
        return float(away.mean() / height)

    tracker = norfair.Tracker(
        apart, FAR_SIDES, hit_counter_max=round(2 * fps), initialization_delay=2
    )
    named: Frames = []
    for people in found:
        seen = [norfair.Detection(np.asarray(p.pixels, float), data=p) for p in people]
        tracks = tracker.update(detections=seen)
        ids = {id(one.last_detection): one.id for one in tracks}
        named.append([_named(one.data, ids[id(one)]) for one in seen if id(one) in ids])
    return named


def _of_trackers(name: str) -> Track:
    def track(found: Frames, fps: float) -> Frames:
        import trackers

        tracker = getattr(trackers, name)(frame_rate=fps, lost_track_buffer=60)
        return _by_boxes(found, tracker.update)

    return track


def _by_boxes(found: Frames, update: Callable[[Any], Any]) -> Frames:
    import supervision

    named: Frames = []
    for people in found:
        seen = supervision.Detections(
            xyxy=_boxes(people),
            confidence=np.array([np.mean(p.score) for p in people], np.float32),
            class_id=np.zeros(len(people), int),
            data={"row": np.arange(len(people))},
        )
        out = update(seen)
        ids = out.tracker_id if out.tracker_id is not None else []
        rows = out.data.get("row", [])
        named.append(
            [_named(people[int(r)], int(n)) for r, n in zip(rows, ids, strict=True) if n >= 0]
        )
    return named


def _named(pose: Pose3D, track_id: int) -> Pose3D:
    return replace(pose, track_id=track_id)


def _each() -> Iterator[tuple[str, Track]]:
    yield "run's own", _ours
    yield "norfair, by joints", _norfair
    for name in ("ByteTrackTracker", "SORTTracker", "OCSORTTracker"):
        yield f"trackers {name}", _of_trackers(name)


TRACKERS = dict(_each())

if __name__ == "__main__":
    main()
