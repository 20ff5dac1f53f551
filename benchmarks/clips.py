"""Real clips in which the people were counted by eye: identities, duplicates, ghosts, jitter.

    python benchmarks/clips.py --root VIDEOS --report benchmarks/clips.json

The clips may not be passed on; those that are missing are left out. A report of the same commit and
pipeline keeps its other clips. Per clip:

identities      track ids that were given
people_a_frame  skeletons a frame, and at most so many (most)
too_many        frames with more skeletons than there are people at a time
duplicates      frames in which the boxes of two skeletons' joints overlap by half: where people do
                not stand behind each other, a second skeleton on one person
in_empty        frames with a skeleton though the picture is empty
entries         people who come in, head and shoulders seen; found_last_s until the last was found,
                found_soon the share of those found within 0.3 s
frozen_mm       one frame again and again at 30 FPS: the farthest that a joint (of the hips' frame)
                is from its mean over the last 2 of 6 seconds, the mean of all joints and people
noisy_mm        the same with Gaussian noise of 6 levels, new in every frame
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from edge3dpose import PoseEstimator
from edge3dpose.errors import BadInput
from edge3dpose.reports import crowds, rows
from edge3dpose.reports.columns import wide_console
from edge3dpose.reports.crowd_rows import ClipRow, ClipsReport
from edge3dpose.reports.rows import new_header
from edge3dpose.runtime.sources import open_source
from edge3dpose.runtime.tracking.similarity import iou
from edge3dpose.types import Frame, Pose3D

SOON_S = 0.3
OVERLAP = 0.5  # IoU of the joints' boxes of two skeletons
STILL_FPS, STILL_S, SETTLE_S = 30.0, 6.0, 4.0  # the lift looks back over seconds
NOISE = 6.0  # standard deviation, of 255
PATH = click.Path(path_type=Path)


@dataclass(frozen=True)
class Clip:
    """What was seen in a clip by eye. Frames count from 0.

    people   different ones, and how many at most at a time
    entries  frames in which somebody's head and shoulders have come in
    empty    first and last frames of pieces without anybody
    still    the frame that is shown again and again
    """

    file: str
    people: int
    at_a_time: int
    entries: tuple[int, ...] = ()
    empty: tuple[tuple[int, int], ...] = ()
    still: int = 0


CLIPS = (
    Clip("p2s_multi_cam01.mp4", 3, 3, still=0),
    Clip("p2s_multi_cam02.mp4", 3, 3, still=0),
    Clip(
        "intel_one_by_one.mp4",
        people=6,
        at_a_time=1,
        entries=(65, 231, 507, 750, 926, 1239),
        empty=((0, 59), (203, 226), (453, 501), (701, 743), (872, 920), (1203, 1233), (1365, 1393)),
        still=300,
    ),
    Clip("sports2d_demo.mp4", 2, 2, still=50),
    Clip("intel_preview_worker-zone-detection.gif", 1, 1, entries=(0,), still=60),
    Clip("tfjs_pose_squats.mp4", 1, 1, still=30),
)
Seen = list[tuple[Frame, list[Pose3D]]]


@click.command()
@click.option("--root", type=PATH, required=True, help="Folder of the clips.")
@click.option("--clip", "only", multiple=True, help="Only clips with this in their name.")
@click.option("--detector", help="As of run.  [default: that of run]")
@click.option("--precision", default="fp32", show_default=True)
@click.option("--report", type=PATH, required=True)
def main(
    root: Path, only: tuple[str, ...], detector: str | None, precision: str, report: Path
) -> None:
    """Run every clip and its frozen picture; print and write the figures."""
    chosen = [clip for clip in CLIPS if not only or any(part in clip.file for part in only)]
    there = [clip for clip in chosen if (root / clip.file).is_file()]
    if not there:
        raise BadInput(f"{root} has none of {', '.join(clip.file for clip in chosen)}")
    options: dict[str, Any] = {"precision": precision}
    if detector is not None:
        options["detector"] = detector
    with PoseEstimator(**options) as pose:
        found = [_row(pose, root, clip) for clip in there]
        with closing(open_source(str(root / there[0].file))) as source:
            facts = pose.options.header(pose.config, source)
        written = ClipsReport(
            header=new_header(ClipsReport),
            model=pose.config.spec.name,
            weights_sha256=pose.config.weights.sha256,
            protocol="see benchmarks/clips.py",
            pipeline={k: v for k, v in facts.items() if k not in ("source", "live")},
            rows=tuple(found),
        )
    written = _with_others(written, report)
    crowds.clips_table(written).print_to(wide_console())
    rows.save(written, report)


def _with_others(new: ClipsReport, file: Path) -> ClipsReport:
    """Also the clips of an older report of the same commit and pipeline."""
    if not file.is_file():
        return new
    old = rows.load(ClipsReport, file)
    same = (new.header.commit, new.weights_sha256, new.pipeline)
    if (old.header.commit, old.weights_sha256, old.pipeline) != same:
        return new
    found = {row.name: row for row in (*old.rows, *new.rows)}
    order = [Path(clip.file).stem for clip in CLIPS]
    return replace(new, rows=tuple(found[name] for name in order if name in found))


def _row(pose: PoseEstimator, root: Path, clip: Clip) -> ClipRow:
    with closing(open_source(str(root / clip.file))) as source:
        seen = list(pose.stream(source))
        fps = source.fps
    fps = fps or (len(seen) - 1) / (seen[-1][0].time_s - seen[0][0].time_s)
    return ClipRow(
        name=Path(clip.file).stem,
        frames=len(seen),
        fps=round(fps, 3),
        people=clip.people,
        figures={
            key: None if value is None else round(float(value), 3)
            for key, value in {
                **counts(seen, clip),
                **entries(seen, clip),
                "frozen_mm": swing_mm(pose, seen[clip.still][0], 0.0),
                "noisy_mm": swing_mm(pose, seen[clip.still][0], NOISE),
            }.items()
        },
    )


def counts(seen: Seen, clip: Clip) -> dict[str, float]:
    """Identities, people a frame, and frames with a skeleton too many."""
    many = np.array([len(people) for _, people in seen])
    empty = [n for first, last in clip.empty for n in range(first, last + 1)]
    return {
        "identities": len({one.track_id for _, people in seen for one in people}),
        "people_a_frame": float(many.mean()),
        "most": int(many.max()),
        "too_many": int((many > clip.at_a_time).sum()),
        "duplicates": sum(_overlap(people) for _, people in seen),
        **({"in_empty": int((many[empty] > 0).sum())} if empty else {}),
    }


def entries(seen: Seen, clip: Clip) -> dict[str, float | None]:
    """How long people were in the picture before they were found; the next one ends the wait."""
    if not clip.entries:
        return {}
    waits = []
    for first, after in zip(clip.entries, (*clip.entries[1:], len(seen)), strict=True):
        found = [frame.time_s for frame, people in seen[first:after] if people]
        waits.append(found[0] - seen[first][0].time_s if found else np.inf)
    last = max(waits)
    return {
        "entries": len(waits),
        "found_last_s": last if np.isfinite(last) else None,
        "found_soon": float(np.mean(np.array(waits) <= SOON_S + 1e-6)),
    }


def swing_mm(pose: PoseEstimator, frame: Frame, noise: float) -> float | None:
    """How far joints swing where nothing moves; None where nobody is followed to the end."""
    ways: dict[int | None, list[np.ndarray]] = {}
    count = 0
    for shown, people in pose.stream(_still(frame, noise)):
        if shown.time_s < SETTLE_S:
            continue
        count += 1
        for one in people:
            ways.setdefault(one.track_id, []).append(one.joints_mm)
    whole = [np.stack(way) for way in ways.values() if len(way) == count]
    if not whole:
        return None
    away = [np.linalg.norm(way - way.mean(0), axis=-1).max(0).mean() for way in whole]
    return float(np.mean(away))


def _still(frame: Frame, noise: float) -> Iterator[Frame]:
    rng = np.random.default_rng(0)
    grain = rng.standard_normal(frame.image.shape, np.float32) * np.float32(noise)
    for n in range(round(STILL_S * STILL_FPS)):
        image = frame.image
        if noise:  # the same grain elsewhere: to draw it anew would take longer than the poses
            here = np.roll(grain, tuple(rng.integers(0, grain.shape[:2])), (0, 1))
            image = np.clip(image + here, 0, 255).astype(np.uint8)
        yield Frame(image, n, n / STILL_FPS)


def _overlap(people: list[Pose3D]) -> bool:
    corners = [np.concatenate([one.pixels.min(0), one.pixels.max(0)]) for one in people]
    boxes = np.array(corners).reshape(-1, 4)
    return bool(np.triu(iou(boxes, boxes) >= OVERLAP, 1).any())


if __name__ == "__main__":
    main()
