"""Decodes as nodes of a graph, against the published code in numpy and OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge3dpose.compiler import adopt
from edge3dpose.decode import soft_argmax
from edge3dpose.models import _spec_file

J, H, W = 16, 64, 48

SPEC = """
name = "one"
skeleton = "mpii16"
[input]
size = [192, 256]
range = [0, 1]
[output]
"""


def spec(tmp_path, output):
    file = tmp_path / "one.toml"
    file.write_text(SPEC + output)
    return _spec_file.read(file)


def constant_network(**outputs):
    """A network that gives the same arrays for every picture."""
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        *(helper.make_node("Add", [f"{name}_", "nothing"], [name]) for name in outputs),
    ]
    values = [numpy_helper.from_array(np.asarray(v, np.float32), f"{n}_")
              for n, v in outputs.items()]  # fmt: skip
    values.append(numpy_helper.from_array(np.float32(0), "zero"))
    made = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["N", 3, "h", "w"])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in outputs.items()],
        values,
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def answer(file, **outputs):
    """(J, 4) by the graph: u, v in pixels of the network's input, z, score."""
    model = adopt.assemble(file, constant_network(**outputs), "net.onnx")
    session = onnxruntime.InferenceSession(model.SerializeToString())
    side = file.spec.input_size
    found = session.run(None, {"images": np.zeros((1, 3, side, side), np.float32)})[0][0]
    found[:, :2] = found[:, :2] * side - file.shift_px
    return found


def blobs(seed=0):
    """(J, H, W) maps as networks give them: a blob and noise; two are at a border, one is flat."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:H, :W]
    maps = np.empty((J, H, W), np.float32)
    for joint in range(J):
        cx, cy = rng.uniform(4, W - 5), rng.uniform(4, H - 5)
        cx, cy = {0: (0.2, cy), 1: (cx, H - 1.1)}.get(joint, (cx, cy))
        maps[joint] = rng.uniform(0.3, 1) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 8)
    return maps + rng.normal(0, 0.003, maps.shape).astype(np.float32)


def highest(maps):
    at = maps.reshape(J, -1).argmax(1)
    return np.stack([at % W, at // W], 1).astype(np.float64), maps.reshape(J, -1).max(1)


def quarter(maps):
    """mmpose, _get_max_preds and the default post-processing."""
    places, _ = highest(maps)
    for joint, (x, y) in enumerate(places.astype(int)):
        if 1 < x < W - 1 and 1 < y < H - 1:
            one = maps[joint]
            step = np.array([one[y][x + 1] - one[y][x - 1], one[y + 1][x] - one[y - 1][x]])
            places[joint] += np.sign(step) * 0.25
    return places


def dark(maps, kernel=11):
    """The authors' code (Zhang et al.): zeros beyond the border."""
    places, _ = highest(maps)
    border = (kernel - 1) // 2
    for joint, (px, py) in enumerate(places.astype(int)):
        padded = np.zeros((H + 2 * border, W + 2 * border), np.float32)
        padded[border:-border, border:-border] = maps[joint]
        blurred = cv2.GaussianBlur(padded, (kernel, kernel), 0)[border:-border, border:-border]
        one = np.log(np.maximum(blurred, 1e-10))
        if 1 < px < W - 2 and 1 < py < H - 2:
            dx = 0.5 * (one[py][px + 1] - one[py][px - 1])
            dy = 0.5 * (one[py + 1][px] - one[py - 1][px])
            dxx = 0.25 * (one[py][px + 2] - 2 * one[py][px] + one[py][px - 2])
            dxy = 0.25 * (one[py + 1][px + 1] - one[py - 1][px + 1] - one[py + 1][px - 1]
                          + one[py - 1][px - 1])  # fmt: skip
            dyy = 0.25 * (one[py + 2][px] - 2 * one[py][px] + one[py - 2][px])
            hessian = np.array([[dxx, dxy], [dxy, dyy]])
            if dxx * dyy - dxy**2 != 0:
                places[joint] += -np.linalg.inv(hessian) @ [dx, dy]
    return places


def udp(maps, kernel=11):
    """mmpose, post_dark_udp."""
    places, _ = highest(maps)
    for joint in range(J):
        one = np.log(np.clip(cv2.GaussianBlur(maps[joint], (kernel, kernel), 0), 0.001, 50))
        one = np.pad(one, 1, mode="edge")
        x, y = (int(v) + 1 for v in places[joint])
        i, ix, iy = one[y, x], one[y, x + 1], one[y + 1, x]
        ixy, ix_, iy_, ix_y_ = one[y + 1, x + 1], one[y, x - 1], one[y - 1, x], one[y - 1, x - 1]
        rise = 0.5 * np.array([ix - ix_, iy - iy_])
        dxy = 0.5 * (ixy - ix - iy + i + i - ix_ - iy_ + ix_y_)
        eps = np.finfo(np.float32).eps
        hessian = np.array([[ix - 2 * i + ix_ + eps, dxy], [dxy, iy - 2 * i + iy_ + eps]])
        places[joint] -= np.linalg.inv(hessian) @ rise
    return places


