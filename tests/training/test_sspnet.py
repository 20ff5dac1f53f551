"""SSP-Net against the paper: sizes, order of the blocks, exact savings, the reference decode."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from torch import nn
from torch.nn import functional as F

from edge3dpose.training import nets
from edge3dpose.training.nets.sspnet import (
    Decode,
    PredictionBlock,
    SeparableResidual,
    stages,
)


def randomise(module: nn.Module) -> nn.Module:
    """Batch norms that do something, so that a wrong order shows."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias)
            nn.init.normal_(part.running_mean)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
    return module.eval()


def test_the_full_network_has_the_published_number_of_parameters():
    net = nets.build("sspnet")
    assert sum(p.numel() for p in net.entry.parameters()) == 1_311_584
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(21.736e6, abs=1e3)


def test_blocks_run_down_and_up_in_the_papers_order():
    order = [(pyramid, level) for pyramid, level, _ in stages()]
    assert len(order) == 24
    assert order[:6] == [(1, 1), (1, 2), (1, 3), (2, 2), (2, 1), (2, 0)]
    assert order[10] == (4, 1)  # the paper's 55.5 mm at 200 FPS
    assert order[-1] == (8, 0)


def test_upsampling_after_the_pointwise_work_changes_no_number():
    unit = randomise(SeparableResidual(48, 32, upsample=True))
    x = torch.randn(2, 48, 8, 8)
    raised = F.interpolate(x, scale_factor=2.0)
    active = F.relu(unit.norm(raised))
    literal = unit.conv(active) + unit.shortcut(active)
    torch.testing.assert_close(unit(x), literal, rtol=0, atol=1e-5)


def test_fused_heads_equal_the_five_convolutions_of_the_paper():
    joints, channels = 17, 32
    block = randomise(PredictionBlock(channels, joints))
    x = torch.randn(2, channels, 16, 16)
    a, b, q = block.features(x)
    w_heat, w_depth, w_forward = block.heads.weight.split(joints)
    heat, depth, forward = (F.conv2d(q, w) for w in (w_heat, w_depth, w_forward))
    r_heat, r_depth, r_forward = block.reinject.weight.split(joints, dim=1)
    pair = torch.cat([F.relu(forward), F.relu(heat)], dim=1)
    literal = a + b + F.conv2d(pair, torch.cat([r_forward, r_heat], dim=1))
    literal = literal + F.conv2d(depth, r_depth)
    out, logits = block(x)
    torch.testing.assert_close(out, literal, rtol=0, atol=1e-4)
    torch.testing.assert_close(logits, torch.cat([heat, depth], 1), rtol=0, atol=1e-5)
    torch.testing.assert_close(block.exit_logits(x), logits, rtol=0, atol=1e-5)


def test_a_cut_is_a_prefix_of_the_network():
    net = randomise(nets.build("sspnet-lite", growth=8))
    images = torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        every = net(images)
        for cut in (1, 3, 11, 24):
            (alone,) = net(images, [cut])
            torch.testing.assert_close(alone, every[cut - 1], rtol=0, atol=1e-5)


def test_decode_finds_a_hot_cell_and_its_depth():
    heat, depth = torch.zeros(1, 1, 16, 16), torch.full((1, 1, 16, 16), -9.0)
    heat[0, 0, 3, 12] = 60.0
    depth[0, 0, 3, 12] = 1.0
    u, v, z, score = Decode()(torch.cat([heat, depth], 1))[0, 0].tolist()
    assert (u, v) == (pytest.approx(12 / 15), pytest.approx(3 / 15))
    assert z == pytest.approx(1 / (1 + np.exp(-1.0)), abs=1e-5)
    assert score == pytest.approx(1.0, abs=1e-5)


def test_decode_equals_the_plain_numpy_reference():
    from edge3dpose.decode import soft_argmax

    logits = torch.randn(2, 34, 8, 8) * 3
    expected = soft_argmax(logits[:, :17].numpy(), logits[:, 17:].numpy())
    np.testing.assert_allclose(Decode()(logits).numpy(), expected, atol=1e-5)


def test_both_ends_of_the_crop_can_be_reached():
    heat = torch.zeros(1, 2, 4, 4)
    heat[0, 0, 0, 0] = heat[0, 1, 3, 3] = 60.0
    found = Decode()(torch.cat([heat, heat], 1))[0]
    torch.testing.assert_close(found[0, :2], torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(found[1, :2], torch.ones(2), atol=1e-5, rtol=0)


def test_the_quick_depthwise_gradient_equals_torchs_own():
    from edge3dpose.training.layers.depthwise import Depthwise5x5, _compiled

    if _compiled() is None:
        pytest.skip("no C++ compiler on this machine")
    torch.manual_seed(0)
    conv = Depthwise5x5(24)
    x = torch.randn(3, 24, 12, 9).to(memory_format=torch.channels_last).requires_grad_()
    grads = {}
    for way in ("quick", "torch's own", "exact"):
        conv.train(way == "quick").zero_grad()  # eval takes torch's own path
        x.grad = None
        with torch.autocast("cpu", torch.bfloat16, enabled=way != "exact"):
            out = conv(x)
        out.backward(torch.linspace(-1, 1, out.numel()).view_as(out).to(out.dtype))
        grads[way] = (conv.weight.grad.clone(), x.grad.clone())
    for quick, own, exact in zip(*grads.values(), strict=True):
        scale = exact.abs().max()
        assert (quick - exact).abs().max() < 0.02 * scale
        assert (quick - exact).abs().mean() < 1.5 * (own - exact).abs().mean() + 1e-4 * scale


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_a_frozen_depthwise_layer_passes_on_torchs_own_gradient(kernel, stride):
    from edge3dpose.training.layers.depthwise import FrozenDepthwise

    conv = FrozenDepthwise(24, kernel, stride)
    x = torch.randn(3, 24, 12, 8).to(memory_format=torch.channels_last).requires_grad_()
    seen = []
    for frozen in (True, False):  # not frozen: torch's own path
        conv.requires_grad_(not frozen)
        x.grad = None
        with torch.autocast("cpu", torch.bfloat16):
            out = conv(x)
        out.backward(torch.linspace(-1, 1, out.numel()).view_as(out).to(out.dtype))
        seen.append((out.detach(), x.grad.clone()))
    torch.testing.assert_close(seen[0][0], seen[1][0], rtol=2e-2, atol=2e-2)
    torch.testing.assert_close(seen[0][1], seen[1][1], rtol=2e-2, atol=2e-2)
