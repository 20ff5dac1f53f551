"""People with exact joints -> the errors of the cuts, where they live, and those of peers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import paths
from edge3dpose.evaluation import accuracy, peers
from edge3dpose.evaluation import error_analysis as breakdown
from edge3dpose.evaluation.peers import Peer
from edge3dpose.evaluation.predictions import AllCuts, Person, look
from edge3dpose.types import Array, Box, Image, ModelSpec

BATCH = 8  # people looked at in one call


def open_peer(file: Path) -> Peer:
    """One of MediaPipe's landmark networks, its world landmarks mapped to our joints."""
    from edge3dpose.training.teacher import blazepose, convention

    teacher, ours = blazepose.open_teacher(file), convention.load()

    def see(image: Image) -> Array | None:
        height, width = image.shape[:2]
        seen = blazepose.landmarks_in_box(teacher, image, Box(0, 0, width, height))
        return None if seen is None else (ours @ seen.world_mm).astype(np.float32)

    return Peer(file.stem, paths.sha256_of(file), see)


def measured(
    network: AllCuts,
    people: Iterable[Person],
    spec: ModelSpec,
    cuts: list[int],
    against: tuple[Path, ...],
    looks: int,
) -> tuple[list[dict], dict[str, Any]]:
    """A row of errors a cut; and of the best of them what a report tells besides."""
    rivals = [open_peer(file) for file in against]
    poses = look(network, peers.shown_to(people, rivals), spec, batch=BATCH, looks=looks)
    root = spec.skeleton.root
    rows = [asdict(error) for error in accuracy.errors_by_cut(poses, cuts, root=root)]
    best = min(range(len(rows)), key=lambda row: rows[row]["mpjpe_mm"])
    details: dict[str, Any] = {
        "best_cut": cuts[best],
        "with_bone_lengths": breakdown.with_bone_lengths(poses, best, root=root),
        "by_fact": breakdown.by_fact(poses, best, root=root),
        "by_joint_mm": breakdown.by_joint(poses, best, spec.skeleton.joints, root=root),
        "root_depth_error": breakdown.by_way_to_depth(poses, best, root=root),
        "by_score": breakdown.by_score(poses, best, root=root),
        "by_depth_std": breakdown.by_depth_std(poses, best, root=root),
    }
    if len(poses.names) <= peers.FEW:
        details["one_by_one"] = breakdown.one_by_one(poses, best, root=root)
    if rivals:
        details["peers_protocol"] = peers.PROTOCOL
        details["peers"] = [rival.scored(poses, best, root=root) for rival in rivals]
    return rows, details
