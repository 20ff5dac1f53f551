"""An accuracy report as tables: the cuts, peers beside them, single pictures, where errors lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from edge3dpose.reports import recordings
from edge3dpose.reports.accuracy_rows import (
    AblationReport,
    AccuracyReport,
    AccuracyRow,
    ErrorAnalysis,
    JointBin,
    PeerAccuracy,
    PeopleBin,
    PoseErrors,
    Trial,
)
from edge3dpose.reports.columns import CUT, FIGURES, Column, Figure, Table, make_table

BINS = 5
FACT_LABELS = {
    "height_px": "extent of the person in the crop, px",
    "elevation_deg": "elevation of the camera, degrees",
    "hidden_share": "share of the joints that are hidden",
    "torso_tilt_deg": "angle of the torso to upright, degrees",
}
PEER_FIGURES = ("mpjpe_mm", "pa_mpjpe_mm", "pck150", "auc")


def print_tables(report: AccuracyReport, console: Console) -> None:
    """Print the cuts and what else was measured."""
    if report.recordings:
        console.print(f"{report.dataset.name}: {report.dataset.protocol}")
        tables = recordings.tables(report)
    else:
        tables = [cuts_table(report)]
    if report.analysis:
        tables += [pictures_table(report.analysis), peers_table(report.analysis)]
    for table in tables:
        table.print_to(console)


def cuts_table(report: AccuracyReport) -> Table:
    """All figures, a row a cut."""

    def value(key: str) -> Callable[[AccuracyRow], float | None]:
        return lambda row: row.figures.get(key)

    keys = dict.fromkeys(key for row in report.cuts for key in row.figures)
    columns: list[Column] = [(CUT, lambda row: row.cut)]
    columns += [(FIGURES.get(key, Figure(key, key, form=".3f")), value(key)) for key in keys]
    return make_table(f"{report.dataset.name}: {report.dataset.protocol}", report.cuts, columns)


def peers_table(analysis: ErrorAnalysis) -> Table:
    """Peers, each on the people that it sees, and our best cut on the same people."""
    rows: list[tuple[str, PeerAccuracy, dict[str, float]]] = []
    for peer in analysis.peers:
        rows.append((peer.name, peer, peer.figures))
        if peer.ours_on_the_same:
            rows.append(("ours, on the same people", peer, peer.ours_on_the_same))

    def value(key: str) -> Callable[[Any], float | None]:
        return lambda row: row[2].get(key)

    columns: list[Column] = [
        ("network", lambda row: row[0]),
        ("people seen", lambda row: f"{row[1].seen} of {row[1].people}"),
        *((key, value(key)) for key in PEER_FIGURES),
    ]
    title = f"peers beside cut {analysis.best_cut}"
    return make_table(title, rows, columns, mark_best=False)


def pictures_table(analysis: ErrorAnalysis) -> Table:
    """A few pictures one by one: our errors, each peer's, and our root depth."""
    pictures = analysis.one_by_one or ()

    def of_peer(peer: PeerAccuracy) -> Callable[[int], str]:
        errors = peer.one_by_one or ()
        return lambda n: _both(errors[n])  # by place: names may be the same, or empty

    columns: list[Column] = [
        ("picture", lambda n: pictures[n].name),
        (Figure("", "ours, MPJPE / PA-MPJPE", "mm"), lambda n: _both(pictures[n])),
        *(
            (Figure("", f"{peer.name}, MPJPE / PA-MPJPE", "mm"), of_peer(peer))
            for peer in analysis.peers
            if peer.one_by_one
        ),
        (Figure("", "root depth", "mm", ".0f"), lambda n: pictures[n].root_depth_mm),
        (Figure("", "root depth error", "mm", "+.0f"), lambda n: pictures[n].root_depth_error_mm),
    ]
    title = f"picture by picture, cut {analysis.best_cut}"
    return make_table(title, range(len(pictures)), columns)


def bins_table(analysis: ErrorAnalysis) -> Table:
    """Mean error in fifths of the people or joints, a row a fact."""
    rows: list[tuple[str, Sequence[PeopleBin | JointBin]]] = [
        (FACT_LABELS.get(fact, fact), bins) for fact, bins in analysis.by_fact.items()
    ]
    rows.append(("score of a joint", analysis.by_score))
    if analysis.by_depth_std:
        rows.append(
            ("standard deviation of a joint's depth; error in depth", analysis.by_depth_std)
        )

    def value(n: int) -> Callable[[Any], str | None]:
        return lambda row: _bin(row[1][n]) if n < len(row[1]) else None

    columns: list[Column] = [("fifths by", lambda row: row[0])]
    columns += [(Figure("", ("lowest", "2nd", "3rd", "4th", "highest")[n]), value(n))
                for n in range(BINS)]  # fmt: skip
    return make_table(f"mean error by fifths, cut {analysis.best_cut}", rows, columns)


def analysis_notes(analysis: ErrorAnalysis) -> list[str]:
    """Root depth, bone lengths and single joints in a sentence each."""
    notes = []
    if analysis.root_depth_error:
        shares = (f"{name} {share:.1%}" for name, share in analysis.root_depth_error.items())
        notes.append(f"Median error of the root depth: {', '.join(shares)}.")
    if filtered := analysis.with_bone_lengths:
        notes.append(
            f"With `run --bones` (depths are moved until bones have their lengths): "
            f"{filtered['mpjpe_mm']:.1f} mm MPJPE, {filtered['pa_mpjpe_mm']:.1f} mm PA-MPJPE."
        )
    joints = sorted(analysis.by_joint_mm.items(), key=lambda item: -item[1])
    return [*notes, f"By joint, mm: {', '.join(f'{name} {mm:.0f}' for name, mm in joints)}."]


def protocol(report: AccuracyReport) -> str:
    """How the report was measured, in words."""
    text, facts = report.dataset.protocol, report.dataset.facts
    if "seeds" in facts:
        first, last = facts["seeds"]
        text += f"; {last - first} people"
    if facts.get("looks") == 2:
        text += "; people who lean are inferred again in a crop turned upright"
    return text


def trials_table(report: AblationReport) -> Table:
    """The trials of an ablation, each with all of its figures."""

    def value(name: str) -> Callable[[Trial], float | None]:
        return lambda trial: trial.figures.get(name)

    names = dict.fromkeys(name for trial in report.trials for name in trial.figures)
    columns: list[Column] = [
        ("trial", lambda trial: trial.name),
        (Figure("", "samples", form="d"), lambda trial: trial.samples),
        *((Figure(name, name, form=".3g"), value(name)) for name in names),
    ]
    return make_table("trials", report.trials, columns)


def _bin(one: PeopleBin | JointBin) -> str:
    error = one.mpjpe_mm if isinstance(one, PeopleBin) else one.error_mm
    return "" if error is None else f"{error:.0f} mm (to {one.highest:.3g})"


def _both(errors: PoseErrors | None) -> str:
    if errors is None:
        return "not seen"
    both = (errors.mpjpe_mm, errors.pa_mpjpe_mm)
    return " / ".join("-" if mm is None else f"{mm:.0f}" for mm in both)
