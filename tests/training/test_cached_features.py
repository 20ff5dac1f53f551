"""What the render workers pass on is what the network's own frozen layers would have made."""

import time
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from edge3dpose import models
from edge3dpose.training import loop, nets, state
from edge3dpose.training.checkpoint import Progress
from edge3dpose.training.data import replay_pool
from edge3dpose.training.data.batches import Batch, targets_from, tensor_from_bgr
from edge3dpose.training.data.cached_features import CachedFeatures

SPEC = models.find("sspnet-lite")


class OnePicture:
    """A data set of one picture, for ever."""

    first = 0

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.image = random.integers(0, 256, (256, 256, 3)).astype(np.uint8)
        self.uvz = random.uniform(0.1, 0.9, (17, 3)).astype(np.float32)

    def __iter__(self):
        while True:
            yield self.image, self.uvz, np.ones(17, bool)


def test_cached_features_are_the_same_of_a_picture_or_of_its_mirror_image():
    torch.manual_seed(0)
    net, one = nets.build("sspnet-lite", growth=8).eval(), OnePicture()
    upright = torch.from_numpy(one.image)[None]
    stream, mirrored_seen = iter(CachedFeatures(one, net.entry.encoder, SPEC)), set()
    for _ in range(8):
        features, uvz, _ = next(stream)
        flipped = not torch.equal(uvz, torch.from_numpy(one.uvz))
        mirrored_seen.add(flipped)
        picture = tensor_from_bgr(upright.flip(2) if flipped else upright, SPEC)
        with torch.no_grad():
            ours = net.entry.encoder.shallow(picture)[0].permute(1, 2, 0)
        assert torch.allclose(features.float(), ours, atol=0.03 * float(ours.abs().max()))
    assert mirrored_seen == {True, False}


def test_a_pool_gives_features_as_the_network_goes_on_from_them():
    net, one = nets.build("sspnet-lite", growth=8), OnePicture()
    stream = iter(CachedFeatures(one, net.entry.encoder, SPEC))
    renders = [tuple(t[None] for t in next(stream)) for _ in range(4)]
    pool = replay_pool.ReplayPool(iter(renders), SPEC, capacity=4)
    batch = next(pool.batches(2, Progress()))
    assert batch.cached
    with torch.autocast("cpu", torch.bfloat16):
        assert len(net.entry.from_cached(batch.images)) == 3


@pytest.mark.parametrize("bf16", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_step_learns_from_cached_features_in_either_precision(bf16):
    torch.manual_seed(0)
    recipe = replace(nets.recipe_of("sspnet-lite"), growth=8, warmup=0.0, short_cuts=1, bf16=bf16)
    training = state.start(recipe, nets.build("sspnet-lite", growth=8), torch.device("cpu"))
    stream = iter(CachedFeatures(OnePicture(), training.net.entry.encoder, SPEC, bf16=bf16))
    features, labels, inside = next(stream)
    assert features.dtype == torch.bfloat16
    targets = targets_from(labels[None], inside[None])
    before = training.net.blocks[0].heads.weight.detach().clone()
    losses = loop.step(training, Batch(features[None].permute(0, 3, 1, 2), targets, True), 0.1)
    assert torch.isfinite(losses).all()
    assert not torch.equal(before, training.net.blocks[0].heads.weight)


def test_workers_rest_while_a_pool_has_not_been_drawn_from_often_enough(monkeypatch):
    monkeypatch.setattr(replay_pool, "FILL", 4)
    pulled = []

    def renders():
        while True:
            pulled.append(1)
            time.sleep(0.001)
            yield (
                torch.zeros(1, 4, 4, 3, dtype=torch.uint8),
                torch.zeros(1, 17, 3),
                torch.ones(1, 17).bool(),
            )

    pool = replay_pool.ReplayPool(renders(), SPEC, capacity=16, draws=4)
    source = pool.batches(8, Progress())
    next(source)
    time.sleep(0.3)
    assert len(pulled) == 4 + 8 // 4 + 2  # one lies in the ring too early, one waits
    for _ in range(4):
        next(source)
    time.sleep(0.3)
    assert len(pulled) == 4 + 40 // 4 + 2
