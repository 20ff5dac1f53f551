"""Wrong values that a program gives: refused in one line at once, and never taken for another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge3dpose
from edge3dpose import checks
from edge3dpose.bench.plan import Plan
from edge3dpose.errors import BadInput
from edge3dpose.runtime.sinks import Sink
from edge3dpose.runtime.sources import open_source

Frame, Camera = edge3dpose.Frame, edge3dpose.Camera
NAN = float("nan")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    engines = tmp_path_factory.mktemp("engines")
    return {"cut": 1, "backend": "onnxruntime", "precision": "fp32", "engines": engines}


@pytest.fixture(scope="module")
def pose(standing: dict[str, Any]) -> Iterator[edge3dpose.PoseEstimator]:
    with edge3dpose.PoseEstimator(**standing) as opened:
        yield opened


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    source = open_source("sample")
    found = [frame.image for frame, _ in zip(source, range(3), strict=False)]
    source.close()
    return found


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"model": ["sspnet-lite"]}, "no model called"),
        ({"precision": None}, "precision is None; wanted text"),
        ({"backend": 3}, "backend is 3; wanted text"),
        ({"weights": 3}, "weights is 3; wanted a path"),
        ({"engines": b"x"}, "engines is b'x'; wanted a path"),
        ({"threads": 10**30}, "threads is 1000.*; wanted a whole number from 1"),
        ({"smooth": "no"}, "smooth is 'no'; wanted True or False"),
        ({"flip_test": "no"}, "flip_test is 'no'; wanted True or False"),
        ({"govern": "no"}, "govern is 'no'; wanted True or False"),
        ({"max_people": 1.5}, "max_people is 1.5; wanted a whole number from 1"),
        ({"max_people": "2"}, "max_people is '2'"),
        ({"roi": "0,0,9,9"}, "roi is '0,0,9,9'; wanted four numbers"),
        ({"roi": (0, 0, 9)}, "roi is .*; wanted four numbers"),
        ({"roi": (0, 0, NAN, 9)}, "roi is nan"),
        ({"roi": (9, 0, 9, 9)}, "roi 9,0,9,9 is empty"),
        ({"min_height_px": -1}, "min_height_px is -1"),
        ({"height_mm": "1800"}, "height_mm is '1800'; wanted a number from 500 to 2500 mm"),
        ({"height_mm": NAN}, "height_mm is nan"),
        ({"camera": 10**400}, "camera is 1000.*wanted a number of degrees"),
        ({"camera": Camera(900, (1, 1))}, "focal_px is 900; wanted 2 finite numbers"),
        ({"camera": Camera((1e300, 1e300), (1, 1))}, "focal_px"),
        ({"camera": Camera((900, 900), (1, 1), None)}, "distortion is None"),
        ({"progress": 3}, "progress is 3; wanted a function"),
        ({"filter_options": [("bones", True)]}, "filter_options is a list"),
        ({"filter_options": {"bones": "no"}}, "--bones is 'no'; wanted True or False"),
        ({"filter_options": {"height_cm": NAN}}, "--height-cm is nan; wanted a number from 50"),
        ({"filter_options": {"height_cm": "x"}}, "--height-cm is 'x'"),
        ({"filter_options": {"root_depth": "x"}}, "--root-depth is 'x'; wanted network or bones"),
        ({"cut": "auto", "max_latency_ms": "5"}, "max_latency_ms is '5'; wanted a number"),
        ({"cut": "auto", "max_error_mm": NAN}, "max_error_mm is nan; wanted a number"),
        ({"cut": "auto", "min_fps": 0}, "min_fps is 0; wanted a number"),
    ],
)
def test_an_option_of_the_wrong_type_is_refused(standing, wrong, words):
    with pytest.raises(BadInput, match=words) as refused:
        edge3dpose.PoseEstimator(**{**standing, **wrong})
    assert "\n" not in str(refused.value)


def test_numbers_of_numpy_are_numbers(standing, images, tmp_path):
    numbers = {"camera": np.float32(60), "threads": np.int64(1), "max_people": np.int64(1)}
    with edge3dpose.PoseEstimator(**standing, **numbers, height_mm=np.float32(1800)) as opened:
        opened.run(images[:1], outputs={"jsonl": tmp_path / "a.jsonl"}, max_frames=np.int64(1))
    camera = Camera(np.array([900, 900], np.float32), (np.float32(360), 640), np.zeros(5, "f4"))
    with edge3dpose.PoseEstimator(**standing, camera=camera) as opened:
        frames = [Frame(images[0], np.int64(0), np.float32(1)), Frame(images[0], 1, 2.0, camera)]
        opened.run(frames, outputs={"jsonl": tmp_path / "b.jsonl"})
    assert edge3dpose.read_poses(tmp_path / "b.jsonl").header["camera"]["focal_px"] == [900, 900]
    assert [frame.index for frame in edge3dpose.read_poses(tmp_path / "b.jsonl")] == [0, 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": np.zeros((8, 8, 3))}, "frame 0: an image of float64"),
        ({"image": np.zeros((0, 8, 3), np.uint8)}, r"frame 0: an image of uint8 \(0, 8, 3\)"),
        ({"index": "a"}, "frame 0: index is 'a'"),
        ({"time_s": None}, "time_s is None"),
        ({"camera": 60.0}, "frame 0: camera is a float; wanted a Camera"),
        ({"camera": Camera((0, 0), (0, 0))}, "frame 0: camera.focal_px"),
    ],
)
def test_a_frame_of_a_programs_own_is_checked(pose, images, change, words):
    with pytest.raises(BadInput, match=words):
        list(pose.stream([replace(Frame(images[0], 0, 0.0), **change)]))


@pytest.mark.parametrize(
    "bent",
    [
        Camera((900, 900), (360, 640), (50.0, 50.0, 50.0, 50.0, 50.0)),
        Camera((900, 900), (360, 640), (-1e9, -1e9, 1e9, -1e9, -1e9)),
        Camera((1e-9, 1e-9), (360, 640)),
        Camera((900, 900), (360, 640), (-5.0, 1e9, 0.0, 0.0), fisheye=True),
    ],
)
def test_a_camera_that_cannot_be_gives_no_number_that_is_not_finite(pose, images, bent):
    ((_, people),) = pose.stream([Frame(images[0], 0, 0.0, bent)])
    for person in people:
        assert np.isfinite(person.joints_mm).all()
        assert np.isfinite(person.root_mm).all()


@pytest.mark.parametrize("camera", [lambda width, height: 60.0, lambda width, height: None])
def test_a_function_as_camera_has_to_give_cameras(standing, images, camera):
    with (
        edge3dpose.PoseEstimator(**standing, camera=camera) as opened,
        pytest.raises(BadInput, match="the camera for 720x1280 is a"),
    ):
        opened(images[0])


@pytest.mark.parametrize("fps", ["30", [1], 0, -1, NAN, float("inf"), 1e-320, 1e300])
def test_a_rate_that_no_frames_have_is_refused(pose, images, fps):
    with pytest.raises(BadInput, match=r"fps is .*; wanted a number from 0.001 to 1e"):
        list(pose.stream(images, fps=fps))


@pytest.mark.parametrize("time_s", ["x", [1], NAN, 10**400])
def test_a_time_that_is_no_number_is_refused(pose, images, time_s):
    pose.reset()
    with pytest.raises(BadInput, match="time_s is "):
        pose(images[0], time_s=time_s)


@pytest.mark.parametrize("source", ["a" * 5000, "~nobody-of-this-name/clip.mp4", 10**30])
def test_a_source_that_no_system_can_name_is_refused(pose, source):
    with pytest.raises(BadInput, match=r"no file or folder|cannot open camera") as refused:
        list(pose.stream(source))
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_frames": -1}, "max_frames is -1"),
        ({"max_frames": 1.5}, "max_frames is 1.5"),
        ({"on_frame": 3}, "on_frame is 3; wanted a function"),
        ({"sinks": print}, "wanted a runtime.sinks.Sink; give a function as on_frame"),
        ({"sinks": None}, "a sink of type NoneType"),
        ({"outputs": 3}, "outputs is a int; wanted values by option name"),
        ({"outputs": {"jsonl": 3}}, "--jsonl is 3; wanted a path"),
        ({"outputs": {"jsonl": ""}}, "is no name of a file to write"),
        ({"outputs": {"show": "no"}}, "--show is 'no'; wanted True or False"),
        ({"outputs": {"smooth": False}}, "outputs has 'smooth', which is no option"),
        ({"outputs": {"jsonl": "a.mp4", "save": "a.mp4"}}, "--jsonl and --save both name a.mp4"),
        ({"outputs": {"jsonl": "a.mp4", "save": "./b/../a.mp4"}}, "both name"),
    ],
)
def test_a_run_that_cannot_be_writes_nothing(pose, images, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b").mkdir()
    with pytest.raises(BadInput, match=words):
        pose.run(images, **arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


class Noted(Sink):
    """Notes how it ended."""

    ended = ""

    def __call__(self, frame: Frame, poses: list[Any]) -> None:
        pass

    def close(self) -> None:
        self.ended = "closed"

    def discard(self) -> None:
        self.ended = "discarded"


def test_sinks_of_a_run_that_cannot_begin_are_discarded(pose, images):
    for source, outputs in (("gone.mp4", {}), (images, {"save": "a.avi"})):
        with pytest.raises(BadInput):
            pose.run(source, [sink := Noted()], outputs=outputs)
        assert sink.ended == "discarded"
    pose.run(images[:1], (one for one in [sink]))  # any iterable of sinks
    assert sink.ended == "closed"


def test_closing_an_estimator_in_the_middle_of_its_run_says_so(standing, images, tmp_path):
    opened = edge3dpose.PoseEstimator(**standing)
    with pytest.raises(BadInput, match="is closed"):
        opened.run(
            images,
            outputs={"jsonl": tmp_path / "poses.jsonl"},
            on_frame=lambda frame, people: opened.close(),
        )
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_drawn_on_is_refused_and_lost_joints_are_left_out(pose, images):
    pose.reset()
    (person,) = pose(images[0])
    for wrong in (None, images[0] / 255, images[0][..., :2], images[0][None]):
        with pytest.raises(BadInput, match="to draw on"):
            edge3dpose.draw(wrong, person)
    for people in (None, [None], ("a",)):
        with pytest.raises(BadInput, match=r"wanted poses \(Pose3D\)"):
            edge3dpose.draw(images[0], people)
    alpha = np.dstack([images[0], images[0][..., :1]])
    assert np.array_equal(edge3dpose.draw(alpha, person), edge3dpose.draw(images[0], person))
    lost = replace(person, pixels=person.pixels * np.nan, box=None)
    assert np.array_equal(edge3dpose.draw(images[0], lost), images[0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: edge3dpose.tune("sspnet-lite"), "a request of type str; wanted a TuneRequest"),
        (lambda: edge3dpose.tune(cut=1, rounds=-1), "rounds is -1"),
        (lambda: edge3dpose.tune(cut=1, calls=0), "calls is 0"),
        (lambda: edge3dpose.tune(precision=None), "wanted text"),
        (lambda: edge3dpose.benchmark(plan=3), "plan is a int"),
        (lambda: edge3dpose.benchmark(against=3), "against is 3; wanted text"),
        (lambda: edge3dpose.benchmark(source=[1]), "source is a list"),
        (lambda: edge3dpose.evaluate(people="9"), "people is '9'"),
        (lambda: edge3dpose.evaluate(flip_test="no"), "flip_test is 'no'"),
        (lambda: edge3dpose.evaluate(against="a.tflite"), "wanted a list of files"),
        (lambda: edge3dpose.build_engine(ranges=3), "ranges is 3; wanted a path"),
        (lambda: edge3dpose.build_engine(progress=3), "progress is 3; wanted a function"),
        (lambda: edge3dpose.calibrate(people=0), "people is 0"),
        (lambda: edge3dpose.calibrate(people=1.5), "people is 1.5"),
        (lambda: edge3dpose.calibrate(sources=None), "sources is None; wanted a list"),
        (lambda: edge3dpose.calibrate(sources=[np.zeros(3)]), "sources has a ndarray"),
        (lambda: edge3dpose.calibrate(sources="gone.mp4"), "no file or folder gone.mp4"),
        (lambda: edge3dpose.calibrate(method="x"), "no calibration method 'x'"),
        (lambda: edge3dpose.calibrate(max_deviation_mm=NAN), "max_deviation_mm is nan"),
        (lambda: edge3dpose.calibrate(skip=["gone"]), "no layer 'gone'"),
    ],
)
def test_the_other_functions_refuse_wrong_values_at_once(call, words):
    with pytest.raises(BadInput, match=words):
        call()


@pytest.mark.parametrize("call", [edge3dpose.tune, edge3dpose.benchmark, edge3dpose.evaluate])
def test_an_unknown_option_is_a_type_error_that_lists_them(call):
    with pytest.raises(TypeError, match="no option 'round'; there is: model, weights, cut"):
        call(round=1)


def test_a_plan_that_would_never_end_is_refused():
    for wrong in ({"rounds": 0}, {"rounds": -1}, {"calls": 0}, {"frames": 0}, {"at_least_s": NAN}):
        with pytest.raises(BadInput, match=next(iter(wrong))):
            Plan(**wrong)


def test_limits_are_named_in_words():
    with pytest.raises(BadInput, match=r"^x is 3; wanted a number from 4 to 5 mm$"):
        checks.number("x", 3, 4, 5, " mm")
    with pytest.raises(BadInput, match=r"^x is True; wanted a whole number from 1$"):
        checks.count("x", True)
    assert checks.switch("x", np.True_) is True
    assert checks.file_name("x", "a") == Path("a")
    with pytest.raises(BadInput) as refused:
        checks.text("x", list(range(1000)))
    assert len(str(refused.value)) < 120


def test_a_person_that_is_no_person_is_refused(pose, images):
    pose.reset()
    content = json.loads(json.dumps(pose(images[0])[0].to_dict()))
    for wrong in ({"id": "a"}, {"id": 10**30}, {"root_mm": [1, 2]}, {"root_mm": 5}):
        with pytest.raises(ValueError, match=r"id is|root_mm: shape"):
            edge3dpose.Pose3D.from_dict(content | wrong)
