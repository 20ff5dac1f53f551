"""Ranges from real frames: what each method clips, and whose ranges a build takes."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge3dpose import paths
from edge3dpose.compiler import calibrate, crops, ranges, sensitivity, thresholds
from edge3dpose.compiler.engine_key import key_of
from edge3dpose.engine_types import EngineConfig
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.runtime.sources import open_source


@pytest.fixture(scope="module")
def people(small_weights) -> np.ndarray:
    return crops.from_source("sample", small_weights.spec, 8)


@pytest.fixture(scope="module")
def found(small_weights, people) -> ranges.Ranges:
    return calibrate.find_ranges(small_weights, people, source="sample")


def histogram(values: np.ndarray) -> tuple[np.ndarray, float]:
    peak = float(np.abs(values).max())
    counts, _ = np.histogram(np.abs(values), bins=thresholds.BINS, range=(0, peak))
    return counts, peak


def test_max_keeps_an_outlier_and_the_others_clip_it():
    values = np.abs(np.random.default_rng(0).normal(size=200_000))
    counts, peak = histogram(np.append(values, 40.0))
    chosen = {m: thresholds.threshold(m, counts, peak) for m in thresholds.METHODS}
    assert chosen["max"] == peak == 40.0
    assert chosen["percentile"] == pytest.approx(np.quantile(values, 0.9999), abs=0.05)
    assert 2.4 < chosen["entropy"] < 8
    assert 8 < chosen["mse"] < 30  # one error of 20 weighs as much as 200 000 of 0.04


def test_mse_chooses_the_least_error_of_rounding_and_clipping():
    values = np.abs(np.random.default_rng(1).laplace(size=100_000))
    counts, peak = histogram(values)

    def error(clip: float) -> float:
        step = clip / 127
        return float(((np.minimum(np.rint(values / step), 127) * step - values) ** 2).mean())

    chosen = thresholds.threshold("mse", counts, peak)
    assert error(chosen) <= 1.05 * min(error(c) for c in np.linspace(0.1, 1, 40) * peak)


def test_a_tensor_that_is_always_zero_has_range_zero():
    counts = np.zeros(thresholds.BINS, np.int64)
    assert all(thresholds.threshold(m, counts, 0.0) == 0.0 for m in thresholds.METHODS)


def test_people_of_a_clip_come_out_as_the_runtime_crops_them(people, small_weights):
    assert people.shape == (8, 3, 256, 256)
    assert people.dtype == np.float32
    assert 0 <= people.min() < people.max() <= 1
    again = crops.from_source("sample", small_weights.spec, 8)
    np.testing.assert_array_equal(people, again)


def test_an_unreadable_picture_costs_no_other(small_weights, tmp_path, caplog):
    first = next(iter(open_source("sample")))
    cv2.imwrite(str(tmp_path / "1.png"), first.image)
    (tmp_path / "2.png").write_bytes(b"no picture")
    assert len(crops.from_source(str(tmp_path), small_weights.spec, 8)) == 1
    assert "2.png" in caplog.text


def test_ranges_name_their_weights_and_their_pictures_and_survive_the_file(
    found, small_weights, tmp_path
):
    assert found.weights_sha256 == small_weights.sha256
    assert found.crops == 8
    assert {"images", "cut24.depthwise"} <= set(found.tensors)
    assert "cut24.out.relu" not in found.tensors  # only logits layers read it
    ranges.write(found, tmp_path / "r.json")
    assert ranges.read(tmp_path / "r.json") == found
    assert ranges.read(tmp_path / "r.json").digest == found.digest
    assert replace(found, method="max").digest != found.digest


def test_methods_differ_and_an_unknown_one_is_named(small_weights, people, found):
    largest = calibrate.find_ranges(small_weights, people, source="sample", method="max")
    assert largest.tensors["cut01.depthwise"] > found.tensors["cut01.depthwise"]
    assert largest.tensors["images"] == found.tensors["images"]
    with pytest.raises(BadInput, match="max, percentile, entropy, mse"):
        calibrate.find_ranges(small_weights, people, source="sample", method="guess")


def test_too_few_people_are_refused(small_weights, people):
    with pytest.raises(BadInput, match=r"shows 3 people.*needs 8 or better 200"):
        calibrate.find_ranges(small_weights, people[:3], source="holiday")


def test_int8_is_refused_without_ranges_for_this_very_file(
    small_weights, found, tmp_path, monkeypatch
):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path))
    monkeypatch.setattr(paths, "RANGES", tmp_path / "none")
    config = EngineConfig(small_weights, 1, "int8", "onnxruntime")
    command = r"run: edge3dpose calibrate --model sspnet-lite --source FOLDER"
    with pytest.raises(BadInput, match=rf"there are no ranges at .*{command}"):
        key_of(config)
    file = tmp_path / "calibration" / "sspnet-lite.ranges.json"
    ranges.write(replace(found, weights_sha256="0" * 64), file)
    with pytest.raises(BadInput, match=rf"are of weights 000000000000\.\.\.,.*{command}"):
        key_of(config)
    ranges.write(found, file)
    assert key_of(config).ranges == found


@pytest.mark.parametrize(
    "change", [{"schema": "x/9"}, {"tensors": {"a": -1.0}}, {"tensors": 3}, {"extra": 1}]
)
def test_a_damaged_ranges_file_is_one_line(found, tmp_path, change):
    file = tmp_path / "r.json"
    ranges.write(found, file)
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(EngineMismatch, match="holds no INT8 ranges"):
        ranges.read(file)
    file.write_text(file.read_text()[:50])
    with pytest.raises(EngineMismatch, match="holds no INT8 ranges"):
        ranges.read(file)


@pytest.mark.slow
def test_sensitive_layers_are_left_out_until_the_rest_is_near_enough(small_weights, people, found):
    spoilt = {**found.tensors, "cut03.depthwise": found.tensors["cut03.depthwise"] / 100}
    ranges_of = replace(found, tensors=spoilt)
    seen: list[float] = []
    few, enough_mm = people[:3], 60.0
    better, left = sensitivity.skip_sensitive_layers(
        small_weights, ranges_of, few, max_mm=enough_mm, step=seen.append
    )
    assert left.share <= 1
    assert left.p50_mm <= enough_mm
    assert better.skip[0] == "node.cut03.pointwise"  # it reads the tensor that was spoilt
    assert seen[-1] == 1.0
    spoilt_alone, spoilt = sensitivity.skip_sensitive_layers(
        small_weights, ranges_of, few, max_mm=1e9, step=seen.append
    )
    assert spoilt_alone.skip[0] == better.skip[0]  # the tail alone is reason enough
    assert spoilt.p99_mm < 60