@pytest.mark.parametrize(
    ("refine", "reference", "scale"),
    [
        ("none", lambda maps: highest(maps)[0], np.array([4, 4])),
        ("quarter", quarter, np.array([4, 4])),
        ("dark", dark, np.array([4, 4])),
        ("udp", udp, np.array([191 / 47, 255 / 63])),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_heatmap_is_read_as_published(tmp_path, refine, reference, scale, seed):
    maps = blobs(seed)
    file = spec(tmp_path, f'decode = "heatmap"\nrefine = "{refine}"')
    found = answer(file, maps=maps[None])
    wanted = reference(maps) * scale + 0.5
    far = np.abs(wanted - (highest(maps)[0] * scale + 0.5)).max(axis=1) > 2 * 4
    assert far.sum() <= 1  # where the published step leaves the blob ours is cut off
    assert found[~far, :2] == pytest.approx(wanted[~far], abs=0.05)
    assert found[:, 3] == pytest.approx(np.clip(highest(maps)[1], 0, 1), abs=1e-6)


def test_cells_lie_where_the_spec_says(tmp_path):
    maps = np.zeros((1, J, H, W), np.float32)
    maps[:, :, 63, 47] = 1
    for cells, x, y in (("stride", 188.5, 252.5), ("udp", 191.5, 255.5),
                        ("centres", 190, 254), ("ends", 192, 256)):  # fmt: skip
        text = f'decode = "heatmap"\nrefine = "none"\ncells = "{cells}"'
        found = answer(spec(tmp_path, text), maps=maps)
        assert found[0, :2] == pytest.approx([x, y], abs=1e-3)


def test_a_flat_map_and_nothing_but_noise_give_finite_places(tmp_path):
    for refine in ("quarter", "dark", "udp"):
        file = spec(tmp_path, f'decode = "heatmap"\nrefine = "{refine}"')
        assert np.isfinite(answer(file, maps=np.zeros((1, J, H, W)))).all()
        noise = np.random.default_rng(0).normal(0, 1, (1, J, H, W))
        found = answer(file, maps=noise)
        assert np.isfinite(found).all()
        assert (found[:, :2] > -9).all()
        assert (found[:, :2] < [201, 265]).all()


def test_maps_may_be_channels_last_logits_and_more_than_the_joints(tmp_path):
    maps = blobs()
    wanted = answer(spec(tmp_path, 'decode = "heatmap"'), maps=maps[None])
    last = 'decode = "heatmap"\nlayout = "nhwc"\nactivation = "sigmoid"\nchannels = [' + ", ".join(
        str(n) for n in range(1, J + 1)
    )
    logits = np.log(np.clip(maps, 1e-6, 0.999) / (1 - np.clip(maps, 1e-6, 0.999)))
    more = np.concatenate([np.full((1, H, W), 9), logits]).transpose(1, 2, 0)[None]
    found = answer(spec(tmp_path, last + "]"), maps=more)
    assert found == pytest.approx(wanted, abs=2.0)


def test_the_soft_argmax_is_that_of_our_own_models(tmp_path):
    heat = 10 * blobs()[None]
    file = spec(tmp_path, 'decode = "soft-argmax"\ncells = "ends"')
    wanted = soft_argmax(heat, np.zeros_like(heat))[0]
    found = answer(file, maps=heat)
    assert found[:, :2] == pytest.approx(wanted[:, :2] * [192, 256], abs=0.01)
    assert found[:, 3] == pytest.approx(wanted[:, 3], abs=1e-5)


@pytest.mark.parametrize("shape", [(1, J * 8, 16, 12), (1, J, 8, 16, 12)])
def test_a_volume_gives_depth_too(tmp_path, shape):
    volume = np.full((J, 8, 16, 12), -40, np.float32)
    for joint in range(J):
        volume[joint, joint % 8, joint, joint % 12] = 0
    file = spec(tmp_path, 'decode = "soft-argmax"\ndepth = 8\nz_span_mm = 1600')
    assert file.spec.has_depth
    assert file.spec.z_range_mm == 1600
    found = answer(file, volume=volume.reshape(shape))
    n = np.arange(J)
    assert found[:, 2] == pytest.approx(n % 8 / 8, abs=1e-5)
    assert found[:, :2] == pytest.approx(np.stack([n % 12 * 16, n * 16], 1) + 0.5, abs=1e-2)


def test_shares_by_sum_are_of_what_is_above_zero(tmp_path):
    maps = np.full((1, J, 16, 12), -5, np.float32)
    maps[:, :, 3, 4], maps[:, :, 3, 8] = 3, 1
    found = answer(spec(tmp_path, 'decode = "soft-argmax"\nshare = "sum"'), maps=maps)
    assert found[0, :2] == pytest.approx([5 * 16 + 0.5, 3 * 16 + 0.5], abs=1e-3)


def test_simcc_takes_the_lesser_height(tmp_path):
    x, y, z = np.zeros((1, J, 384)), np.zeros((1, J, 512)), np.zeros((1, J, 64))
    n = np.arange(J)
    x[0, n, 20 * n], y[0, n, 30 * n], z[0, n, 2 * n] = 0.8, 0.6, 1
    plain = 'decode = "simcc"\nx = "x"\ny = "y"\n'
    found = answer(spec(tmp_path, plain), x=x, y=y)
    assert found[:, :2] == pytest.approx(np.stack([10 * n, 15 * n], 1) + 0.5, abs=1e-3)
    assert found[:, 3] == pytest.approx(0.6)
    deep = spec(tmp_path, plain + 'z = "z"')
    assert deep.spec.has_depth
    assert answer(deep, x=x, y=y, z=z)[:, 2] == pytest.approx(2 * n / 64)


@pytest.mark.parametrize(
    ("units", "make"),
    [
        ("px", lambda p: p),
        ("0..1", lambda p: p / [192, 256]),
        ("-1..1", lambda p: 2 * p / [192, 256] - 1),
        ("-0.5..0.5", lambda p: p / [192, 256] - 0.5),
    ],
)
def test_a_regression_has_columns_in_any_order(tmp_path, units, make):
    points = np.random.default_rng(0).uniform(0, 1, (J, 2)) * [192, 256]
    score = np.linspace(0, 1, J)
    rows = np.concatenate([score[:, None], make(points)[:, ::-1]], 1)
    text = f'decode = "regression"\ncolumns = ["score", "y", "x"]\nunits = "{units}"'
    found = answer(spec(tmp_path, text), rows=rows[None])
    assert found[:, :2] == pytest.approx(points, abs=1e-3)
    assert found[:, 3] == pytest.approx(score, abs=1e-6)


def test_a_regression_may_have_depth_and_scores_in_an_output_of_their_own(tmp_path):
    rows = np.random.default_rng(0).uniform(0, 200, (J, 3))
    text = ('decode = "regression"\npoints = "rows"\ncolumns = ["x", "y", "z"]\nunits = "px"\n'
            'score = "sure"\nactivation = "sigmoid"')  # fmt: skip
    found = answer(spec(tmp_path, text), rows=rows.reshape(1, -1), sure=np.zeros((1, J)))
    assert found[:, 2] == pytest.approx(rows[:, 2] / 256 + 0.5, abs=1e-5)
    assert found[:, 3] == pytest.approx(0.5)
    plain = 'decode = "regression"\nunits = "px"'
    assert (answer(spec(tmp_path, plain), rows=rows[None, :, :2])[:, 3] == 1).all()


def test_blazepose_reads_world_depths_in_the_size_of_the_picture(tmp_path):
    rows = np.zeros((39, 5))
    rows[:16, 0], rows[:16, 1] = np.arange(16) * 10, 50 + np.arange(16) * 5
    rows[:16, 2], rows[:16, 3] = 7, 100
    world = np.zeros((39, 3))
    world[:, :2], world[:, 2] = rows[:, :2] / 400, 0.1  # 400 px a metre
    text = 'decode = "blazepose"\npoints = "rows"\nflag = "flag"\n'
    outputs = {"rows": rows.reshape(1, -1), "flag": np.array([[0.75]])}
    found = answer(spec(tmp_path, text), **outputs)
    assert found[:, :2] == pytest.approx(rows[:16, :2], abs=1e-3)
    assert found[:, 2] == pytest.approx(0.5 + 7 / 256)
    assert found[:, 3] == pytest.approx(0.75)
    deep = answer(spec(tmp_path, text + 'world = "world"'), **outputs, world=world.reshape(1, -1))
    assert deep[:, 2] == pytest.approx(0.5 + 40 / 256, rel=0.01)
