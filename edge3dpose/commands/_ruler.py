"""People with exact joints -> the errors of the cuts, where they live, and those of peers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge3dpose.bench import accuracy, breakdown, peers
from edge3dpose.bench.peers import Peer
from edge3dpose.bench.poses import AllCuts, Person, look
from edge3dpose.types import ModelSpec

BATCH = 8  # people looked at in one call


def measured(
    network: AllCuts,
    people: Iterable[Person],
    spec: ModelSpec,
    cuts: list[int],
    against: tuple[Path, ...],
) -> tuple[list[dict], dict[str, Any]]:
    """A row of errors a cut; and of the best of them what a report tells besides."""
    rivals = [Peer(file) for file in against]
    poses = look(network, peers.shown_to(people, rivals), spec, batch=BATCH)
    root = spec.skeleton.root
    rows = [asdict(error) for error in accuracy.errors_by_cut(poses, cuts, root=root)]
    best = min(range(len(rows)), key=lambda row: rows[row]["mpjpe_mm"])
    details: dict[str, Any] = {
        "best_cut": cuts[best],
        "by_fact": breakdown.by_fact(poses, best, root=root),
        "by_joint_mm": breakdown.by_joint(poses, best, spec.skeleton.joints, root=root),
        "by_score": breakdown.by_score(poses, best, root=root),
    }
    if rivals:
        details["peers_protocol"] = peers.PROTOCOL
        details["peers"] = [rival.scored(poses, best, root=root) for rival in rivals]
    return rows, details
