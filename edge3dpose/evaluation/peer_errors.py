"""Accuracy reports -> the errors of peers' models by the hash of the model file."""

from __future__ import annotations

from typing import Any

FEWEST = 100  # people, below which a data set is a check of its reader and no measure

_KEPT = ("mpjpe_mm", "pa_mpjpe_mm", "pck150")


def errors_by_model(reports: dict[str, dict], weights_sha256: str) -> dict[str, dict[str, Any]]:
    """sha256 -> data set -> figures of the peer, people and seen, and `ours` on those it saw.

    reports         by file name, as bench.render reads them
    weights_sha256  ours: what reports say of other weights is left out
    """
    found: dict[str, dict[str, Any]] = {}
    for file, report in reports.items():
        for peer in report.get("peers", []) if _is_accuracy(report) else []:
            if peer["people"] < FEWEST or "mpjpe_mm" not in peer:  # where it saw nobody
                continue
            said = {name: peer[name] for name in (*_KEPT, "people", "seen")}
            if report["weights_sha256"] == weights_sha256:
                ours = peer["ours_on_the_same"]
                said["ours"] = {name: ours[name] for name in _KEPT} | {"cut": report["best_cut"]}
            said["report"] = file
            found.setdefault(peer["sha256"], {})[report["dataset"]["name"]] = said
    return found


def _is_accuracy(report: dict) -> bool:
    return str(report.get("schema")).startswith("edge3dpose.accuracy/")
