"""Crowds: who is matched with whom, identities and ghosts counted by hand, entries."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("motmetrics", reason="the crowds extra is not installed")

from edge3dpose import paths
from edge3dpose.errors import BadInput
from edge3dpose.evaluation.crowd_figures import MatchedCrowd, by_hidden, entries_s, figures
from edge3dpose.evaluation.crowd_matching import match, oks
from edge3dpose.evaluation.crowds import evaluate_crowds
from edge3dpose.pose import PoseEstimator
from edge3dpose.records import from_json, to_json
from edge3dpose.reports import crowds as tables
from edge3dpose.reports.crowd_rows import CrowdRow, CrowdsReport
from edge3dpose.training.synthesis.crowd_files import CrowdTruth, read_crowds
from edge3dpose.types import Camera, Pose3D

FPS = 10.0
CAMERA = Camera((1000.0, 1000.0), (640.0, 360.0))
BODY_MM = np.stack([
    100 * np.array([0, -1, -1, -1, 1, 1, 1, 0, 0, 0, 0, 2, 3, 3, -2, -3, -3]),
    100 * np.array([0, 0, 4, 8, 0, 4, 8, -2, -5, -6, -8, -5, -3, 0, -5, -3, 0]),
    np.zeros(17),
], 1).astype(np.float32)  # fmt: skip


def crowd(frames: int, xs_mm: tuple[float, ...]) -> CrowdTruth:
    """People who stand 4 m away at these places, nothing hidden."""
    at = np.array([[x, 0.0, 4000.0] for x in xs_mm], np.float32)
    joints = np.tile(BODY_MM + at[:, None], (frames, 1, 1, 1))
    pixels = joints[..., :2] / joints[..., 2:] * 1000 + np.array([640, 360], np.float32)
    shape = joints.shape[:2]
    return CrowdTruth(
        video=Path("crowd-000.mp4"),
        fps=FPS,
        camera=CAMERA,
        joints_mm=joints,
        pixels=pixels.astype(np.float32),
        visible=np.ones(joints.shape[:3], bool),
        hidden=np.zeros(shape, np.float32),
        boxes=np.zeros((*shape, 4), np.float32),
    )


def skeleton(truth: CrowdTruth, person: int, track_id: int, shift_px: float = 0.0) -> Pose3D:
    """A person's true pose of the first frame."""
    joints = truth.joints_mm[0, person]
    return Pose3D(
        joints - joints[:1],
        truth.pixels[0, person] + np.float32([shift_px, 0]),
        np.ones(17, np.float32),
        track_id=track_id,
    )


def upside_down(pose: Pose3D) -> Pose3D:
    """The same place with the head where the feet are."""
    middle = (pose.pixels.min(0) + pose.pixels.max(0)) / 2
    return replace(pose, pixels=2 * middle - pose.pixels, track_id=99)


def test_a_crowd_counted_by_hand():
    truth = crowd(10, (-1000, 1000))
    # ten frames: both found; in the sixth they exchange identities, in the last a ghost appears
    before = [skeleton(truth, 0, 1), skeleton(truth, 1, 2)]
    after = [skeleton(truth, 0, 2), skeleton(truth, 1, 1)]
    ghost = skeleton(truth, 0, 3, shift_px=700)
    missed = [skeleton(truth, 1, 1)]
    found = [before] * 5 + [after] * 3 + [missed, [*after, ghost]]
    matched = match(truth, found)
    got = figures([MatchedCrowd(matched, truth.hidden, FPS)])
    # 20 people over the frames, 1 missed, 1 false, 2 switches
    assert got["mota"] == pytest.approx(1 - (1 + 1 + 2) / 20)
    assert (got["switches"], got["identities"]) == (2, 3)
    assert got["missed"] == pytest.approx(1 / 20)
    assert got["false_a_frame"] == pytest.approx(1 / 10)
    # person 0 is track 1 for 5 frames, person 1 track 2 for 5: 10 true of 20 people, 20 skeletons
    assert got["idf1"] == pytest.approx(2 * 10 / (20 + 20))
    assert got["ghosts_a_minute"] == pytest.approx(1 / (10 / FPS / 60))
    assert got["duplicates_a_minute"] == 0
    assert got["mpjpe_mm"] == pytest.approx(0, abs=1e-3)
    assert got["pa_mpjpe_mm"] == pytest.approx(0, abs=1e-3)


