"""HEMlets: targets by hand, the decode against float64, the fold, a few steps of training."""

import json
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from edge3dpose import models, skeletons
from edge3dpose.cli import cli
from edge3dpose.compiler import fp16, graph, int8, parity
from edge3dpose.compiler.cut import cut
from edge3dpose.errors import BadInput
from edge3dpose.training import cards, export, loop, losses, nets, state, triplets
from edge3dpose.training.data import batches, polarity
from edge3dpose.training.layers import folded_hemlets
from edge3dpose.training.layers.resnet import ResNet50
from edge3dpose.training.nets import hemlets

RECIPE = replace(
    nets.recipe_of("hemlets-edge"),
    growth=8,
    samples=64,
    batch=2,
    warmup=0.0,
    tune_entry_from=1.0,
    bf16=False,
)
JOINT = skeletons.H36M17.joints.index


def stirred(net):
    """Batch norms that do something, as after a training."""
    torch.manual_seed(1)
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            for value in (part.weight.data, part.bias.data, part.running_mean, part.running_var):
                torch.nn.init.uniform_(value, 0.5, 1.5)
    return net.eval()


def a_pose(**depths_mm):
    """Labels (1, 17, 3): joints all over the crop, as deep as the root but for those named."""
    random = np.random.default_rng(0)
    uvz = np.full((1, 17, 3), 0.5, np.float32)
    uvz[0, :, :2] = random.uniform(0.2, 0.8, (17, 2))
    for name, depth_mm in depths_mm.items():
        uvz[0, JOINT(name), 2] += depth_mm / 2000
    return torch.from_numpy(uvz)


def targets(uvz, **changes):
    return replace(
        batches.targets_from(uvz, torch.ones(uvz.shape[:2], dtype=torch.bool)), **changes
    )


def test_the_papers_size_is_the_papers():
    with torch.device("meta"):
        net = nets.build("hemlets")
        assert sum(p.numel() for p in ResNet50().parameters()) == 23_508_032
        assert sum(p.numel() for p in net.parameters()) == 49_614_588
        volume, maps = net.raw(torch.zeros(1, 3, 256, 256))
    assert volume.shape == (1, 18 * 64, 64, 64)
    assert maps.shape == (1, 60, 64, 64)


def test_the_polarity_of_each_part_is_who_is_nearer():
    pose = a_pose(right_elbow=-200, right_wrist=-210, left_knee=300, left_ankle=0)
    signs, known = triplets.signs_of(targets(pose), 2000.0)
    assert known.all()
    by_child = dict(zip(polarity.CHILDREN, signs[0].tolist(), strict=True))
    assert by_child[JOINT("right_elbow")] == 1  # in front of the shoulder
    assert by_child[JOINT("right_wrist")] == 0  # level with the elbow, within a fifth of the bone
    assert by_child[JOINT("left_knee")] == -1  # behind the hip
    assert by_child[JOINT("left_ankle")] == 1  # in front of the knee
    assert sum(abs(sign) for sign in by_child.values()) == 3


def test_the_maps_of_a_pose_drawn_by_hand():
    pose = a_pose(right_elbow=-200, left_knee=300)
    maps, known = triplets.targets_of(targets(pose), 33, 2000.0)
    assert maps.shape == (1, 60, 33, 33)
    assert known.all()

    def height(channel, name):
        column, row = (pose[0, JOINT(name), :2] * 32).round().int().tolist()
        return maps[0, channel, row, column].item()

    part = polarity.CHILDREN.index(JOINT("right_elbow"))
    assert height(3 * part + 1, "right_shoulder") > 0.9  # the parent, in the middle map
    assert height(3 * part + 2, "right_elbow") > 0.9  # the child is nearer
    assert maps[0, 3 * part].max() == 0
    part = polarity.CHILDREN.index(JOINT("left_knee"))
    assert height(3 * part, "left_knee") > 0.9
    assert maps[0, 3 * part + 2].max() == 0
    part = polarity.CHILDREN.index(JOINT("left_hip"))  # level: both lie in the middle map
    assert min(height(3 * part + 1, name) for name in ("pelvis", "left_hip")) > 0.9
    assert maps[0, 3 * part + 1].max() <= 1
    assert height(42 + JOINT("left_wrist"), "left_wrist") > 0.9
    between = pose[0, [11, 14], :2].mean(dim=0)
    column, row = (between * 32).round().int().tolist()
    assert maps[0, -1, row, column] > 0.9


