"""Recordings of people with true motion: read, run through the real pipeline, scored, reported."""

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import edge3dpose
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import evaluate as library
from edge3dpose.evaluation import recordings
from edge3dpose.evaluation.recording_peers import Smoother
from edge3dpose.reports import recordings as tables
from edge3dpose.reports import rows
from edge3dpose.reports.accuracy_rows import AccuracyReport
from edge3dpose.runtime.sources import sample

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
OPENCAP = SHARED / "data" / "truth" / "opencap"
FULL = SHARED / "data" / "models" / "pose_landmark_full.tflite"

NAMES = tuple(name for name in edge3dpose.H36M17.joints if name.split("_")[0] in ("left", "right"))
OF = [edge3dpose.H36M17.index(name) for name in NAMES]
CAMERA = edge3dpose.Camera((600.5, 601.5), (181.0, 322.0), (0.05, -0.02, 0.001, 0.0, 0.0))
LATE_S = 0.06


def turn(seed):
    """Any rotation."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """The person of the sample in 40 frames of half the size."""
    file = tmp_path_factory.mktemp("videos") / "person.mp4"
    capture = cv2.VideoCapture(str(sample.FILE))
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), 25, (360, 640))
    for _ in range(40):
        writer.write(cv2.resize(capture.read()[1], (360, 640)))
    writer.release()
    return file


@pytest.fixture(scope="module")
def motion(video, engines):
    """What run says of it at cut 1: (F,) s and (F, 12, 3) mm from the camera."""
    with edge3dpose.PoseEstimator(cut=1, precision="fp32", engines=engines, camera=CAMERA) as pose:
        seen = [(frame.time_s, people[0]) for frame, people in pose.stream(video)]
    joints = [person.root_mm + person.joints_mm[OF] for _, person in seen]
    return np.array([time_s for time_s, _ in seen]), np.array(joints, np.float64)


def copied(video, folder, name="person.mp4"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(video.read_bytes())
    return folder


def clips(folder, video, motion, **more):
    """A folder of one clip, whose truth is our own motion in other axes and a little late."""
    time_s, joints = motion
    truth = {"time_s": time_s + LATE_S, "joints_mm": joints @ turn(1).T, "names": np.array(NAMES)}
    np.savez(copied(video, folder) / "person.npz", **(truth | more))
    return folder


def views(folder, video, motion, **more):
    """Two views of one truth: the second camera is said to stand 200 mm farther away."""
    time_s, joints = motion
    world, away = turn(2), np.array([100.0, -50, 900])
    matrix = np.array([[600.5, 0, 180.5], [0, 601.5, 321.5], [0, 0, 1]])  # OpenCV's centre
    content = {
        "time_s": time_s + LATE_S,
        "joints_mm": (joints - away) @ world,
        "names": np.array(NAMES),
        "videos": np.array(["person.mp4", "again.mp4"]),
        "K": np.array([matrix, matrix]),
        "distortion": np.array([CAMERA.distortion] * 2),
        "R": np.array([world, world]),
        "t_mm": np.array([away, away + np.array([0, 0, 200.0])]),
        "time_offset_s": np.array([LATE_S, LATE_S]),
    }
    copied(video, folder, "again.mp4")
    np.savez(copied(video, folder) / "truth.npz", **(content | more))
    return folder / "truth.npz"


def evaluate(dataset, root, engines, **more):
    return edge3dpose.evaluate(dataset=dataset, root=root, cut=1, engines=engines, **more)


def figures(report, system, recording="person"):
    (found,) = [one for one in report.recordings if one.name == system]
    return next(one.figures for one in found.recordings if one.name == recording)


def test_a_clip_runs_through_the_pipeline_that_run_has(video, motion, engines, tmp_path):
    time_s, joints = motion
    theirs = {
        "other_time_s": np.arange(0, 170) / 100,
        "other_joints_mm": np.repeat(joints[:1], 170, 0),  # who stands still
    }
    report = evaluate("mocap", clips(tmp_path / "clips", video, motion, **theirs), engines)
    assert report.dataset.name == "mocap"
    assert report.dataset.facts["pipeline"]["smoothing"] is not None  # as run does by itself
    (ours,) = [one for one in report.recordings if one.kind == "ours"]
    (row,) = ours.recordings
    assert row.offset_s == pytest.approx(LATE_S, abs=0.005)
    # the camera is not known here, the truth was made with it: 56 degrees of view, not 60
    assert row.figures["pa_mpjpe_mm"] < 12
    assert row.figures["one_rotation_mm"] < 20
    assert row.figures["missed"] == 0
    assert report.cuts[0].figures == row.figures
    still = figures(report, "other")
    assert still["pa_mpjpe_mm"] > row.figures["pa_mpjpe_mm"]
    assert still["acceleration_m_s2"] == pytest.approx(0, abs=1e-6)
    assert figures(report, "truth").keys() == {"bone_wobble", "acceleration_m_s2"}

    rows.save(report, tmp_path / "report.json")
    assert rows.load(AccuracyReport, tmp_path / "report.json") == report
    shown = tables.tables(report)
    assert [table.title for table in shown] == ["person"]
    assert [row[0] for row in shown[0].rows] == ["cut 1", "other (its own answer)",
                                                 "the true motion"]  # fmt: skip


def test_filters_can_be_turned_off(video, motion, engines, tmp_path):
    folder = clips(tmp_path / "clips", video, motion)
    raw = evaluate("mocap", folder, engines, filter_options={"smooth": False})
    assert raw.dataset.facts["pipeline"]["smoothing"] is None
    smooth = evaluate("mocap", folder, engines)
    accelerations = [figures(one, "cut 1")["acceleration_m_s2"] for one in (raw, smooth)]
    assert accelerations[0] > 1.5 * accelerations[1]
    with pytest.raises(BadInput, match="--smooth: only --dataset mocap and views"):
        edge3dpose.evaluate(filter_options={"smooth": False})


def test_calibrated_views_need_no_rotation(video, motion, engines, tmp_path):
    report = evaluate("views", views(tmp_path / "views", video, motion), engines)
    near, far = (figures(report, "cut 1", name) for name in ("person", "again"))
    for one in (near, far):  # the camera, its lens and the clock are those of the truth
        assert one["pa_mpjpe_mm"] < 1
        assert one["mpjpe_mm"] < 1
    assert near["root_depth_error_mm"] < 2
    assert far["root_depth_error_mm"] == pytest.approx(200, abs=2)
    assert report.cuts[0].figures["root_depth_error_mm"] == pytest.approx(100, abs=2)
    assert [table.title for table in tables.tables(report)] == [
        *("person", "again", "mean of 2 recordings")
    ]


def test_a_view_whose_clock_is_not_known_is_searched_for(video, motion, engines, tmp_path):
    file = views(tmp_path / "views", video, motion, time_offset_s=np.array([np.nan, 0.0]))
    report = evaluate("views", file, engines)
    (ours,) = [one for one in report.recordings if one.kind == "ours"]
    first, second = (row.offset_s for row in ours.recordings)
    assert first == pytest.approx(LATE_S, abs=0.005)
    assert second == 0.0


def test_the_measured_person_is_found_among_others(video, motion, engines, tmp_path):
    """A view whose truth stands elsewhere: the person in the picture is not the measured one."""
    file = views(tmp_path / "views", video, motion, t_mm=np.array([[1e5, 0, 9e3], [0, 0, 9e3]]))
    report = evaluate("views", file, engines)
    assert figures(report, "cut 1", "person")["missed"] == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"names": np.array([*NAMES[:-1], "tail"])}, "names has tail; wanted joints of h36m17"),
        ({"names": np.array(NAMES[:-1])}, r"joints_mm is float64 .* wanted numbers"),
        ({"names": np.array([*NAMES[1:], "neck"])}, "names lacks joints; wanted both hips"),
        ({"time_s": np.zeros(40)}, "time_s does not ascend"),
        ({"time_s": np.array([{}] * 40)}, "no npz of plain arrays"),
        ({"other_joints_mm": np.zeros((40, 3, 3))}, "other_joints_mm is float64"),
    ],
)
def test_a_damaged_truth_is_one_clear_line(video, motion, tmp_path, more, said):
    folder = clips(tmp_path / "clips", video, motion, **more)
    with pytest.raises(BadInput, match=said) as caught:
        recordings.find("mocap").open_recordings(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"videos": np.array(["person.mp4", "gone.mp4"])}, r"no video gone\.mp4 beside it"),
        ({"videos": np.array(["person.mp4", "../person.mp4"])}, "no video .* beside it"),
        ({"K": np.zeros((2, 3, 3))}, "K of view 0 is no camera matrix"),
        ({"R": np.ones((2, 3, 3))}, "R and t_mm of view 0 are no camera's place"),
        ({"distortion": np.zeros((2, 8))}, "distortion has 8 numbers, wanted 0, 4 or 5"),
        ({"time_offset_s": np.zeros(3)}, "time_offset_s is float64"),
    ],
)
def test_damaged_views_are_one_clear_line(video, motion, tmp_path, more, said):
    file = views(tmp_path / "views", video, motion, **more)
    with pytest.raises(BadInput, match=said):
        recordings.find("views").open_recordings(file)


def test_what_is_not_there_is_named(tmp_path):
    for dataset in recordings.formats():
        with pytest.raises(BadInput, match=f"--dataset {dataset} takes its folder or file"):
            edge3dpose.evaluate(dataset=dataset, cut=1)
    with pytest.raises(BadInput, match=r"no NAME\.npz in"):
        edge3dpose.evaluate(dataset="mocap", root=tmp_path, cut=1)
    with pytest.raises(BadInput, match="no file"):
        edge3dpose.evaluate(dataset="views", root=tmp_path, cut=1)
    np.savez(tmp_path / "alone.npz", time_s=np.arange(3))
    np.save(tmp_path / "array.npz", np.zeros(3))
    (tmp_path / "array.npz.npy").rename(tmp_path / "array.npz")
    with pytest.raises(BadInput, match="is no npz of plain arrays"):
        edge3dpose.evaluate(dataset="views", root=tmp_path / "array.npz", cut=1)
    (tmp_path / "array.npz").unlink()
    with pytest.raises(BadInput, match=r"alone\.npz has no clip alone\.mp4 beside it"):
        edge3dpose.evaluate(dataset="mocap", root=tmp_path, cut=1)
    assert library.recordings.formats() == ("mocap", "views")


def test_another_network_is_refused_before_anything_runs(video, motion, engines, tmp_path):
    folder = clips(tmp_path / "clips", video, motion)
    for file in (tmp_path / "gone.tflite", sample.FILE):
        with pytest.raises(BadInput, match=r"no teacher at|is another file than the teacher's"):
            evaluate("mocap", folder, engines, against=(file,))


def test_mediapipes_smoothing_keeps_what_stands_and_follows_what_moves():
    smooth = Smoother()
    still = np.full((33, 3), 100.0)
    noise = np.random.default_rng(0).normal(0, 1, (200, 33, 3))
    held = np.array([smooth(still + noise[n], n / 30) for n in range(200)])
    assert held[100:].std(axis=0).mean() < 0.5 * noise[100:].std(axis=0).mean()
    moved = smooth(still + 1000, 200 / 30)
    assert (moved > 900).all()
    assert np.isnan(smooth(None, 201 / 30)).all()
    assert (smooth(still, 202 / 30) == still).all()  # begins anew


@pytest.mark.skipif(
    not (OPENCAP.is_dir() and FULL.is_file()), reason="no clips and MediaPipe beside the checkout"
)
def test_a_real_clip_has_its_known_errors_beside_other_systems(engines, tmp_path):
    """What was once measured by another program: 68, 75, 37 and 36 mm."""
    for suffix in (".mp4", ".npz"):
        shutil.copy(OPENCAP / f"walk{suffix}", tmp_path)
    report = edge3dpose.evaluate(
        dataset="mocap", root=tmp_path, cut=11, engines=engines, against=(FULL,)
    )
    known = {"cut 11": 68, "pose_landmark_full": 75, "wham": 35, "mono": 35}
    for system, pa_mm in known.items():
        found = figures(report, system, "walk")
        # the cut's error changes with its weights
        assert found["pa_mpjpe_mm"] == pytest.approx(pa_mm, abs=20 if system == "cut 11" else 4)
        assert found["missed"] < 0.05
    (peer,) = [one for one in report.recordings if one.kind == "peer"]
    assert len(peer.sha256) == 64
