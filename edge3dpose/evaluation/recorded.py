"""Recordings of real people -> errors of each cut's whole pipeline, and of other systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import paths
from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import motion_errors, recording_peers, recordings
from edge3dpose.evaluation.motion_errors import Found, best_offset_s
from edge3dpose.evaluation.motion_metrics import sampled
from edge3dpose.evaluation.progress import tracked
from edge3dpose.evaluation.recordings import Motion, Recording
from edge3dpose.metrics import Floats
from edge3dpose.pose import PoseEstimator
from edge3dpose.reports.recording_rows import ANSWER, OURS, PEER, TRUTH, RecordingRow, SystemRow
from edge3dpose.runtime.sources import open_source
from edge3dpose.skeletons import H36M17, has_h36m17
from edge3dpose.types import Frame, Pose3D, Progress

_OF_ONE_CLIP = ("source", "live", "cut", "camera")  # of a run's header


@dataclass(frozen=True, slots=True)
class Pipelines:
    """Which pipelines are measured: one a cut, as ``run`` would have it with these options.

    options  of PoseEstimator, besides cut and camera
    """

    cuts: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def open(self, cut: int, recording: Recording, progress: Progress | None) -> PoseEstimator:
        """The pipeline of a cut, which knows the recording's camera where that is calibrated."""
        return PoseEstimator(
            cut=cut, camera=recording.camera, progress=progress, **dict(self.options)
        )


def recorded_errors(
    pipelines: Pipelines,
    dataset: str,
    root: Path,
    peers: Sequence[Path] = (),
    progress: Progress | None = None,
) -> tuple[dict[str, Any], list[SystemRow]]:
    """Facts of the data set, and a row a system: our cuts, the peers, the files' own answers.

    dataset  a format of evaluation.recordings
    peers    MediaPipe's pose_landmark_*.tflite
    """
    form = recordings.find(dataset)
    opened = form.open_recordings(root)
    networks = {file.stem: recording_peers.Peer(file) for file in peers}
    if len(networks) < len(peers):
        raise BadInput("two models of peers have the same name; rename one of the files")
    by_system: dict[tuple[str, str], list[RecordingRow]] = {}

    def score(kind: str, name: str, recording: Recording, found: Found) -> float:
        offset_s = recording.offset_s
        if offset_s is None:
            offset_s = best_offset_s(found.motion, recording.truth)
        figures = motion_errors.figures(found, recording, offset_s)
        row = RecordingRow(name=recording.name, offset_s=offset_s, figures=dict(figures))
        by_system.setdefault((kind, name), []).append(row)
        return offset_s

    headers = []
    for recording in opened:
        for cut in pipelines.cuts:
            with pipelines.open(cut, recording, progress) as pose:
                found = _ours(pose, recording, progress)
                headers.append(_header(pose, recording))
            offset_s = score(OURS, f"cut {cut}", recording, found)
        time_s = found.motion.time_s
        for name, network in networks.items():
            score(PEER, name, recording, Found(network.motion(recording, progress)))
        for key, answer in recording.answers.items():
            own = Found(motion_errors.at_frames(answer, time_s), axes="own")
            score(ANSWER, key, recording, own)
        true = motion_errors.at_frames(recording.truth, time_s, offset_s)
        figures = motion_errors.own_figures(true, recording.names)
        row = RecordingRow(name=recording.name, offset_s=None, figures=dict(figures))
        by_system.setdefault((TRUTH, TRUTH), []).append(row)
    facts = {
        "name": dataset,
        "protocol": form.PROTOCOL,
        "recordings": [one.name for one in opened],
        "videos_sha256": {one.name: paths.sha256_of(one.video) for one in opened},
        "pipeline": headers[0],
        "peers_protocol": recording_peers.PROTOCOL if peers else None,
    }
    return facts, _systems(by_system, pipelines, networks)


