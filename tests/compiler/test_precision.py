"""FP16 and INT8 as passes over a graph: what they change, what they leave, what they refuse."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, numpy_helper

from edge3dpose.compiler import fp16, graph, int8
from edge3dpose.compiler.cut import cut
from edge3dpose.errors import BuildFailed


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(2).random((1, 3, 256, 256), np.float32)


@pytest.fixture(scope="module")
def single(small_weights) -> onnx.ModelProto:
    return cut(graph.load(small_weights.onnx), small_weights.spec, 2)


@pytest.fixture(scope="module")
def ranges(single, images) -> dict[str, float]:
    names = [layer.input[0] for layer in int8.quantisable(single)]
    seen = onnx.ModelProto.FromString(single.SerializeToString())
    made = set(graph.producers(seen.graph))
    seen.graph.output.extend(onnx.ValueInfoProto(name=n) for n in dict.fromkeys(names) if n in made)
    session = onnxruntime.InferenceSession(seen.SerializeToString())
    values = session.run(None, {"images": images})
    outputs = [out.name for out in session.get_outputs()]
    peaks = {n: float(np.abs(v).max()) for n, v in zip(outputs, values, strict=True)}
    return {**peaks, "images": 1.0}


def pose(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {"images": images})[0][..., :3]


def types(model: onnx.ModelProto) -> dict[str, int]:
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    values = (*inferred.input, *inferred.value_info, *inferred.output)
    return {value.name: value.type.tensor_type.elem_type for value in values}


def op(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.name == name)


def test_fp16_has_a_half_trunk_and_a_full_decode(single, images):
    half = fp16.to_fp16(single)
    kinds = types(half)
    assert kinds["images"] == kinds["cut02"] == TensorProto.FLOAT
    assert kinds["stem"] == kinds["cut02.depthwise"] == kinds["cut02.exit"] == TensorProto.FLOAT16
    for tensor in ("cut02.flat", "cut02.share", "cut02.uv", "cut02.depth", "cut02.score"):
        assert kinds[tensor] == TensorProto.FLOAT, tensor
    assert [node.op_type for node in half.graph.node].count("Cast") == 2
    assert half.ByteSize() < 0.75 * single.ByteSize()
    assert 0 < np.abs(pose(half, images) - pose(single, images)).max() < 5e-3


def test_a_batch_norm_of_tiny_variance_survives_fp16(single, images):
    tiny = onnx.ModelProto.FromString(single.SerializeToString())
    norm = next(node for node in tiny.graph.node if node.op_type == "BatchNormalization")
    # FP16 has no number between 0 and 6e-8: alone, this variance would become a division by 0
    graph.set_constant(tiny.graph, norm.input[4], np.full(16, 1e-9, np.float32))
    graph.set_constant(tiny.graph, norm.input[1], np.full(16, 3e-5, np.float32))
    del norm.attribute[:]
    norm.attribute.append(onnx.helper.make_attribute("epsilon", 1e-12))
    assert np.abs(pose(fp16.to_fp16(tiny), images) - pose(tiny, images)).max() < 5e-3


def test_a_weight_beyond_fp16_is_refused_by_the_name_of_its_layer(single):
    loud = onnx.ModelProto.FromString(single.SerializeToString())
    weights = graph.constants(loud.graph)["stem.weight"].copy()
    weights.flat[0] = 7e4
    graph.set_constant(loud.graph, "stem.weight", weights)
    with pytest.raises(BuildFailed, match=r"Conv node.stem has a weight of magnitude 7e\+04"):
        fp16.to_fp16(loud)


@pytest.mark.parametrize("peak", [5e4, float("inf"), float("nan")])
def test_an_activation_near_the_end_of_fp16_is_refused_by_the_name_of_its_layer(single, peak):
    fp16.refuse_overflow(single, {"stem": 3e4, "cut02.share": 1e9})  # the decode is FP32
    with pytest.raises(BuildFailed, match=r"Conv node.stem reaches .* --precision fp32"):
        fp16.refuse_overflow(single, {"stem": peak})


@pytest.mark.parametrize(("bits", "most"), [(8, 127), (7, 63)])
def test_int8_is_symmetric_with_a_scale_a_channel_and_stored_weights(single, ranges, bits, most):
    quantised = int8.quantise(single, ranges, weight_bits=bits)
    known = graph.constants(quantised.graph)
    deep = op(quantised, "node.cut02.depthwise")
    dequantise = graph.producers(quantised.graph)[deep.input[1]]
    levels, scale, zero = (known[name] for name in dequantise.input)
    assert levels.dtype == np.int8
    assert np.abs(levels).max() == most
    assert scale.shape == (16,)
    assert not zero.any()
    weights = graph.constants(single.graph)["cut02.depthwise.weight"]
    step = scale.reshape(-1, 1, 1, 1)
    assert (np.abs(levels * step - weights) <= 0.51 * step + 1e-3 * np.abs(weights)).all()
    assert "cut02.depthwise.weight" not in known  # the FP32 weights are gone
    zeros = [n.input[2] for n in quantised.graph.node if n.op_type == "QuantizeLinear"]
    assert all(known[name].dtype == np.int8 and not known[name].any() for name in zeros)


def test_int8_takes_depthwise_and_pointwise_and_leaves_what_holds_logits(single, ranges):
    made_by = graph.producers(int8.quantise(single, ranges).graph)

    def is_int8(layer: str) -> bool:
        node = made_by[layer]
        return all(made_by[name].op_type == "DequantizeLinear" for name in node.input[:2])

    assert all(map(is_int8, ["stem", "cut01.depthwise", "cut01.pointwise", "cut02.pointwise"]))
    for layer in ("cut01.heads", "cut01.reinject", "cut02.exit"):
        assert "QuantizeLinear" not in {made_by[n].op_type for n in made_by[layer].input[:1]}
        assert made_by[layer].input[1] not in made_by  # a plain FP32 initializer


def test_a_tensor_is_quantised_once_and_a_skipped_layer_not_at_all(single, ranges):
    quantised = int8.quantise(single, ranges, skip=frozenset(["node.stem"]))
    sources = [n.input[0] for n in quantised.graph.node if n.op_type == "QuantizeLinear"]
    assert len(sources) == len(set(sources)) == 4
    assert op(quantised, "node.stem").input[:] == ["images", "stem.weight"]


def test_int8_says_nearly_the_same_over_fp32_and_over_fp16(single, ranges, images):
    quantised = int8.quantise(single, ranges)
    mixed = fp16.to_fp16(quantised)
    assert quantised.ByteSize() < 0.75 * single.ByteSize()
    assert types(mixed)["cut02.depthwise"] == TensorProto.FLOAT16
    exact = pose(single, images)
    assert 1e-5 < np.abs(pose(quantised, images) - exact).max() < 0.03
    assert np.abs(pose(mixed, images) - pose(quantised, images)).max() < 0.01


def test_int8_without_a_range_is_refused(single, ranges):
    some = {name: value for name, value in ranges.items() if name != "cut02.depthwise"}
    with pytest.raises(BuildFailed, match=r"no range for cut02.depthwise.*edge3dpose calibrate"):
        int8.quantise(single, some)


def test_a_channel_without_weights_stays_zero(single, ranges, images):
    quiet = onnx.ModelProto.FromString(single.SerializeToString())
    weights = graph.constants(quiet.graph)["cut01.pointwise.weight"].copy()
    weights[3] = 0
    graph.set_constant(quiet.graph, "cut01.pointwise.weight", weights)
    mixed = fp16.to_fp16(int8.quantise(quiet, ranges))
    tensors = {t.name: numpy_helper.to_array(t) for t in mixed.graph.initializer}
    scale = next(
        v for n, v in tensors.items() if n.startswith("node.cut01.pointwise.weights.scale")
    )
    assert scale.dtype == np.float16
    assert scale.min() > 0
    assert np.isfinite(pose(mixed, images)).all()
