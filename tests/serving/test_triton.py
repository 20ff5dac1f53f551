"""A repository for Triton: its configs fit the schema, its ensemble gives the runtime's poses."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from triton_server import Repository, config_of, serving

from edge3dpose import camera
from edge3dpose.engine_types import Engine, EngineRequest
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.filters.temporal_lift import TemporalLift
from edge3dpose.runtime.lift import roi_scale, units_from_outputs
from edge3dpose.runtime.lift_network import open_lift
from edge3dpose.runtime.preprocess import crop_person, to_tensor
from edge3dpose.runtime.roi import SteadyRoi, TrackedPose
from edge3dpose.runtime.sources import open_source
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.serving import repository
from edge3dpose.serving.repository import TritonRequest
from edge3dpose.types import Box, Frame

MODEL, CUT = "sspnet-lite", 3


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def exported(tmp_path_factory, engines):
    out = tmp_path_factory.mktemp("triton") / "repo"
    repository.export(TritonRequest(MODEL, cut=str(CUT), engines=engines), out)
    return out


@pytest.fixture(scope="module")
def served(exported):
    return Repository(exported)


@pytest.fixture(scope="module")
def runtime(engines):
    config = resolve(EngineRequest(MODEL, None, CUT, "fp32", "onnxruntime"))
    engine = open_engine(config, engines)
    yield config.spec, engine
    engine.close()


@pytest.fixture(scope="module")
def frames():
    found = []
    for frame in open_source("sample"):
        height, width = frame.image.shape[:2]
        found.append(replace(frame, camera=camera.camera_from_fov(60, width, height)))
        if len(found) == 24:
            return found
    raise AssertionError("the clip is short")


@pytest.fixture
def clip(tmp_path, frames):
    cv2 = pytest.importorskip("cv2")
    file = tmp_path / "clip.avi"
    video = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), 25, (720, 1280))
    for frame in frames:
        video.write(frame.image)
    video.release()
    return file


def box_of(roi):
    x, y, side, angle = (float(value) for value in roi)
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2, 1.0, 0, angle)


def asked(frame, roi, step_s=0.0, state=None):
    lens = frame.camera
    return {
        "frame": frame.image,
        "roi": np.asarray(roi, np.float32),
        "camera": np.array([*lens.focal_px, *lens.centre_px], np.float32),
        "assumed": np.array([lens.assumed], np.float32),
        "step_s": np.array([step_s], np.float32),
        "state": np.zeros((2, 1, 256), np.float32) if state is None else state,
    }


class Told(Detector):
    """The boxes that it is told."""

    exact_boxes = True
    box: Box

    def __call__(self, frame: Frame) -> list[Box]:
        return [self.box]


class Says(Engine):
    """An engine that gives the same units for any crop."""

    def __init__(self, units) -> None:
        self.units = units

    def __call__(self, images):
        return self.units


def test_configs_fit_the_schema_and_the_steps_fit_together(exported, served):
    assert sorted(served.configs) == [MODEL, f"{MODEL}-crop", f"{MODEL}-cut03", f"{MODEL}-lift"]
    for name, config in served.configs.items():
        assert (config.name, config.max_batch_size) == (name, 0)
        assert (exported / name / "1").is_dir()
    steps = served.configs[MODEL].ensemble_scheduling.step
    made = {one.name: one for one in served.configs[MODEL].input}
    for step in steps:
        model = served.configs[step.model_name]
        for one in model.input:
            outer = made[step.input_map[one.name]]
            assert (outer.data_type, outer.dims) == (one.data_type, one.dims)
        made |= {step.output_map[one.name]: one for one in model.output}
    for one in served.configs[MODEL].output:
        assert made[one.name].dims == one.dims


def test_the_ensemble_gives_the_runtimes_poses(served, runtime, frames):
    spec, engine = runtime
    detector, lift = Told(), TemporalLift(open_lift())
    estimate = Estimator(spec, engine, detector)
    height, width = frames[0].image.shape[:2]
    roi, state, last_s = (width / 2, height / 2, max(width, height), 0.0), None, None
    apart = []
    for frame in frames:
        step_s = 0.0 if last_s is None else frame.time_s - last_s
        answer = served.run(MODEL, asked(frame, roi, step_s, state))
        detector.box = box_of(np.asarray(roi, np.float32))
        (wanted,) = lift(frame, estimate(frame))
        assert np.abs(answer["pixels"] - wanted.pixels).max() < 0.2
        assert np.abs(answer["score"] - wanted.score).max() < 0.005
        assert np.abs(answer["root_mm"] - wanted.root_mm).max() < 5  # of 3 to 5 m
        assert np.abs(answer["std_mm"] - wanted.std_mm).max() < 1
        apart.append(np.linalg.norm(answer["joints_mm"] - wanted.joints_mm, axis=1))
        roi, state, last_s = answer["next_roi"], answer["next_state"], frame.time_s
    assert np.mean(apart) < 0.1  # 0.018 when it was written
    assert np.max(apart) < 1.0  # 0.115


def test_the_same_crop_gives_the_same_bits(served, runtime, frames):
    spec, engine = runtime
    tensor = to_tensor([crop_person(frames[0], Box(0, 300, 720, 1020), spec.input_size)], spec)
    found = served.run(f"{MODEL}-cut03", {"images": tensor})[spec.head(CUT)]
    assert np.array_equal(found, engine(tensor))


@pytest.mark.parametrize("side", [100, 511, 512, 700, 1023, 1025, 2100, 5000])
@pytest.mark.parametrize("at", [(360, 640, 0.0), (20, 1200, 1.2), (-3000, 50, -0.4)])
def test_the_crop_is_the_runtimes_within_a_grey_level(served, runtime, frames, side, at):
    spec, _ = runtime
    roi = np.array([at[0], at[1], side, at[2]], np.float32)
    found = served.run(f"{MODEL}-crop", {"frame": frames[3].image, "roi": roi})
    wanted = crop_person(frames[3], box_of(roi), spec.input_size)
    levels = 255 * np.array(spec.std_rgb).reshape(1, 3, 1, 1)
    apart = np.abs(found["images"] - to_tensor([wanted], spec)) * levels
    assert apart.max() < 1.01
    assert (apart > 0.5).mean() < 1e-3
    assert np.abs(found["frame_from_crop"] - wanted.frame_from_crop).max() < 1e-3
    assert found["frame_px"].tolist() == [720, 1280]


@pytest.mark.parametrize("seed", range(12))
def test_the_lift_is_the_runtimes(served, runtime, frames, seed):
    """Of units that are anything, anywhere in the frame, by any camera."""
    spec, _ = runtime
    random = np.random.default_rng(seed)
    wide = camera.camera_from_fov(float(random.uniform(30, 110)), 720, 1280)
    frame = replace(frames[0], camera=replace(wide, assumed=bool(seed % 2)))
    roi = (*random.uniform(0, [720, 1280]), random.uniform(200, 1500), random.uniform(-3, 3))
    box = box_of(roi)
    units = random.uniform(0.2, 0.8, (1, 17, 4)).astype(np.float32)
    (person,) = Estimator(spec, Says(units), Told())._infer(frame, [box])
    (wanted,) = TemporalLift(open_lift())(frame, [person.pose])
    given = asked(frame, roi)
    del given["frame"], given["roi"]
    crop = crop_person(frame, box, spec.input_size)
    given |= {"units": units, "frame_from_crop": crop.frame_from_crop}
    given["frame_px"] = np.array([720, 1280], np.float32)
    found = served.run(f"{MODEL}-lift", given)
    assert np.allclose(found["joints_mm"], wanted.joints_mm, rtol=1e-5, atol=0.05)
    assert np.allclose(found["root_mm"], wanted.root_mm, rtol=1e-5, atol=0.05)
    assert np.allclose(found["pixels"], wanted.pixels, atol=0.01)
    if wanted.std_mm is not None:
        assert np.allclose(found["std_mm"], wanted.std_mm, rtol=1e-3, atol=0.05)
    scale = roi_scale(units_from_outputs(units)[0].xyz, spec)
    following = SteadyRoi()(TrackedPose(person.pose, scale), 0.0)
    centre = [(following.x0 + following.x1) / 2, (following.y0 + following.y1) / 2]
    assert np.allclose(found["next_roi"][:2], centre, atol=0.01)
    assert math.isclose(found["next_roi"][2], following.x1 - following.x0, rel_tol=1e-4)
    turned = float(found["next_roi"][3]) - following.angle_rad
    assert abs(math.remainder(turned, math.tau)) < 1e-3


def test_a_gap_makes_the_lift_begin_anew(served, frames):
    roi = (300, 760, 900, 0.0)
    first = served.run(MODEL, asked(frames[0], roi))
    late = served.run(MODEL, asked(frames[1], roi, 1.5, first["next_state"]))
    fresh = served.run(MODEL, asked(frames[1], roi))
    follows = served.run(MODEL, asked(frames[1], roi, 0.04, first["next_state"]))
    assert np.array_equal(late["joints_mm"], fresh["joints_mm"])
    assert not np.array_equal(follows["joints_mm"], fresh["joints_mm"])


def test_the_client_follows_somebody_through_a_clip(exported, served, clip, frames):
    with serving(served) as url:
        done = subprocess.run(
            [sys.executable, exported / "client.py", clip, "--url", url, "--fov", "60"],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": ""},  # it needs nothing of this package
            timeout=200,
        )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(frames)
    assert all(np.shape(line["joints_mm"]) == (17, 3) for line in lines)
    roots = np.array([line["root_mm"] for line in lines])
    assert np.linalg.norm(np.diff(roots, axis=0), axis=1).max() < 300


@pytest.mark.parametrize(
    ("video", "words"), [("none.mp4", "is no video"), ("clip", "no Triton server answers at")]
)
def test_the_client_says_in_a_line_what_it_lacks(exported, served, clip, video, words):
    with serving(served) as url:
        given = (clip, "localhost:9") if video == "clip" else (video, url)
        done = subprocess.run(
            [sys.executable, exported / "client.py", given[0], "--url", given[1]],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_openvino_reads_its_own_files(tmp_path, engines, served, frames):
    request = TritonRequest(MODEL, cut=str(CUT), platform="openvino", engines=engines)
    repository.export(request, tmp_path / "repo")
    config = config_of(tmp_path / "repo" / f"{MODEL}-cut03")
    assert (config.backend, config.default_model_filename) == ("openvino", "model.xml")
    roi = (300, 760, 900, 0.0)
    found = Repository(tmp_path / "repo").run(MODEL, asked(frames[0], roi))
    wanted = served.run(MODEL, asked(frames[0], roi))
    assert np.abs(found["joints_mm"] - wanted["joints_mm"]).max() < 1


def test_a_plan_goes_along_as_it_was_built(tmp_path, monkeypatch):
    """Built elsewhere: no TensorRT is needed to see where the plan goes."""
    monkeypatch.setattr(repository, "ensure_built", lambda config, *rest: tmp_path / "x.engine")
    monkeypatch.setattr(repository.manifest, "read_verified", lambda file: (None, b"plan"))
    repository.export(TritonRequest(MODEL, cut="3", platform="tensorrt"), tmp_path / "repo")
    model = tmp_path / "repo" / f"{MODEL}-cut03"
    assert (model / "1" / "model.plan").read_bytes() == b"plan"
    assert config_of(model).backend == "tensorrt"


def test_a_folder_that_holds_something_is_refused_and_stays(tmp_path, engines):
    out = tmp_path / "repo"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    for place in (out, out / "mine.txt"):
        with pytest.raises(BadInput, match="not empty; name a new folder"):
            repository.export(TritonRequest(MODEL, cut="3", engines=engines), place)
    assert [file.name for file in tmp_path.rglob("*")] == ["repo", "mine.txt"]


def test_nothing_is_left_of_an_export_that_fails(tmp_path, engines, monkeypatch):
    def fails(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(repository, "_write_network", fails)
    with pytest.raises(BadInput, match=r"cannot write .*No space left"):
        repository.export(TritonRequest(MODEL, cut="3", engines=engines), tmp_path / "repo")
    assert list(tmp_path.iterdir()) == []


def test_without_tensorrt_it_says_what_to_install(tmp_path):
    try:
        import tensorrt  # noqa: F401
    except ImportError:
        with pytest.raises(MissingDependency, match="pip install"):
            repository.export(TritonRequest(MODEL, cut="3", platform="tensorrt"), tmp_path / "r")
        assert list(tmp_path.iterdir()) == []
