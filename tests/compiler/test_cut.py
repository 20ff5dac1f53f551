"""A cut says what the whole model says, and holds nothing else."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from edge3dpose.compiler import graph, inspect
from edge3dpose.compiler.cut import cut
from edge3dpose.errors import BadInput, EngineMismatch


def run(model: onnx.ModelProto, images: np.ndarray, outputs: list[str]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(outputs, {"images": images})


@pytest.fixture(scope="module")
def source(small_weights) -> onnx.ModelProto:
    return graph.load(small_weights.onnx)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(1).random((2, 3, 256, 256), np.float32)


@pytest.mark.parametrize("k", range(1, 25))
def test_a_cut_equals_its_head_of_the_whole_model(source, small_weights, images, k):
    head = small_weights.spec.head(k)
    (wanted,) = run(source, images, [head])
    for batch in (1, 2):
        alone = cut(source, small_weights.spec, k, batch=batch)
        (found,) = run(alone, images[:batch], [head])
        np.testing.assert_allclose(found, wanted[:batch], atol=1e-5)


@pytest.mark.parametrize("k", [1, 24])
def test_a_cut_holds_no_node_and_no_weight_that_its_head_does_not_need(source, small_weights, k):
    alone = cut(source, small_weights.spec, k).graph
    needed = {node.name for node in graph.ancestors(alone, alone.output[0].name)}
    assert needed == {node.name for node in alone.node}
    assert {t.name for t in alone.initializer} <= {n for node in alone.node for n in node.input}
    exits = [n.name for n in alone.node if n.name.endswith(".exit")]
    assert exits == [f"node.cut{k:02d}.exit"]
    assert [out.name for out in alone.output] == [f"cut{k:02d}"]


def test_every_shape_of_a_cut_is_static_and_no_shape_is_computed(source, small_weights):
    assert "Shape" in {node.op_type for node in source.graph.node}
    alone = cut(source, small_weights.spec, 3)
    assert not {"Shape", "Gather", "Constant"} & {node.op_type for node in alone.graph.node}
    for name, dims in graph.shapes(alone).items():
        assert all(isinstance(length, int) for length in dims), name


def test_the_whole_model_is_left_as_it_was(source, small_weights):
    before = source.SerializeToString(deterministic=True)
    cut(source, small_weights.spec, 5)
    assert source.SerializeToString(deterministic=True) == before


def test_an_unknown_cut_and_a_foreign_file_are_named(source, small_weights):
    with pytest.raises(BadInput, match=r"no head cut25.*cuts 1 to 24"):
        cut(source, small_weights.spec, 25)
    foreign = onnx.ModelProto.FromString(source.SerializeToString())
    foreign.graph.input[0].name = "pixels"
    with pytest.raises(EngineMismatch, match="wants one input, `images`"):
        cut(foreign, small_weights.spec, 1)


def test_a_head_of_another_shape_is_named(source, small_weights):
    with pytest.raises(EngineMismatch, match=r"cut01 answers \(1, 17, 7\).*export it anew"):
        cut(source, replace(small_weights.spec, has_std=True), 1)


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "flipped"])
def test_a_damaged_onnx_file_is_one_line(small_weights, tmp_path, damage):
    whole = small_weights.onnx.read_bytes()
    content = {
        "truncated": whole[: len(whole) // 3],
        "empty": b"",
        "text": b"this is not a network",
        "flipped": whole.replace(b"Relu", b"Rel\xf5"),
    }[damage]
    file = tmp_path / "broken.onnx"
    file.write_bytes(content)
    words = r"is no (whole )?ONNX file|not a usable ONNX model"
    with pytest.raises(EngineMismatch, match=words) as caught:
        graph.load(file)
    assert "\n" not in str(caught.value)


def test_costs_are_counted_as_in_the_paper(source, small_weights):
    found = inspect.costs(source)["cut01"]
    c, cells = 16, 16 * 16
    convs = 3 * c * 49, 25 * c, c * c, 34 * c
    assert found.params == sum(convs) + 4 * c  # two batch norms, scale and shift
    assert found.macs == convs[0] * 32 * 32 + sum(convs[1:]) * cells
    alone = cut(source, small_weights.spec, 1)
    assert inspect.costs(alone)["cut01"].params == found.params


@pytest.mark.slow
def test_sspnet_is_the_published_network_in_torch_and_in_every_cut(tmp_path):
    """Parameters, multiply-accumulates and what the cuts say, for growth 96."""
    torch = pytest.importorskip("torch", reason="the train extra is not installed")
    from edge3dpose import models
    from edge3dpose.training import nets
    from edge3dpose.training.export import export

    spec, net = models.find("sspnet"), nets.build("sspnet").eval()
    whole = graph.load(export(net, spec, tmp_path, {}))
    found = inspect.costs(whole)
    images = torch.rand(1, 3, 256, 256)
    table = {1: (1.870e6, 3.566e9), 11: (11.054e6, 4.660e9), 24: (21.716e6, 6.621e9)}
    with torch.no_grad():
        wanted = net(images, table)
    for (k, (params, macs)), expected in zip(table.items(), wanted, strict=True):
        # the exporter folds seven batch norms into convolutions: 1952 scales are gone
        assert found[spec.head(k)].params == pytest.approx(params, abs=2.5e3)
        assert found[spec.head(k)].macs == pytest.approx(macs, abs=0.6e6)
        (said,) = run(cut(whole, spec, k), images.numpy(), [spec.head(k)])
        np.testing.assert_allclose(said, expected.numpy(), atol=1e-4)