def test_a_reversed_skeleton_is_a_duplicate_and_one_ghost_while_it_stays():
    truth = crowd(6, (0,))
    one = skeleton(truth, 0, 1)
    found = [[one], [one, upside_down(one)], [one, upside_down(one)], [one], [one], [one]]
    matched = match(truth, found)
    assert [(ghost.frame, ghost.duplicate) for ghost in matched.false] == [(1, True), (2, True)]
    got = figures([MatchedCrowd(matched, truth.hidden, FPS)])
    assert got["ghosts_a_minute"] == got["duplicates_a_minute"] == pytest.approx(100)
    assert (matched.track_id == 1).all()


def test_a_reversed_skeleton_alone_finds_nobody():
    truth = crowd(1, (0,))
    matched = match(truth, [[upside_down(skeleton(truth, 0, 1))]])
    assert matched.track_id.tolist() == [[-1]]
    assert not matched.false[0].duplicate


def test_the_similarity_is_one_on_the_truth_and_falls_with_distance():
    truth = crowd(1, (-1000, 1000))
    near, far = skeleton(truth, 0, 1, shift_px=5), skeleton(truth, 0, 2, shift_px=40)
    similar = oks(truth, 0, [skeleton(truth, 0, 0), near, far])
    assert similar[0, 0] == pytest.approx(1)
    assert 1 > similar[0, 1] > 0.9 > similar[0, 2] > 0
    assert similar[1].max() < 1e-3
    # by hand: 40 px of a wrist at 4 m, where 1.7 m are 425 px
    wrist = np.exp(-(40**2) / (2 * 0.175 * 425**2 * (2 * 0.062) ** 2))
    assert similar[0, 2] > wrist


def test_people_who_are_hidden_need_not_be_found_and_may_be():
    truth = crowd(4, (-1000, 1000))
    truth.hidden[:2, 1] = 0.9
    both = [skeleton(truth, 0, 1), skeleton(truth, 1, 2)]
    matched = match(truth, [both, both[:1], both, both])
    assert matched.counts["num_objects"] == 6
    assert matched.counts["num_misses"] == 0
    assert matched.false == []
    assert matched.track_id[:, 1].tolist() == [-1, -1, 2, 2]


def test_how_soon_people_are_found():
    truth = crowd(60, (0, 1000))
    truth.hidden[:20, 1] = 1.0  # comes in at 2 s, is found 0.4 s later
    truth.hidden[40:, 1] = 1.0  # and leaves
    truth.hidden[50:, 1] = 0.2  # comes back at 5 s, is never found
    truth.hidden[22, 1] = 0.7  # somebody passes: no new entry
    found = [
        [skeleton(truth, 0, 1), *([skeleton(truth, 1, 2)] if 24 <= frame < 40 else [])]
        for frame in range(60)
    ]
    sequence = MatchedCrowd(match(truth, found), truth.hidden, FPS)
    assert entries_s(sequence) == [pytest.approx(0.4), np.inf]
    got = figures([sequence])
    assert (got["entries"], got["found_soon"], got["found_90_s"]) == (2, 0.0, None)
    assert got["found_s"] == pytest.approx(0.4)


def test_who_looks_in_for_a_moment_has_not_come_in():
    truth = crowd(20, (0,))
    truth.hidden[:] = 1.0
    truth.hidden[10:13] = 0.3
    assert entries_s(MatchedCrowd(match(truth, [[]] * 20), truth.hidden, FPS)) == []


