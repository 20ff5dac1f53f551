"""Every spec file of the package, on a tiny network of that form that finds dots by colour."""

from __future__ import annotations

import re
from pathlib import Path

import dot_net
import numpy as np
import onnx
import onnxruntime
import pytest

from edge3dpose.compiler import adopt
from edge3dpose.compiler.cut import cut
from edge3dpose.compiler.fp16 import to_fp16
from edge3dpose.models import _spec_file
from edge3dpose.runtime.preprocess import to_tensor
from edge3dpose.types import Crop

FORMS = {  # spec -> its head, the stride of its maps, and how far a joint may be off, px
    "simple-baselines": (dot_net.heatmap, 4, 3.5),
    "hrnet": (dot_net.heatmap, 4, 1.5),
    "hourglass": (dot_net.stacked, 4, 3.5),
    "cpm": (dot_net.stages, 8, 4.5),
    "cpn": (dot_net.pyramid, 4, 3.5),
    "deeppose": (dot_net.regression(192, 256), 4, 1.0),
    "integral-regression": (dot_net.volume(64, lambda j: 20 + j), 4, 2.5),
    "integral-regression-2d": (dot_net.logits, 4, 2.5),
    "simcc": (dot_net.bins(), 1, 4.5),
    "rtmpose": (dot_net.bins(), 1, 4.5),
    "rtmw3d": (dot_net.bins(("output_x", "output_y"), lambda j: 20 + j % 17), 1, 5.5),
}
BOTTOM_UP = ("higherhrnet", "openpose")  # runtime/test_bottom_up
GIVEN = ("movenet-lightning", "movenet-thunder", "blazepose-full")  # real weights: test_real_models


def spec_of(name):
    return _spec_file.read(_spec_file.in_zoo()[name])


def places(file, seed=0):
    """(J, 2) px of the square crop: places in the network's picture, all apart."""
    joints, (width, height) = len(file.spec.skeleton.joints), file.input.size
    columns = int(np.ceil(np.sqrt(joints * width / height)))
    rows = -(-joints // columns)
    cells = np.random.default_rng(seed).permutation(columns * rows)[:joints]
    at = np.stack([cells % columns + 0.5, cells // columns + 0.5], axis=1)
    jitter = np.random.default_rng(seed + 1).uniform(-2, 2, (joints, 2))
    return at * [width / columns, height / rows] + jitter + file.shift_px


def outputs_of(model, image, spec):
    crop = Crop(image, np.eye(2, 3, dtype=np.float32))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"images": to_tensor([crop], spec)})[0][0]


def test_every_spec_file_of_the_package_is_tried():
    assert sorted(_spec_file.in_zoo()) == sorted([*FORMS, *BOTTOM_UP, *GIVEN])


@pytest.mark.parametrize("name", FORMS)
def test_a_network_of_that_form_finds_its_joints(name):
    head, stride, off_px = FORMS[name]
    file = spec_of(name)
    model = adopt.assemble(file, dot_net.check(dot_net.network(file, head, stride=stride)), name)
    spec = file.spec
    points = places(file)
    image = dot_net.picture(points, spec.input_size, 4.0 if stride < 8 else 6.0)
    one = outputs_of(cut(model, spec, 1), image, spec)
    assert one.shape == (len(points), 4)
    found = one[:, :2] * spec.input_size
    assert np.abs(found - points).max() < off_px
    assert (one[:, 3] > 0).all()
    if spec.has_depth:
        bins = (20 + np.arange(len(points)) % 17) / 64
        assert one[:, 2] == pytest.approx(bins, abs=0.01)
    else:
        assert (one[:, 2] == 0.5).all()


@pytest.mark.parametrize("name", FORMS)
def test_its_fp16_form_says_the_same(name):
    head, stride, _ = FORMS[name]
    file = spec_of(name)
    model = adopt.assemble(file, dot_net.check(dot_net.network(file, head, stride=stride)), name)
    single = cut(model, file.spec, 1)
    half = to_fp16(single)
    onnx.checker.check_model(half, full_check=True)
    image = dot_net.picture(places(file), file.spec.input_size)
    a, b = (outputs_of(one, image, file.spec) for one in (single, half))
    assert np.abs(a - b)[:, :3].max() < 0.02


def examples():
    page = Path(__file__).parents[2] / "docs" / "own-models.md"
    return re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize("text", examples(), ids=lambda text: text.split('"')[1])
def test_the_examples_of_the_documents_can_be_read(text, tmp_path):
    file = tmp_path / "example.toml"
    file.write_text(text, encoding="utf-8")
    assert _spec_file.read(file).spec.name == text.split('"')[1]
