"""Feature distillation: an entry flow learns the feature similarities of a trained encoder."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from edge3dpose import models
from edge3dpose.errors import BadInput
from edge3dpose.training import initial_network, loop, nets, state
from edge3dpose.training.data import batches
from edge3dpose.training.data.batches import Batch
from edge3dpose.training.feature_distillation import SIDE, FeatureDistillation, similarities
from edge3dpose.training.layers.blazepose_encoder import BlazePoseEncoder
from edge3dpose.training.layers.paper_entry import PaperEntry
from edge3dpose.training.nets import build
from edge3dpose.training.nets.sspnet import SSPNet

SPEC = models.find("sspnet")


def test_similarities_are_of_places_and_do_not_depend_on_the_axes():
    torch.manual_seed(0)
    maps = torch.randn(2, 5, 32, 32)
    found = similarities(maps)
    assert found.shape == (2 * SIDE**2,) * 2
    torch.testing.assert_close(found.diagonal(), torch.ones(len(found)))
    turned = torch.einsum("dc,bchw->bdhw", torch.linalg.qr(torch.randn(5, 5))[0], maps)
    torch.testing.assert_close(similarities(3 * turned + 1), found, atol=1e-4, rtol=0)
    assert (similarities(maps.flip(2)) - found).abs().mean() > 0.1


@pytest.fixture
def learner():
    torch.manual_seed(0)
    net = SSPNet(PaperEntry(8), 8).train()
    return net, FeatureDistillation(net, BlazePoseEncoder(), SPEC)


def test_an_entry_flow_becomes_like_its_teacher_and_the_teacher_stays(learner):
    net, teacher = learner
    before = [value.clone() for value in teacher.teacher.state_dict().values()]
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    optimiser = torch.optim.Adam(net.entry.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        net.entry(images)
        loss = teacher.loss(images)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    after = teacher.teacher.state_dict().values()
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_pictures_that_were_only_looked_at_are_not_learned_from(learner):
    net, teacher = learner
    net.eval()
    net.entry(torch.zeros(1, 3, 64, 64))
    with pytest.raises(AssertionError, match="no images"):
        teacher.loss(torch.zeros(1, 3, 64, 64))


def test_a_step_of_training_follows_the_teacher_as_far_as_the_recipe_says():
    def after_a_step(weight: float) -> torch.Tensor:
        torch.manual_seed(0)
        net = SSPNet(PaperEntry(8), 8)
        recipe = replace(
            nets.recipe_of("sspnet"),
            growth=8,
            warmup=0.0,
            feature_distillation=weight,
            bf16=False,
        )
        training = state.start(recipe, net, torch.device("cpu"))
        training.distillation = FeatureDistillation(net, BlazePoseEncoder(), SPEC)
        images = torch.rand(2, 3, 256, 256) * 2 - 1
        labels = torch.full((2, 17, 3), 0.5), torch.ones(2, 17, dtype=torch.bool)
        loop.step(training, Batch(images, batches.targets_from(*labels)), 0.0)
        return net.entry.layers[0].weight.detach()

    alone, taught = after_a_step(0.0), after_a_step(100.0)
    assert not torch.equal(alone, taught)


def test_who_has_no_teacher_or_needs_none_is_told(tmp_path):
    paper, own = (build(name, 8) for name in ("sspnet", "sspnet-lite"))
    with pytest.raises(BadInput, match="pass --encoder"):
        initial_network.distillation(paper, None, SPEC)
    with pytest.raises(BadInput, match="nothing to distil"):
        initial_network.distillation(own, tmp_path / "full.onnx", models.find("sspnet-lite"))
    with pytest.raises(BadInput, match="no such encoder"):
        initial_network.load_encoder(paper, tmp_path / "full.onnx")