def test_errors_by_what_is_hidden():
    truth = crowd(4, (0,))
    truth.hidden[:, 0] = [0.1, 0.3, 0.6, 0.8]
    one = skeleton(truth, 0, 1)
    worse = replace(one, joints_mm=one.joints_mm * np.float32(1.1))
    rows = by_hidden([MatchedCrowd(match(truth, [[one], [worse], [], []]), truth.hidden, FPS)])
    assert [row.people for row in rows] == [1, 1, 1]
    assert [row.found for row in rows] == [1.0, 1.0, 0.0]
    assert rows[0].mpjpe_mm == pytest.approx(0, abs=1e-2)
    assert rows[1].mpjpe_mm == pytest.approx(0.1 * np.linalg.norm(BODY_MM, axis=1).mean(), abs=0.02)
    assert rows[1].pa_mpjpe_mm == pytest.approx(0, abs=1e-2)  # a size is no error there
    assert rows[2].mpjpe_mm is None


def test_a_video_of_another_length_is_refused():
    truth = crowd(3, (0,))
    with pytest.raises(BadInput, match="2 frames, its truth 3"):
        match(truth, [[], []])


def test_a_row_is_read_as_it_was_written_and_shown():
    truth = crowd(3, (0,))
    sequence = MatchedCrowd(match(truth, [[], [], []]), truth.hidden, FPS)
    row = CrowdRow(
        name="a", people=1, frames=3, by_hidden=by_hidden([sequence]), figures=figures([sequence])
    )
    assert from_json(CrowdRow, to_json(row), "test") == row
    assert "100.0%" in tables.identities_table([row]).markdown  # missed
    assert "0% to 25%" in tables.hidden_table([row]).markdown


def test_a_folder_without_crowds_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="render-crowds"):
        read_crowds(tmp_path)
    (tmp_path / "crowd-000.npz").write_bytes(b"nothing")
    with pytest.raises(BadInput, match="not a readable crowd"):
        read_crowds(tmp_path)


def written(video, focal_px=1000.0):
    """A crowd's video in which nobody is seen, and its truth."""
    truth = crowd(4, (0,))
    out = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (1280, 720))
    for _ in range(4):  # nobody is in the picture: all are missed
        out.write(np.full((720, 1280, 3), 90, np.uint8))
    out.release()
    names = ("joints_mm", "pixels", "visible", "hidden", "boxes")
    np.savez(
        video.with_suffix(".npz"),
        schema="edge3dpose.crowd/1",
        video_sha256=paths.sha256_of(video),
        fps=FPS,
        focal_px=focal_px,
        centre_px=(640.0, 360.0),
        **{name: getattr(truth, name) for name in names},
    )


def test_a_pipeline_runs_over_a_folder_of_crowds(tmp_path):
    written(tmp_path / "crowd-000.mp4")
    report = evaluate_crowds(tmp_path, {"precision": "fp32"})
    assert [row.name for row in report.rows] == ["crowd-000"]
    assert report.overall.figures["missed"] == 1.0
    assert report.overall.figures["mpjpe_mm"] is None
    assert report.pipeline["precision"] == "fp32"
    assert from_json(CrowdsReport, to_json(report), "test") == report


def test_one_estimator_sees_each_crowd_through_its_own_camera(tmp_path, monkeypatch):
    for n, focal_px in enumerate((900.0, 1300.0)):
        written(tmp_path / f"crowd-00{n}.mp4", focal_px)
    opened, seen = [], []

    class Watched(PoseEstimator):
        def __init__(self, **options):
            opened.append(super().__init__(**options))

        def stream(self, source, **options):
            for frame, people in super().stream(source, **options):
                seen.append(frame.camera.focal_px[0])
                yield frame, people

    monkeypatch.setattr("edge3dpose.evaluation.crowds.PoseEstimator", Watched)
    report = evaluate_crowds(tmp_path, {"precision": "fp32"})
    assert [row.name for row in report.rows] == ["crowd-000", "crowd-001"]
    assert len(opened) == 1
    assert seen == [900.0] * 4 + [1300.0] * 4