def test_a_mirror_swaps_the_sides_and_keeps_who_is_nearer():
    pose = a_pose(right_elbow=-200)
    labels = torch.from_numpy(polarity.labels(pose[0].numpy(), np.full(14, np.nan)))[None]
    labels[0, JOINT("right_elbow"), 3] = 1
    mirror = torch.tensor(skeletons.H36M17.mirror)
    swapped, _ = batches.mirrored(labels, torch.ones(1, 17, dtype=torch.bool), mirror)
    assert swapped[0, JOINT("left_elbow"), 3] == 1
    assert swapped[0, JOINT("right_elbow"), 3].isnan()
    assert swapped[0, JOINT("left_elbow"), 0] == 1 - labels[0, JOINT("right_elbow"), 0]


def test_a_weak_label_teaches_its_part_and_no_depth():
    uvz = a_pose()
    uvz[..., 2] = np.nan
    signs = np.full(14, np.nan)
    signs[3] = -1
    labels = torch.from_numpy(polarity.labels(uvz[0].numpy(), signs))[None]
    weak = targets(labels)
    found, known = triplets.signs_of(weak, 2000.0)
    assert known[0].tolist() == [part == 3 for part in range(14)]
    assert found[0, 3] == -1
    maps = torch.rand(1, 60, 16, 16, requires_grad=True)
    triplets.loss(maps, weak, 2000.0).backward()
    taught = maps.grad.abs().sum(dim=(2, 3))[0] > 0
    assert taught[:42].tolist() == [part // 3 == 3 for part in range(42)]
    assert taught[42:].all()
    said = torch.rand(1, 17, 4, requires_grad=True)
    losses.integral_loss(said, weak).backward()
    assert (said.grad[..., 2] == 0).all()
    assert (said.grad[..., 0] != 0).all()


@pytest.mark.parametrize("height", [25.0, 3.0, 0.0])
def test_the_integral_is_exact_on_confident_and_diffuse_volumes(height):
    bins, size = 16, 32
    random = np.random.default_rng(2)
    volume = random.normal(0, 0.5, (2, 18, bins, size, size))
    z, y, x = np.mgrid[:bins, :size, :size]
    for n in range(2):
        for joint in range(18):
            at = random.uniform(3, (bins - 3, size - 3, size - 3))
            far = (z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2
            volume[n, joint] += height * np.exp(-far / 8)
    share = np.exp(volume - volume.max(axis=(2, 3, 4), keepdims=True))
    share /= share.sum(axis=(2, 3, 4), keepdims=True)
    axes = (x / (size - 1), y / (size - 1), z / (bins - 1))
    expected = np.stack([(share * axis).sum(axis=(2, 3, 4)) for axis in axes], axis=-1)[:, :17]
    found = hemlets.Integral()(torch.from_numpy(volume).float().flatten(1, 2)).numpy()
    np.testing.assert_allclose(found[..., :3], expected, atol=2e-6)
    front = share.sum(axis=2)[:, :17]
    windows = np.lib.stride_tricks.sliding_window_view(front, (4, 4), axis=(2, 3)).sum(axis=(4, 5))
    np.testing.assert_allclose(found[..., 3], windows.max(axis=(2, 3)), atol=2e-6)
    for n, axis in enumerate(axes):
        off = axis - expected[..., n, None, None, None]
        variance = (share[:, :17] * off**2).sum(axis=(2, 3, 4))
        np.testing.assert_allclose(found[..., 4 + n], np.sqrt(variance), atol=2e-5)


def test_the_fold_changes_no_number():
    small = stirred(hemlets.paper(8, 64).double())
    edge = stirred(nets.build("hemlets-edge", growth=8).double())
    images = torch.rand(2, 3, 128, 128, dtype=torch.float64)
    for net in (small, edge):
        torch.nn.init.normal_(net.volume[-1].weight, std=3.0)
        with torch.no_grad():
            expected = net(images)[0]
            found = folded_hemlets.folded(net)(images)[0]
        assert expected[..., :3].std() > 0.02
        assert (found - expected).abs().max() < 1e-6
        left = [type(part) for part in folded_hemlets.folded(net).modules()]
        concerned = [torch.nn.BatchNorm2d] if net is small else []
        assert not any(kind in left for kind in concerned)


def test_a_few_steps_lower_the_loss_of_coordinates_and_of_hints():
    torch.manual_seed(0)
    training = state.start(RECIPE, nets.build("hemlets-edge", growth=8), torch.device("cpu"))
    uvz = torch.rand(2, 17, 3) * 0.6 + 0.2
    batch = batches.Batch(torch.rand(2, 3, 256, 256), targets(uvz))
    net = training.net

    def hints():
        with torch.no_grad():
            return triplets.loss(net.raw(batch.images)[1], batch.targets, 2000.0).item()

    before = hints()
    series = [loop.step(training, batch, 0.1).item() for _ in range(12)]
    assert series[-1] < 0.9 * series[0]
    assert hints() < 0.8 * before


def test_the_exported_file_is_one_head_that_says_what_the_network_says(tmp_path):
    spec = models.find("hemlets-edge")
    net = stirred(nets.build("hemlets-edge", growth=8))
    file = export.export(net, spec, tmp_path, cards.untrained(8))
    images = torch.rand(2, 3, 256, 256)
    with torch.no_grad():
        expected = net.eval()(images)[0].numpy()
    session = onnxruntime.InferenceSession(str(file))
    assert [out.name for out in session.get_outputs()] == ["cut01"]
    found = session.run(None, {"images": images.numpy()})[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_int8_leaves_the_volumes_logits_and_the_deconvolutions(tmp_path):
    net = stirred(nets.build("hemlets", growth=8))
    file = export.export(net, models.find("hemlets"), tmp_path, cards.untrained("hemlets"))
    whole = graph.load(file)
    (last,) = graph.logit_layers(whole.graph)
    taken = int8.quantisable(whole)
    assert last not in taken
    assert {node.op_type for node in taken} == {"Conv"}
    assert len(taken) > 50  # the backbone's


_SLOWLY = [pytest.param(sharpness, marks=pytest.mark.slow) for sharpness in (0.0, 40.0)]


@pytest.mark.parametrize("sharpness", [1.0, *_SLOWLY])
def test_an_fp16_engine_keeps_millimetres_on_confident_and_diffuse_volumes(tmp_path, sharpness):
    net = stirred(nets.build("hemlets-edge", growth=8))
    with torch.no_grad():
        net.volume[-1].weight.mul_(sharpness)
    spec = models.find("hemlets-edge")
    file = export.export(net, spec, tmp_path, cards.untrained(spec.name))
    full = cut(graph.load(file), spec, 1)
    images = np.random.default_rng(0).random((1, 3, 256, 256), np.float32)
    wanted, found = (
        onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"images": images})[0]
        for model in (full, fp16.to_fp16(full))
    )
    off_mm = parity.distances_mm(found, wanted, spec)
    assert np.median(off_mm) < parity.TOLERANCES_MM["fp16"][0]
    assert off_mm.max() < parity.TOLERANCES_MM["fp16"][1]
    # what it keeps them from: the same sums in FP16
    with torch.no_grad():
        volume = net.raw(torch.from_numpy(images))[0].unflatten(1, (18, -1))[0, :17]
    share = torch.exp(volume - volume.amax(dim=(1, 2, 3), keepdim=True)).flatten(1).numpy()
    u = np.broadcast_to(np.linspace(0, 1, 32), (32, 32, 32)).reshape(-1)
    weight = share.astype(np.float16).cumsum(axis=1, dtype=np.float16)[:, -1]
    sums = (share * u).astype(np.float16).cumsum(axis=1, dtype=np.float16)[:, -1]
    assert np.abs(sums / weight - wanted[0, :, 0]).max() * spec.crop_side_mm > 100


@pytest.mark.parametrize(
    ("backend", "precision"), [("onnxruntime", "fp32"), ("tensorrt-rtx", "fp16")]
)
def test_the_compiler_that_builds_ssp_net_builds_it(tmp_path, backend, precision):
    pytest.importorskip(backend.replace("-", "_"), reason=f"{backend} is not installed")
    spec = models.find("hemlets-edge")
    net = stirred(nets.build("hemlets-edge", growth=8))
    file = export.export(net, spec, tmp_path, cards.untrained(8))
    what = ("--model", spec.name, "--weights", file, "--backend", backend)
    how = ("--precision", precision, "--engines", tmp_path / "engines")
    done = CliRunner().invoke(cli, ["build-engine", *map(str, what + how)])
    assert done.exit_code == 0, done.output
    (described,) = (tmp_path / "engines").glob("*.json")
    parity = json.loads(described.read_text())["parity"]
    assert parity["mm_p99"] < 3
    assert parity["crops"] > 5


def test_the_depth_bins_are_the_recipes_and_the_answer_keeps_its_shape():
    net = nets.build("hemlets-edge", 8, bins=16).eval()
    images = torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        volume, _ = net.raw(images)
        assert volume.shape == (1, 18 * 16, 32, 32)
        assert net(images)[0].shape == (1, 17, 7)
    with pytest.raises(BadInput, match="no depth bins; those with a volume: hemlets"):
        nets.build("sspnet", 8, bins=16)
