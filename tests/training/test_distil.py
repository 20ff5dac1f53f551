"""An entry flow learns to find alike what a trained encoder does."""

import pytest
import torch

from edge3dpose import models
from edge3dpose.training.distil import SIDE, Likeness, likeness
from edge3dpose.training.nets.blazepose import BlazePoseEncoder
from edge3dpose.training.nets.entry import PaperEntry
from edge3dpose.training.nets.sspnet import SSPNet

SPEC = models.find("sspnet")


def test_likeness_is_of_places_and_knows_no_axes():
    torch.manual_seed(0)
    maps = torch.randn(2, 5, 32, 32)
    found = likeness(maps)
    assert found.shape == (2 * SIDE**2,) * 2
    torch.testing.assert_close(found.diagonal(), torch.ones(len(found)))
    turned = torch.einsum("dc,bchw->bdhw", torch.linalg.qr(torch.randn(5, 5))[0], maps)
    torch.testing.assert_close(likeness(3 * turned + 1), found, atol=1e-4, rtol=0)
    assert (likeness(maps.flip(2)) - found).abs().mean() > 0.1


@pytest.fixture
def learner():
    torch.manual_seed(0)
    net = SSPNet(PaperEntry(8), 8).train()
    return net, Likeness(net, BlazePoseEncoder(), SPEC)


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
    with pytest.raises(AssertionError, match="no pictures"):
        teacher.loss(torch.zeros(1, 3, 64, 64))
