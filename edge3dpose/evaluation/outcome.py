"""What an evaluation came to: table, report, card, and whether a bar was met."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from edge3dpose import machine, models, storage
from edge3dpose.errors import AccuracyGateFailed, BadInput
from edge3dpose.reports.tables import both_errors
from edge3dpose.types import Weights

_COLUMNS = {
    "cut": ("cut", "{}"),
    "mpjpe_mm": ("MPJPE mm", "{:.1f}"),
    "mpjpe16_mm": ("16 joints mm", "{:.1f}"),
    "pa_mpjpe_mm": ("PA mm", "{:.1f}"),
    "pck150": ("PCK@150", "{:.3f}"),
    "auc": ("AUC", "{:.3f}"),
    "mpjpe_all_joints_mm": ("all joints mm", "{:.1f}"),
    "mpjpe_own_depth_mm": ("own depth mm", "{:.1f}"),
    "root_depth_error_mm": ("root depth mm", "{:.0f}"),
    "root_depth_error": ("of it", "{:.3f}"),
    "pck50": ("PCK@0.5", "{:.3f}"),
    "pck20": ("PCK@0.2", "{:.3f}"),
    "median_torsos": ("median torsos", "{:.3f}"),
}

_BESIDE_PEERS = ("mpjpe_mm", "pa_mpjpe_mm", "pck150", "auc")

# Data sets whose figures stand in a card beside the main ones, and the names that they go by there.
_BESIDE = {"photos": "photos_", "synthetic-mocap": "mocap_"}


def table(facts: dict, rows: list[dict]) -> Table:
    """The figures as people read them, a row a cut."""
    shown = Table(title=f"{facts['name']}: {facts['protocol']}")
    for column in rows[0]:
        shown.add_column(_COLUMNS[column][0], justify="right")
    for row in rows:
        shown.add_row(*(_COLUMNS[name][1].format(value) for name, value in row.items()))
    return shown


def pictures_table(details: dict) -> Table:
    """A few pictures one by one: ours and MediaPipe's MPJPE and PA, and our root depth."""
    peers = [peer for peer in details.get("peers", []) if "one_by_one" in peer]
    shown = Table(title=f"picture by picture, cut {details['best_cut']}: MPJPE / PA mm")
    shown.add_column("picture")
    for title in ("ours", *(peer["name"] for peer in peers), "root depth mm", "off by"):
        shown.add_column(title, justify="right")
    for n, row in enumerate(details["one_by_one"]):
        both = (both_errors(row), *(both_errors(peer["one_by_one"][n]) for peer in peers))
        depths = (f"{row['root_depth_mm']:.0f}", f"{row['root_depth_error_mm']:+.0f}")
        shown.add_row(row["name"], *both, *depths)
    return shown


def peers_table(details: dict) -> Table:
    """MediaPipe beside us, for reading."""
    shown = Table(title=f"on the people whom each peer sees, beside cut {details['best_cut']}")
    for title in ("", "seen", *(_COLUMNS[name][0] for name in _BESIDE_PEERS)):
        shown.add_column(title, justify="right")
    for peer in details["peers"]:
        seen = f"{peer['seen']} of {peer['people']}"
        if not peer["seen"]:
            shown.add_row(peer["name"], seen)
            continue
        both = (peer["name"], peer), ("ours", peer["ours_on_the_same"])
        for name, row in both:
            said = (_COLUMNS[key][1].format(row[key]) for key in _BESIDE_PEERS)
            shown.add_row(name, seen, *said)
    return shown


def store(
    weights: Weights,
    facts: dict,
    rows: list[dict],
    details: dict,
    *,
    file: Path | None,
    plot: Path | None,
    write_card: bool,
) -> None:
    """Write the figures where they were asked for: a report, the model's card."""
    figures = [{name: round(value, 4) for name, value in row.items()} for row in rows]
    content = machine.report_header("accuracy") | {
        "model": weights.spec.name,
        "weights_sha256": weights.sha256,
        "state": weights.card.get("state"),
        "dataset": facts,
        "cuts": figures,
    }
    content |= _rounded(details)
    if file is not None:
        storage.save_json(file, content)
        click.echo(f"wrote {file}")
    if plot is not None:
        from edge3dpose.reports import error_plot as breakdown_plot

        breakdown_plot.plot(content, plot)
        click.echo(f"wrote {plot}")
    if write_card:
        card = models.read_card(weights.onnx)
        before = _BESIDE.get(facts["name"], "")
        for row in figures:
            kept = card.setdefault("cuts", {}).setdefault(str(row["cut"]), {})
            kept.update({before + name: value for name, value in row.items() if name != "cut"})
        card.setdefault("evaluated", {})[facts["name"]] = facts
        models.write_card(weights.onnx, card)
        click.echo(f"wrote {weights.onnx.with_suffix('.json')}")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


def judge(rows: list[dict], require_mpjpe_mm: float | None, require_pck: float | None) -> None:
    """AccuracyGateFailed where a bar that was asked for is missed."""
    if require_mpjpe_mm is not None:
        best = _best(rows, "mpjpe_mm", min, "--require-mpjpe-mm")
        if not best["mpjpe_mm"] <= require_mpjpe_mm:
            raise AccuracyGateFailed(
                f"the best cut, {best['cut']}, has MPJPE {best['mpjpe_mm']:.1f} mm; "
                f"wanted {require_mpjpe_mm:g} mm or less"
            )
        if rows[0]["cut"] == 1 and len(rows) > 1 and best["cut"] == 1:
            raise AccuracyGateFailed("no later cut is better than cut 1")
    if require_pck is not None:
        best = _best(rows, "pck50", max, "--require-pck")
        if not best["pck50"] >= require_pck:
            raise AccuracyGateFailed(
                f"the best cut, {best['cut']}, has PCK@0.5 {best['pck50']:.3f}; "
                f"wanted {require_pck:g} or more"
            )


def _best(rows: list[dict], figure: str, better: Callable, option: str) -> dict:
    if figure not in rows[0]:
        raise BadInput(f"{option} asks for a figure that this data set does not give: {figure}")
    return better(rows, key=lambda row: row[figure])
