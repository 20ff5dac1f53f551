"""Processes that train one network together: torchrun starts them, torch's DDP joins them."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from edge3dpose.training.nets.posenet import PoseNet


@dataclass(frozen=True)
class DistributedContext:
    """This process among those of a training; alone it is a team of one."""

    rank: int = 0
    size: int = 1
    here: int = 1  # processes on this machine

    @property
    def leads(self) -> bool:
        """The first one writes the log and the checkpoints, and its clock is everyone's."""
        return self.rank == 0

    def agreed(self, *values: float) -> list[float]:
        """What the first process says of these values."""
        if self.size == 1:
            return list(values)
        said = torch.tensor(values, dtype=torch.float64)
        distributed.broadcast(said, 0)
        return said.tolist()


ALONE = DistributedContext()


def join() -> DistributedContext:
    """The team that torchrun's environment names; a team of one without it."""
    if "RANK" not in os.environ:
        return ALONE
    if not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        gpus = torch.cuda.is_available() and distributed.is_nccl_available()
        distributed.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return DistributedContext(distributed.get_rank(), distributed.get_world_size(), here)


def leave(team: DistributedContext) -> None:
    """Wait for the others, and part."""
    if team.size > 1:
        distributed.barrier()
        distributed.destroy_process_group()


class Pass(nn.Module):
    """What a step asks of the network: pictures -> what its loss needs of the first heads."""

    def __init__(self, net: PoseNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor, begun: bool, depth: int) -> list[Tensor]:
        return self.net.raw(images, begun=begun, depth=depth)


def passing(net: PoseNet, team: DistributedContext) -> nn.Module:
    """The pass whose gradients are the team's mean; made anew where other layers are to learn.

    Not every step trains every head, so DDP has to look for those that were left out.
    """
    alone = Pass(net)
    if team.size == 1:
        return alone
    return nn.parallel.DistributedDataParallel(alone, find_unused_parameters=True)
