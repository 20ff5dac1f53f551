"""Processes that train one network together: torchrun starts them, torch's DDP joins them."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed
from torch import Tensor, nn

from edge3dpose.training.nets import PoseNet


@dataclass(frozen=True)
class DistributedContext:
    """This process among those of a training."""

    rank: int = 0
    size: int = 1
    local_size: int = 1  # processes on this machine

    @property
    def is_main(self) -> bool:
        """The first process writes the log and the checkpoints; its clock counts for all."""
        return self.rank == 0

    def from_main(self, *values: float) -> list[float]:
        """These values as the first process has them."""
        if self.size == 1:
            return list(values)
        shared = torch.tensor(values, dtype=torch.float64)
        torch.distributed.broadcast(shared, 0)
        return shared.tolist()


SINGLE = DistributedContext()


def join() -> DistributedContext:
    """Join the processes that torchrun's environment names; without it there is one."""
    if "RANK" not in os.environ:
        return SINGLE
    if not torch.distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        gpus = torch.cuda.is_available() and torch.distributed.is_nccl_available()
        torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo")
    local_size = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    rank, size = torch.distributed.get_rank(), torch.distributed.get_world_size()
    return DistributedContext(rank, size, local_size)


def leave(distributed: DistributedContext) -> None:
    """Wait for the other processes and leave the group."""
    if distributed.size > 1:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


class ForwardPass(nn.Module):
    """images -> what the loss takes of the first heads; a module of its own, for DDP to wrap."""

    def __init__(self, net: PoseNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor, cached: bool, depth: int) -> list[Tensor]:
        return self.net.raw(images, cached=cached, depth=depth)


def forward_pass(net: PoseNet, distributed: DistributedContext) -> nn.Module:
    """The forward pass whose gradients are averaged over the processes.

    It is made again when other layers are to be trained. Not every step trains every head, so DDP
    has to look for parameters without a gradient.
    """
    local = ForwardPass(net)
    if distributed.size == 1:
        return local
    return nn.parallel.DistributedDataParallel(local, find_unused_parameters=True)
