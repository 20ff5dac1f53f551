"""A network of the user's own: added, run, told of in one line where it cannot be."""

from __future__ import annotations

import dot_net
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import edge3dpose
from edge3dpose import models, paths
from edge3dpose.compiler import adopt
from edge3dpose.drawing import draw
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.models import _spec_file

SPEC = """
name = "dots"
skeleton = "coco17"
onnx = "dots.onnx"
[input]
size = [192, 256]
mean_rgb = [123.675, 116.28, 103.53]
std_rgb = [58.395, 57.12, 57.375]
[output]
decode = "heatmap"
"""
LISTED = """
[skeleton]
name = "triangle"
joints = ["top", "left_foot", "right_foot"]
bones = [["top", "left_foot"], ["top", "right_foot"], ["left_foot", "right_foot"]]
root = ["left_foot", "right_foot"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a spec file and its network; models are added to a home of its own."""
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    write(tmp_path, SPEC)
    return tmp_path


def write(folder, text, head=dot_net.heatmap, **options):
    file = folder / "dots.toml"
    file.write_text(text)
    network = dot_net.network(_spec_file.read(file), head, **options)
    (folder / "dots.onnx").write_bytes(network)
    return file


def dots(joints=17, seed=0):
    """A picture of 256x256 and the places of its joints, in the middle 192 columns."""
    n = np.arange(joints)
    points = np.stack([56 + 36 * (n % 5), 30 + 50 * (n // 5)], 1)
    points = points + np.random.default_rng(seed).uniform(-3, 3, points.shape)
    return dot_net.picture(points, 256), points


@pytest.mark.parametrize(
    ("backend", "precision"),
    [("onnxruntime", "fp32"), ("openvino", "fp32"), ("onnxruntime", "fp16")],
)
def test_a_spec_file_runs_as_a_model(folder, backend, precision):
    image, points = dots()
    options = {"backend": backend, "precision": precision, "detector": "full-frame"}
    with edge3dpose.PoseEstimator(str(folder / "dots.toml"), **options) as pose:
        (person,) = pose(image)
        assert pose.config.spec.name == "dots"
    assert np.abs(person.pixels - points).max() < 3.5
    assert not person.is_3d
    assert person.root_mm is None
    assert "joints_mm" not in person.to_dict()
    assert (draw(image, person) != image).any()


def test_a_tall_box_a_3d_filter_and_a_sink_of_3d(folder):
    options = {"backend": "onnxruntime", "detector": "full-frame"}
    with pytest.raises(BadInput, match=r"bone_length|bone-length"):
        edge3dpose.PoseEstimator(
            str(folder / "dots.toml"), filter_options={"bones": True}, **options
        )
    image, _ = dots()
    with edge3dpose.PoseEstimator(str(folder / "dots.toml"), **options) as pose:
        with pytest.raises(BadInput, match=r"--save-bvh needs 3D poses.*coco17, 2D"):
            pose.run([image] * 3, outputs={"save_bvh": folder / "a.bvh"})
        pose.run([image] * 3, outputs={"jsonl": folder / "a.jsonl", "save": folder / "a.mp4"})
    poses = edge3dpose.read_poses(folder / "a.jsonl")
    assert poses.header["dimensions"] == 2
    assert poses.header["units"] == "px"
    assert poses.to_numpy()["pixels"].shape == (3, 17, 2)
    assert not (folder / "a.bvh").exists()


def test_the_flip_test_mirrors_by_its_pairs(folder):
    image, points = dots()
    options = {"backend": "onnxruntime", "detector": "full-frame"}
    with edge3dpose.PoseEstimator(str(folder / "dots.toml"), flip_test=True, **options) as pose:
        (person,) = pose(image)
    middle = [0]  # colours are not mirrored: only what has no other side is the same
    assert np.abs(person.pixels - points)[middle, 1].max() < 3.5


def test_a_skeleton_may_be_listed(folder):
    text = SPEC.replace('skeleton = "coco17"\n', "") + LISTED
    file = write(folder, text)
    image, points = dots(3)
    options = {"backend": "onnxruntime", "detector": "full-frame"}
    with edge3dpose.PoseEstimator(str(file), **options) as pose:
        pose.run([image], outputs={"jsonl": folder / "a.jsonl"})
    poses = edge3dpose.read_poses(folder / "a.jsonl")
    assert poses.skeleton.joints == ("top", "left_foot", "right_foot")
    assert poses.skeleton.links == ((1, 2),)
    (frame,) = poses
    assert np.abs(frame.people[0].pixels - points).max() < 3.5


def test_what_was_added_is_there_by_name_with_a_card_and_a_hash(folder):
    weights = adopt.add(folder / "dots.toml")
    assert models.find("dots") == weights.spec
    assert "dots" in models.specs()
    assert models.open_weights(weights.spec).sha256 == weights.sha256
    assert weights.onnx == paths.models_folder() / "dots" / "dots.onnx"
    assert sorted(one.name for one in weights.onnx.parent.iterdir()) == [
        *("dots.json", "dots.onnx", "dots.toml"),
    ]
    with pytest.raises(BadInput, match="added before"):
        adopt.add(folder / "dots.toml")
    adopt.add(folder / "dots.toml", replace=True)
    weights.onnx.write_bytes(weights.onnx.read_bytes()[:-5] + b"12345")
    with pytest.raises(EngineMismatch, match="SHA-256"):
        models.open_weights(weights.spec)


def test_a_changed_spec_without_its_network_is_refused(folder):
    adopt.add(folder / "dots.toml")
    text = SPEC.replace('onnx = "dots.onnx"\n', "").replace(
        '"heatmap"', '"heatmap"\nrefine = "udp"'
    )
    (folder / "dots.toml").write_text(text)
    with pytest.raises(BadInput, match="add-model"):
        edge3dpose.PoseEstimator(str(folder / "dots.toml"))


def test_a_broken_spec_in_the_folder_of_models_is_left_out(folder, caplog):
    adopt.add(folder / "dots.toml")
    (paths.models_folder() / "dots" / "dots.toml").write_text("name = ")
    assert "dots" not in models.specs()
    assert "left out" in caplog.text
    with pytest.raises(BadInput, match="no model called"):
        models.find("dots")


@pytest.mark.parametrize("opset", [11, 13, 18, 21])
def test_any_opset_is_taken(folder, opset):
    text = SPEC.replace("coco17", "mpii16").replace('"heatmap"', '"heatmap"\nchannels = [%s]')
    text %= ", ".join(["0"] * 16)
    (folder / "dots.toml").write_text(text)
    shape = [1, 3, 256, 192]
    nodes = [helper.make_node("Sigmoid", ["picture"], ["maps"])]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("picture", "maps")]
    made = helper.make_graph(nodes, "plain", ends[:1], ends[1:])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)
    (folder / "dots.onnx").write_bytes(model.SerializeToString())
    assert adopt.add(folder / "dots.toml").spec.skeleton.name == "mpii16"


def changed(change):
    """The dot network, changed."""

    def make(content):
        model = onnx.load_from_string(content)
        change(model)
        return model.SerializeToString()

    return make


def other_input(model):
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def other_size(model):
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 192


def other_batch(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4


def text_input(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def own_operator(model):
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    model.graph.node[0].domain = "com.example"


def unknown_operator(model):
    model.graph.node[0].op_type = "Frobnicate"


def control_flow(model):
    model.graph.node[0].op_type = "Loop"


def random_numbers(model):
    model.graph.node[0].op_type = "RandomNormalLike"


def data_elsewhere(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def too_new(model):
    model.opset_import[0].version = 99


def not_finite(model):
    for tensor in model.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor)
        if value.dtype == np.float32:
            tensor.CopyFrom(onnx.numpy_helper.from_array(value * np.float32(np.nan), tensor.name))


def no_opset(model):
    del model.opset_import[:]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda content: b"", "no ONNX file|no graph"),
        (lambda content: content[: len(content) // 2], "truncated|no usable"),
        (lambda content: b"\0" * 1000, "no whole ONNX|no ONNX"),
        (changed(other_input), "2 inputs"),
        (changed(other_size), r"takes \[1, 3, 192, 192\]"),
        (changed(other_batch), r"takes \[4"),
        (changed(text_input), "STRING"),
        (changed(own_operator), "com.example"),
        (changed(unknown_operator), "ONNX Runtime"),
        (changed(control_flow), "Loop"),
        (changed(random_numbers), "RandomNormalLike"),
        (changed(data_elsewhere), "another file"),
        (changed(too_new), "opset 99"),
        (changed(not_finite), "finite"),
        (changed(no_opset), "opset 0"),
    ],
)
def test_a_network_that_cannot_be_is_refused_in_one_line(folder, make, words):
    file = folder / "dots.onnx"
    file.write_bytes(make(file.read_bytes()))
    with pytest.raises((BadInput, EngineMismatch), match=words) as caught:
        adopt.add(folder / "dots.toml")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert not list(paths.models_folder().glob("*"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('decode = "heatmap"', 'decode = "magic"', "wanted one of heatmap"),
        ('decode = "heatmap"', 'decode = "heatmap"\nrefin = "udp"', "'refin' is no key"),
        ('decode = "heatmap"', 'decode = "heatmap"\nkernel = 10', "odd"),
        ('decode = "heatmap"', 'decode = "heatmap"\nmaps = "no"', "which is no output"),
        ('decode = "heatmap"', 'decode = "heatmap"\nstage = 3', "with that stage"),
        ('decode = "heatmap"', 'decode = "heatmap"\nchannels = [0, 99]', "channels"),
        ('decode = "heatmap"', 'decode = "simcc"\nx = "maps"\ny = "maps"', "17, bins"),
        ('decode = "heatmap"', 'decode = "regression"', r"\(1, 17 \* 2\)"),
        ('decode = "heatmap"', 'decode = "regression"\ncolumns = ["x"]', "wants x and y"),
        ('decode = "heatmap"', 'decode = "blazepose"\npoints = "maps"', "or more"),
        ('decode = "heatmap"', 'decode = "soft-argmax"\ndepth = 8', r"17 \* 8"),
        ('"coco17"', '"coco18"', "coco-wholebody133"),
        ('"coco17"', '"halpe26"', r"\(26, height, width\)"),
        ("[192, 256]", "[192]", "2"),
        ("[192, 256]", "[192, 100000]", "1024"),
        ("[192, 256]", "[256, 256]", r"says \[1, 3, 256, 256\]"),
        ("std_rgb = [58.395, 57.12, 57.375]", "std_rgb = [0, 1, 1]", "above 0"),
        ("std_rgb = [58.395, 57.12, 57.375]", "range = [0, 1]", "wants range"),
        ('name = "dots"', 'name = "../dots"', "small letters"),
        ('name = "dots"', 'name = "sspnet-lite"', "another name"),
        ('name = "dots"', "", "name is missing"),
        ('name = "dots"', 'name = "dots"\nkind = "bottom-up"', "bottom-up"),
        (
            'name = "dots"',
            'name = "dots"\n[crop]\nrule = "roi"',
            "roi needs depths|no key|skeleton",
        ),
        ("[input]", "[crop]\npadding = 0.1\n[input]", "1 to 3"),
        ("[input]", "[inputs]", "'inputs' is no key"),
        ("name", "name = name", "TOML"),
        ('skeleton = "coco17"', 'skeleton = {name = "a", joints = ["b", "b"]}', "twice"),
        ('skeleton = "coco17"', 'skeleton = {name = "a", joint = ["b"]}', "no key"),
        (
            'skeleton = "coco17"',
            'skeleton = {name = "a", joints = ["b"], bones = [["b"]]}',
            "pairs",
        ),
    ],
)
def test_a_spec_that_cannot_be_is_refused_in_one_line(folder, old, new, words):
    assert old in SPEC
    (folder / "dots.toml").write_text(SPEC.replace(old, new, 1))
    with pytest.raises(BadInput, match=words) as caught:
        adopt.add(folder / "dots.toml")
    assert "\n" not in str(caught.value)
    assert not list(paths.models_folder().glob("*"))


def test_a_spec_file_is_bounded(folder):
    (folder / "dots.toml").write_text("a = [" + "[" * 100_000)
    with pytest.raises(BadInput, match="TOML"):
        adopt.add(folder / "dots.toml")
    (folder / "dots.toml").write_text("#" * (1 << 18))
    with pytest.raises(BadInput, match="bytes"):
        adopt.add(folder / "dots.toml")
    with pytest.raises(BadInput, match="the package has: blazepose-full"):
        adopt.add(folder / "no-such-model")