def _systems(
    by_system: Mapping[tuple[str, str], list[RecordingRow]],
    pipelines: Pipelines,
    networks: Mapping[str, recording_peers.Peer],
) -> list[SystemRow]:
    cuts = {f"cut {cut}": cut for cut in pipelines.cuts}
    order = (OURS, PEER, ANSWER, TRUTH)
    return [
        SystemRow(
            name=name,
            kind=kind,
            cut=cuts[name] if kind == OURS else None,
            sha256=networks[name].sha256 if kind == PEER else None,
            recordings=tuple(rows),
        )
        for (kind, name), rows in sorted(by_system.items(), key=lambda one: order.index(one[0][0]))
    ]


def _ours(pose: PoseEstimator, recording: Recording, progress: Progress | None) -> Found:
    """The motion by the whole pipeline, in the camera's axes, as far from it as it says."""
    spec = pose.config.spec
    if not spec.has_depth or not has_h36m17(spec.skeleton):
        raise BadInput(f"{spec.name} has no 3D joints of {H36M17.name}; --dataset clip is 2D")
    of = [H36M17.index(name) for name in recording.names]
    times, joints, stds = [], [], []
    unknown = np.full((len(of), 3), np.nan)
    for frame, people in _frames(pose, recording, progress):
        person = _person([one.in_h36m17() for one in people], frame, recording)
        times.append(frame.time_s)
        if person is None or person.root_mm is None:
            joints.append(unknown)
            stds.append(unknown)
        else:
            joints.append(person.root_mm.astype(np.float64) + person.joints_mm[of])
            stds.append(unknown if person.std_mm is None else person.std_mm[of].astype(float))
    if len(times) < 2:
        raise BadInput(f"{recording.video} has {len(times)} frames, wanted two or more")
    std = None if np.isnan(stds).all() else np.array(stds)
    return Found(Motion(np.array(times), np.array(joints)), absolute=True, std_mm=std)


def _frames(
    pose: PoseEstimator, recording: Recording, progress: Progress | None
) -> Iterator[tuple[Frame, list[Pose3D]]]:
    with ExitStack() as stack:
        source = stack.enter_context(closing(open_source(recording.video)))
        frames = pose.stream(source)
        what = f"{recording.name}, cut {pose.config.cut}"
        yield from tracked(frames, what, source.frames, progress)


def _person(people: list[Pose3D], frame: Frame, recording: Recording) -> Pose3D | None:
    """Of the people in a frame the one who was measured.

    With a calibrated camera the one who lies nearest to the true joints in the picture, if within
    the size of the true person; else the one with the largest ROI.
    """
    if not people:
        return None
    true_px = _true_pixels(frame.time_s, recording)
    if true_px is None:
        return max(people, key=_roi_side_px)
    of = [people[0].skeleton.index(name) for name in recording.names]

    def away_px(pose: Pose3D) -> float:
        return float(np.nanmean(np.linalg.norm(pose.pixels[of] - true_px, axis=-1)))

    nearest = min(people, key=away_px)
    size_px = np.linalg.norm(np.nanmax(true_px, axis=0) - np.nanmin(true_px, axis=0))
    return nearest if away_px(nearest) <= size_px else None


def _true_pixels(time_s: float, recording: Recording) -> Floats | None:
    """The true joints in the picture, (J, 2) or None where nobody knows."""
    if recording.camera is None:
        return None
    at_s = np.array([time_s + (recording.offset_s or 0.0)])
    true = sampled(recording.truth.joints_mm, recording.truth.time_s, at_s)[0]
    if not np.isfinite(true).all(axis=-1).any():
        return None
    return project(np.where(true[:, 2:] > 0, true, np.nan), recording.camera)


def _roi_side_px(pose: Pose3D) -> float:
    return 0.0 if pose.box is None else pose.box.x1 - pose.box.x0


def _header(pose: PoseEstimator, recording: Recording) -> dict[str, Any]:
    """What a poses file would say of the pipeline, without what differs between clips and cuts."""
    with closing(open_source(recording.video)) as source:
        header = pose.options.header(pose.config, source)
    return {name: value for name, value in header.items() if name not in _OF_ONE_CLIP}
